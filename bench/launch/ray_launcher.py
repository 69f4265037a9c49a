"""The way into Ray: its environment, and a clear word where it is missing."""

from __future__ import annotations

import os

from bench.errors import BenchError
from bench.launch.events import Emit
from bench.launch.launcher import Job

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


class RayLauncher:
    """Ray Tune, on this machine or on a running cluster (`Options.address`)."""

    def launch(self, job: Job, emit: Emit) -> None:
        """See `Launcher.launch`.

        Raises:
            BenchError: if ray cannot be imported or reached, or the resources that a cohort asks for do not exist.
        """
        os.environ.update(QUIET)
        try:
            from bench.launch.ray_trials import launch
        except ImportError as error:
            raise BenchError(f"ray cannot be imported ({error}); install ray[tune], or use --inline") from error
        launch(job, emit)
