"""Launch: from missing runs to records, by a launcher: Ray Tune, or this process."""

from bench.launch.cores import count_cores
from bench.launch.display import Display
from bench.launch.estimates import Estimates, estimate, total_seconds
from bench.launch.events import Event, Finished
from bench.launch.launcher import Job, Launcher, make_launcher
from bench.launch.loggers import Feed, Logger, make_loggers, require_loggers
from bench.launch.options import Options
from bench.launch.plan import CohortPlan, pack_trials, plan_cohorts
from bench.launch.shard import Shard

__all__ = [
    "CohortPlan",
    "Display",
    "Estimates",
    "Event",
    "Feed",
    "Finished",
    "Job",
    "Launcher",
    "Logger",
    "Options",
    "Shard",
    "count_cores",
    "estimate",
    "make_launcher",
    "make_loggers",
    "pack_trials",
    "plan_cohorts",
    "require_loggers",
    "total_seconds",
]
