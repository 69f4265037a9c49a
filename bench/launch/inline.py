"""Run cohorts one after another in this process, without ray."""

from __future__ import annotations

from collections.abc import Sequence

from bench.launch.events import Emit
from bench.launch.plan import CohortPlan
from bench.launch.work import WorkOptions, work
from bench.results import RunStore


def run_inline(plans: Sequence[CohortPlan], store: RunStore, options: WorkOptions, emit: Emit) -> None:
    """Execute all cohorts here; a KeyboardInterrupt passes through, with finished runs kept."""
    for plan in plans:
        work(plan, store, options, emit)
