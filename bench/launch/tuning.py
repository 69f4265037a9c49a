"""Run cohorts as Ray Tune trials, on this machine or on a cluster.

Tune schedules trials, lists of cohorts, in reused actors; it is told nothing of runs. What is done is what has a file,
so an interrupted launch is resumed by planning again, never by restoring Tune's own state.
"""

from __future__ import annotations

import logging
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import ray
from ray import cloudpickle, tune

from bench.errors import BenchError
from bench.launch.cluster import QUIET
from bench.launch.events import Emit
from bench.launch.plan import CohortPlan, Estimates, pack_trials
from bench.launch.work import MAX_ATTEMPTS, WorkOptions, clear_attempts, work
from bench.registry import Extension, extensions, install
from bench.results import RunStore

Trial = tuple[CohortPlan, ...]


def launch(
    plans: Sequence[CohortPlan],
    store: RunStore,
    options: WorkOptions,
    emit: Emit,
    *,
    estimates: Estimates,
    address: str | None,
) -> None:
    """See `bench.launch.cluster.run_on_ray`."""
    for name in ("ray", "ray.tune", "ray.train"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        _connect(address)
        trials = pack_trials(plans, _slots(ray.cluster_resources(), plans), estimates)  # type: ignore[no-untyped-call]
        clear_attempts(store)
        _fit(trials, store, options, emit)
    finally:
        ray.shutdown()
        clear_attempts(store)
        shutil.rmtree(store.root / ".tune", ignore_errors=True)


def _connect(address: str | None) -> None:
    try:
        with _keep_handler(signal.SIGTERM):
            if address is None:
                ray.init(address="local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
            else:
                environment = {"env_vars": QUIET}
                ray.init(address=address, runtime_env=environment, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise BenchError(f"ray cluster at '{address or 'local'}' cannot be reached: {error}") from error


@contextmanager
def _keep_handler(number: signal.Signals) -> Iterator[None]:
    """Put a signal's handler back: `ray.init` replaces it by one that ends the process on the spot."""
    before = signal.getsignal(number)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(number, before)


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


def _fit(trials: Sequence[Trial], store: RunStore, options: WorkOptions, emit: Emit) -> None:
    extra = extensions()
    _pickle_by_value(extra)
    trainable = tune.with_parameters(
        _run_trial,
        trials=list(trials),
        root=store.root,
        options=replace(options, count_attempts=True),
        extra=extra,
    )
    longest = max(len(trial) for trial in trials)
    tuner = tune.Tuner(
        tune.with_resources(trainable, lambda config: _resources(trials[config["trial"]])),
        param_space={"trial": tune.grid_search(list(range(len(trials))))},
        tune_config=tune.TuneConfig(reuse_actors=True),
        run_config=tune.RunConfig(
            name="launch",
            storage_path=str(store.root / ".tune"),
            verbose=0,
            callbacks=[Forwarder(emit)],
            failure_config=tune.FailureConfig(max_failures=longest * (MAX_ATTEMPTS + 1)),
        ),
    )
    _require_success(tuner.fit())


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
    trials: Sequence[Trial],
    root: Path,
    options: WorkOptions,
    extra: Sequence[Extension],
) -> None:
    """What a worker runs: the cohorts of one trial, less what is recorded already (after a worker died)."""
    install(extra)
    store = RunStore(root)
    done = store.finished()
    for plan in trials[config["trial"]]:
        if plan.amends or not plan.wanted <= done:
            work(plan, store, options, lambda event: tune.report({"event": event}))


def _resources(trial: Trial) -> tune.PlacementGroupFactory:
    needed = trial[0].resources
    bundle = {"CPU": needed.cpu, "GPU": needed.gpu}
    return tune.PlacementGroupFactory([{kind: amount for kind, amount in bundle.items() if amount}])


def _pickle_by_value(extra: Sequence[Extension]) -> None:
    """Plugin files are no modules that a worker could import, so their code travels with the trial."""
    for module in {item.origin for item in extra} - {"__main__"}:
        if module in sys.modules and PathFinder.find_spec(module.partition(".")[0]) is None:
            cloudpickle.register_pickle_by_value(sys.modules[module])  # type: ignore[no-untyped-call]


class Forwarder(tune.Callback):
    """Hands workers' events to the display."""

    def __init__(self, emit: Emit) -> None:
        self._emit: Emit | None = emit

    def __getstate__(self) -> dict[str, Any]:
        """Tune saves its callbacks; a display is not to be saved."""
        return {"_emit": None}

    def on_trial_result(self, iteration: int, trials: Any, trial: Any, result: Any, **info: Any) -> None:  # noqa: ANN401
        """Forward one event; an error here would abort the launch, so none passes."""
        if self._emit is None or "event" not in result:
            return
        try:
            self._emit(result["event"])
        except Exception as error:
            print(f"bench: the progress display failed: {error}", file=sys.stderr)
