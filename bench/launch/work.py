"""One cohort in this process: device, threads, checkpoint, records. The same for inline and for Ray's workers."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from bench.errors import BenchError
from bench.execute import Workplace, crashed, run_cohort
from bench.launch.events import Emit, Finished, Started, Stepped
from bench.launch.plan import CohortPlan
from bench.results import RunStore
from bench.spec import ResourceSettings

MAX_ATTEMPTS = 3
_STEP_EVENT_SECONDS = 1.0


@dataclass(frozen=True)
class WorkOptions:
    """How to work; nothing here changes a result.

    Attributes:
        checkpoint_seconds: least time between two checkpoints of a cohort.
        keep_weights: whether trained models' weights are kept beside the runs' files.
        count_attempts: whether to give a cohort up that has killed its process `MAX_ATTEMPTS` times.
    """

    checkpoint_seconds: float = 30.0
    keep_weights: bool = True
    count_attempts: bool = False


def work(plan: CohortPlan, store: RunStore, options: WorkOptions, emit: Emit) -> None:
    """Execute the cohort and put its records in place; only then are they reported.

    One that adds to records leaves those as they are that it could not add to.
    """
    device = device_for(plan.resources)
    if options.count_attempts and _attempt(plan, store) > MAX_ATTEMPTS:
        for record in crashed(plan.specs, plan.wanted, MAX_ATTEMPTS, device):
            if not plan.amends:
                store.write(record)
            emit(Finished(plan, record))
        return
    emit(Started(plan))
    checkpoint = store.checkpoints / f"{plan.cohort_id}.pt"
    last = time.monotonic()

    def progress(step: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _STEP_EVENT_SECONDS:
            last = time.monotonic()
            emit(Stepped(plan, step))

    with _threads(plan.resources):
        place = Workplace(device, store, checkpoint, options.checkpoint_seconds, options.keep_weights)
        for record in run_cohort(plan.specs, plan.wanted, place, progress):
            if record.status == "done" or not plan.amends:
                store.write(record)
            emit(Finished(plan, replace(record, samples=None, reference=None, curves=(), weights=None)))
    checkpoint.unlink(missing_ok=True)
    _attempts(plan, store).unlink(missing_ok=True)


def device_for(resources: ResourceSettings) -> torch.device:
    """CUDA where the cohort asks for a share of a GPU, else the CPU.

    Raises:
        BenchError: if a GPU is asked for and there is none.
    """
    if not resources.gpu:
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise BenchError(
            f"resources.gpu: found {resources.gpu:g}, but torch sees no GPU on this machine; "
            "expected 0, or a torch build with CUDA and a visible device; try --set resources.gpu=0"
        )
    return torch.device("cuda")


def clear_attempts(store: RunStore) -> None:
    """Forget earlier attempts: each command starts counting anew."""
    shutil.rmtree(store.root / "attempts", ignore_errors=True)


def _attempt(plan: CohortPlan, store: RunStore) -> int:
    """Count this attempt, in a file that outlives the process."""
    marker = _attempts(plan, store)
    marker.parent.mkdir(parents=True, exist_ok=True)
    with marker.open("a") as file:
        file.write("x")
    return marker.stat().st_size


def _attempts(plan: CohortPlan, store: RunStore) -> Path:
    return store.root / "attempts" / plan.cohort_id


@contextmanager
def _threads(resources: ResourceSettings) -> Iterator[None]:
    """As many threads as cores were asked for: results depend on the number, in the last digits."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, math.floor(resources.cpu)))
    try:
        yield
    finally:
        torch.set_num_threads(before)
