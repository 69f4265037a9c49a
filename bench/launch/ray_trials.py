"""Run cohorts as Ray Tune trials, on this machine or on a cluster.

Tune schedules trials, lists of cohorts, in reused actors; it is told nothing of runs. What is done is what has a file,
so an interrupted launch is resumed by planning again, never by restoring Tune's own state.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

import ray
from ray import tune
from ray.exceptions import RayError
from ray.tune.execution.tune_controller import TuneController

from bench.errors import BenchError
from bench.launch.attempts import MAX_ATTEMPTS
from bench.launch.events import Emit, Event, Started
from bench.launch.extensions import pack_work, unpack_work
from bench.launch.launcher import Job
from bench.launch.options import Options
from bench.launch.plan import CohortPlan, pack_trials
from bench.launch.ray_nodes import Expected, checked
from bench.launch.ray_session import connected
from bench.launch.ray_watch import HeadWatch
from bench.launch.work import work_through
from bench.results import RunStore

Trial = tuple[CohortPlan, ...]

_REPORT_SECONDS = 0.5  # after a report, how long a beginning is held back


def launch(job: Job, emit: Emit) -> None:
    """See `bench.launch.ray_launcher.RayLauncher`."""
    for name in ("ray", "ray.tune", "ray.train"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with connected(job.options.address) as cluster:
        slots = _slots(ray.cluster_resources(), job.plans)  # type: ignore[no-untyped-call]
        trials = pack_trials(job.plans, slots, job.estimates)
        if cluster is None:
            _fit(trials, job, emit, None)
            return
        with HeadWatch(cluster).following(), checked(job.store, job.plans) as expected:
            _fit(trials, job, emit, expected)


def _slots(available: Mapping[str, float], plans: Sequence[CohortPlan]) -> int:
    """How many of the largest cohorts run at once.

    Raises:
        BenchError: if one cohort needs more than there is.
    """
    slots = []
    for kind, key in (("CPU", "cpu"), ("GPU", "gpu")):
        needed = max(getattr(plan.resources, key) for plan in plans)
        there = available.get(kind, 0.0)
        if needed > there:
            raise BenchError(
                f"resources.{key}: found {needed:g}, but ray has {there:g} {kind}s; "
                f"expected at most {there:g}; try --set resources.{key}={there:g}"
            )
        if needed:
            slots.append(int(there / needed))
    return max(1, min(slots))


def _fit(trials: Sequence[Trial], job: Job, emit: Emit, expected: Expected | None) -> None:
    """Execute trials; what each needs is fetched by its worker, so that nothing large is copied for every trial."""
    packed = [ray.put(pack_work(trial)) for trial in trials]
    trainable = tune.with_parameters(
        _run_trial,
        packed=packed,
        location=job.store.location,
        options=job.options,
        launch_id=job.launch_id,
        expected=expected,
    )
    needs = [(trial[0].resources.cpu, trial[0].resources.gpu) for trial in trials]
    deaths = MAX_ATTEMPTS * max(sum(1 + len(plan.specs) for plan in trial) for trial in trials)
    forwarder = Forwarder(emit)
    with TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as scratch:  # Tune's; on the driver alone
        tuner = tune.Tuner(
            tune.with_resources(trainable, partial(_bundle_of, needs)),
            param_space={"trial": tune.grid_search(list(range(len(trials))))},
            tune_config=tune.TuneConfig(reuse_actors=True),
            run_config=tune.RunConfig(
                name="launch",
                storage_path=scratch,
                verbose=0,
                callbacks=[forwarder],
                stop=Stop(forwarder),
                failure_config=tune.FailureConfig(max_failures=deaths),
            ),
        )
        try:
            ended = tuner.fit()
        except KeyboardInterrupt as error:
            if expected is not None:  # else Ray ends with the launch
                _end_trials(error)
            raise
    if forwarder.refusals:
        raise BenchError(forwarder.refusals[0])
    _require_success(ended)


def _end_trials(error: KeyboardInterrupt) -> None:
    """End what still runs on a Ray that goes on: after an interruption, unlike any other exception, Tune does not."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        for value in frame.f_locals.values():
            if isinstance(value, TuneController):
                with suppress(Exception):  # the interruption is what is told
                    value.cleanup()  # type: ignore[no-untyped-call]
                return


def _require_success(trials: tune.ResultGrid) -> None:
    """Whatever goes wrong in a cohort becomes its runs' status; an error of a trial itself is none of theirs.

    Raises:
        BenchError: if trials could not be executed.
    """
    if trials.errors:
        reason = str(trials.errors[0]).strip()
        raise BenchError(
            f"{len(trials.errors)} of {len(trials)} trials could not be executed on ray, so their runs have no result; "
            f"reason of the first:\n{reason}"
        )


def _run_trial(
    config: Mapping[str, int],
    packed: Sequence[ray.ObjectRef[bytes]],
    location: str,
    options: Options,
    launch_id: str,
    expected: Expected | None,
) -> None:
    """What a worker runs: the cohorts of one trial, less what is recorded already (after a worker died).

    Tune tries a trial again that ended in an error, which is for the death of its process alone; trying again what
    raised an exception would end the same, so that is reported, and ends the launch.
    """
    os.chdir(os.environ.get("TUNE_ORIG_WORKING_DIR", "."))  # a Ray that the user started lets Tune change it
    try:
        _require_here(expected)
        trial: Trial = unpack_work(ray.get(packed[config["trial"]]))
        job = Job((), RunStore(location), options, {}, launch_id)
        work_through(trial, job, _Reporter())
    except BenchError as error:
        tune.report({"refusal": str(error)})
    except RayError:  # of the cluster: another attempt may do
        raise
    except Exception:
        tune.report({"refusal": f"a worker on {socket.gethostname()} failed:\n{traceback.format_exc().strip()}"})


class _Reporter:
    """Reports events to Tune, which handles few reports a second: of short runs the beginning is told with the end.

    Nothing else is held back: what has been recorded must be told before anything can kill the process.
    """

    def __init__(self) -> None:
        self._held: list[Event] = []
        self._last = -math.inf

    def __call__(self, event: Event) -> None:
        self._held.append(event)
        if isinstance(event, Started) and time.monotonic() - self._last < _REPORT_SECONDS:
            return
        tune.report({"events": [*self._held]})
        self._held.clear()
        self._last = time.monotonic()


def _require_here(expected: Expected | None) -> None:
    """Refuse to work on a node that joined since all of them were examined, unless it is as they are."""
    fault = "" if expected is None else expected.fault_here()
    if fault:
        raise BenchError(f"{socket.gethostname()}, which has joined the cluster: {fault}; its runs were not begun")


def _bundle_of(needs: Sequence[tuple[float, float]], config: Mapping[str, int]) -> tune.PlacementGroupFactory:
    cpu, gpu = needs[config["trial"]]
    bundle = {"CPU": cpu, "GPU": gpu}
    return tune.PlacementGroupFactory([{kind: amount for kind, amount in bundle.items() if amount}])


class Forwarder(tune.Callback):
    """Hands workers' events to the display, and keeps what they refuse to do.

    Attributes:
        refusals: messages of workers that cannot go on, such as that the store is full.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit: Emit | None = emit
        self.refusals: list[str] = []

    def __getstate__(self) -> dict[str, Any]:
        """Tune saves its callbacks; a display is not to be saved."""
        return {"_emit": None, "refusals": []}

    def on_trial_result(self, iteration: int, trials: Any, trial: Any, result: Any, **info: Any) -> None:  # noqa: ANN401
        """Forward events; an error here would abort the launch, so none passes."""
        if "refusal" in result:
            self.refusals.append(result["refusal"])
        if self._emit is None:
            return
        try:
            for event in result.get("events", ()):
                self._emit(event)
        except Exception as error:
            print(f"bench: the progress display failed: {error}", file=sys.stderr)


class Stop(tune.Stopper):
    """Ends the launch at the first refusal: the other trials would meet the same."""

    def __init__(self, forwarder: Forwarder) -> None:
        self._forwarder = forwarder

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """No trial is ended by itself."""
        return False

    def stop_all(self) -> bool:
        """Whether a worker has refused to go on."""
        return bool(self._forwarder.refusals)
