"""One cohort in this process: device, threads, checkpoint, records. The same for inline and for Ray's workers."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import torch

from bench.errors import BenchError
from bench.execute import SPLIT, Gather, Workplace, crashed, labelled, run_cohort
from bench.launch.attempts import MAX_ATTEMPTS, Attempts, BusyError
from bench.launch.events import Emit, Event, Finished, Noted, Started, Stepped
from bench.launch.launcher import Job
from bench.launch.plan import CohortPlan
from bench.results import RunRecord, RunStore
from bench.spec import ResourceSettings
from bench.statuses import Status
from bench.training import ALONE

_STEP_EVENT_SECONDS = 1.0
_LOOK_SECONDS = 1.0  # between two looks at what another command is doing


class UntoldError(BaseException):
    """An event could not be told. No `Exception`: it is no failure of the run in which it happened."""


def work_through(plans: Sequence[CohortPlan], job: Job, emit: Emit, *, over_launches: bool = False) -> None:
    """Execute cohorts one after another; those that another command is at come last, and only if it leaves them.

    Args:
        plans: the cohorts.
        job: the launch that they are of.
        emit: told what happens.
        over_launches: see `work`.
    """
    try:
        _work_through(plans, job, _make_teller(emit), over_launches=over_launches)
    except UntoldError as error:
        raise (error.__cause__ or error) from None


def _make_teller(emit: Emit) -> Emit:
    """Tell events so that one which cannot be told ends the launch, and not the run in which it happened.

    Tune ends a thread that reports to a launch which is over by `SystemExit`.
    """

    def tell(event: Event) -> None:
        try:
            emit(event)
        except (Exception, SystemExit) as error:
            raise UntoldError from error

    return tell


def _work_through(plans: Sequence[CohortPlan], job: Job, emit: Emit, *, over_launches: bool) -> None:
    waiting = list(plans)
    told: set[str] = set()
    while waiting:
        left = []
        for plan in waiting:
            try:
                work(plan, job, emit, over_launches=over_launches)
            except BusyError as busy:
                left.append(plan)
                if plan.cohort_id not in told:
                    told.add(plan.cohort_id)
                    emit(Noted(plan, f"{busy}: left to it; what it does is not done twice"))
        if len(left) == len(waiting):
            time.sleep(_LOOK_SECONDS)
        waiting = left


def work(plan: CohortPlan, job: Job, emit: Emit, *, over_launches: bool = False) -> None:
    """Execute the cohort and put its records in place; only then are they reported.

    What is recorded already is left alone, but for what is to be done again. A cohort that adds to records leaves those
    as they are that it could not add to. One that has killed its process several times is given up: its runs are
    executed one by one, so that only those fail that kill their processes alone as well.

    Args:
        plan: the cohort.
        job: the launch that it is of.
        emit: told what happens.
        over_launches: whether attempts of earlier launches count, since this process is the launch itself.

    Raises:
        BusyError: if another command works on the cohort.
    """
    device, store = device_for(plan.resources), job.store
    checkpoint = store.checkpoint(plan.cohort_id)
    attempts = Attempts(store.attempts(plan.cohort_id), checkpoint, job.launch_id, over_launches)
    given_up = attempts.begin(plan.label, plan.wanted, plan.specs[0].steps)
    recorded = frozenset() if plan.amends else store.finished(plan.wanted) - plan.again
    missing = replace(plan, wanted=plan.wanted - recorded - attempts.done)
    ended: set[Status] = set()
    try:
        for run_id in attempts.untold:
            _tell(plan, store.record(run_id), emit)
        attempts.tell()
        if given_up and len(plan.specs) > 1:
            _work_alone(missing, job, emit, attempts, over_launches=over_launches)
        else:
            for record in _records(missing, job, emit, device, attempts, given_up=given_up):
                _store(record, plan, store)
                attempts.finish(record.run_id)
                ended.add(record.status)
                _tell(plan, record, emit)
    finally:
        attempts.end()
    if Status.TIMEOUT not in ended:  # else `--retry timeout` goes on from there
        checkpoint.remove()


def _work_alone(plan: CohortPlan, job: Job, emit: Emit, attempts: Attempts, *, over_launches: bool) -> None:
    emit(Noted(plan, f"its process died {MAX_ATTEMPTS} times: its {len(plan.wanted)} runs are executed one by one"))
    for part in plan.alone():
        work(part, job, emit, over_launches=over_launches)
        attempts.finish(part.specs[0].run_id)


def _store(record: RunRecord, plan: CohortPlan, store: RunStore) -> None:
    """Put a record in place; one that was there before has been added to already, or could not be."""
    if not plan.amends:
        store.write(record)


def _tell(plan: CohortPlan, record: RunRecord, emit: Emit) -> None:
    emit(Finished(plan, replace(record, samples=None, reference=None, curves=(), weights=None)))


def _records(
    plan: CohortPlan, job: Job, emit: Emit, device: torch.device, attempts: Attempts, *, given_up: bool
) -> Iterator[RunRecord]:
    labels = {SPLIT: str(plan.split_from)} if plan.split_from else {}
    if given_up:
        yield from (labelled(r, labels) for r in crashed(plan.specs, plan.wanted, MAX_ATTEMPTS, device))
        return
    if not plan.wanted:
        return
    emit(Started(plan))
    last = time.monotonic()

    def progress(step: int) -> None:
        nonlocal last
        attempts.advance(step)
        if time.monotonic() - last >= _STEP_EVENT_SECONDS:
            last = time.monotonic()
            emit(Stepped(plan, step))

    def give_up(records: Sequence[RunRecord]) -> None:
        for record in records:
            _store(record, plan, job.store)
            print(f"bench: {record.status.label}: {plan.label}: {record.error}; its process ends", file=sys.stderr)
        attempts.finish_untold(record.run_id for record in records)

    with _threads(plan.resources):
        place = Workplace(
            device,
            job.store,
            attempts.checkpoint,
            job.options.checkpoint_seconds,
            job.options.keep_weights,
            note=lambda text: emit(Noted(plan, text)),
            again=plan.again,
            give_up=give_up,
            gather=_gathering(plan, job.store, device),
        )
        yield from (labelled(r, labels) for r in run_cohort(plan.specs, plan.wanted, place, progress))


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


def _gathering(plan: CohortPlan, store: RunStore, device: torch.device) -> Gather:
    """How a cohort finds who trains it together; one that trains alone needs none of it."""
    if plan.resources.processes == 1:
        return lambda specs: nullcontext(ALONE)
    from bench.launch.data_parallel import gather_ranks

    return lambda specs: gather_ranks(specs, device, store, plan.cohort_id)


@contextmanager
def _threads(resources: ResourceSettings) -> Iterator[None]:
    """As many threads as cores were asked for: results depend on the number, in the last digits."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, math.floor(resources.cpu / resources.processes)))
    try:
        yield
    finally:
        torch.set_num_threads(before)
