"""The way into Ray: its environment, and a clear word where it is missing."""

from __future__ import annotations

import os
from collections.abc import Sequence

from bench.errors import BenchError
from bench.launch.events import Emit
from bench.launch.plan import CohortPlan, Estimates
from bench.launch.work import WorkOptions
from bench.results import RunStore

QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_GLOBAL_CHECKPOINT_S": "600",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Tune prints nothing, saves little, and leaves Ctrl-C and the working directory to us. Read when ray is imported."""


def run_on_ray(
    plans: Sequence[CohortPlan],
    store: RunStore,
    options: WorkOptions,
    emit: Emit,
    *,
    estimates: Estimates,
    address: str | None = None,
) -> None:
    """Execute all cohorts as trials of Ray Tune.

    Args:
        plans: the cohorts.
        store: where records go; on a cluster, a folder that every node sees.
        options: how to work.
        emit: told what happens, in this process.
        estimates: what cohorts take, to size trials.
        address: a running cluster, as `ray.init` takes it; None starts ray on this machine.

    Raises:
        BenchError: if ray cannot be imported or reached, or the resources that a cohort asks for do not exist.
    """
    os.environ.update(QUIET)
    try:
        from bench.launch.tuning import launch
    except ImportError as error:
        raise BenchError(f"ray cannot be imported ({error}); install ray[tune], or use --inline") from error
    launch(plans, store, options, emit, estimates=estimates, address=address)
