"""Launch: from missing runs to records, by Ray Tune or in this process."""

from bench.launch.cluster import run_on_ray
from bench.launch.display import Display
from bench.launch.inline import run_inline
from bench.launch.plan import CohortPlan, Estimates, estimate, pack_trials, plan_cohorts, total_seconds
from bench.launch.work import WorkOptions

__all__ = [
    "CohortPlan",
    "Display",
    "Estimates",
    "WorkOptions",
    "estimate",
    "pack_trials",
    "plan_cohorts",
    "run_inline",
    "run_on_ray",
    "total_seconds",
]
