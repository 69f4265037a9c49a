"""One cohort in this process: device, threads, checkpoint, records. The same for inline and for Ray's workers."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch

from bench.errors import BenchError
from bench.execute import Workplace, crashed, run_cohort
from bench.launch.events import Emit, Finished, Noted, Started, Stepped
from bench.launch.options import Options
from bench.launch.plan import CohortPlan
from bench.results import RunStore
from bench.spec import ResourceSettings

MAX_ATTEMPTS = 3
"""Times that a cohort may kill its process."""
_STEP_EVENT_SECONDS = 1.0


def work(plan: CohortPlan, store: RunStore, options: Options, emit: Emit) -> None:
    """Execute the cohort and put its records in place; only then are they reported.

    One that adds to records leaves those as they are that it could not add to. One that has killed its process
    `MAX_ATTEMPTS` times is given up: each attempt is counted in a file, which an orderly end removes.
    """
    device = device_for(plan.resources)
    attempts = store.attempts(plan.cohort_id)
    begun = len(attempts.read() or b"") + 1
    attempts.write(b"x" * begun)
    try:
        _attempt(plan, store, options, emit, device, given_up=begun > MAX_ATTEMPTS)
    finally:
        attempts.remove()


def _attempt(
    plan: CohortPlan, store: RunStore, options: Options, emit: Emit, device: torch.device, *, given_up: bool
) -> None:
    if given_up:
        for record in crashed(plan.specs, plan.wanted, MAX_ATTEMPTS, device):
            if not plan.amends:
                store.write(record)
            emit(Finished(plan, record))
        return
    emit(Started(plan))
    checkpoint = store.checkpoint(plan.cohort_id)
    last = time.monotonic()

    def progress(step: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _STEP_EVENT_SECONDS:
            last = time.monotonic()
            emit(Stepped(plan, step))

    with _threads(plan.resources):
        place = Workplace(
            device, store, checkpoint, options.checkpoint_seconds, options.keep_weights,
            note=lambda text: emit(Noted(plan, text)),
        )  # fmt: skip
        for record in run_cohort(plan.specs, plan.wanted, place, progress):
            if record.status == "done" or not plan.amends:
                store.write(record)
            emit(Finished(plan, replace(record, samples=None, reference=None, curves=(), weights=None)))
    checkpoint.remove()


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


@contextmanager
def _threads(resources: ResourceSettings) -> Iterator[None]:
    """As many threads as cores were asked for: results depend on the number, in the last digits."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, math.floor(resources.cpu)))
    try:
        yield
    finally:
        torch.set_num_threads(before)
