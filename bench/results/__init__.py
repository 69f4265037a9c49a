"""Results: the schema of a run's record, its atomic file, and frames over many of them."""

from bench.results.frames import compact, load_curves, load_pictures, load_runs, locate
from bench.results.record import SCHEMA, STATUSES, RunRecord, Status
from bench.results.store import RunStore

__all__ = [
    "SCHEMA",
    "STATUSES",
    "RunRecord",
    "RunStore",
    "Status",
    "compact",
    "load_curves",
    "load_pictures",
    "load_runs",
    "locate",
]
