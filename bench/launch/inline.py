"""Run cohorts one after another in this process, without ray."""

from __future__ import annotations

from bench.launch.events import Emit
from bench.launch.launcher import Job
from bench.launch.work import work_through


class InlineLauncher:
    """This process.

    Attempts are counted over commands: a cohort that has killed the process several times is given up by the next one.
    """

    def launch(self, job: Job, emit: Emit) -> None:
        """See `Launcher.launch`."""
        work_through(job.plans, job, emit, over_launches=True)
