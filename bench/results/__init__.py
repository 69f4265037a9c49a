"""Results: the schema of a run's record, its atomic file, and frames over many of them."""

from bench.results.frames import compact, load_curves, load_pictures, load_runs, locate
from bench.results.record import SCHEMA, Evaluation, RunRecord
from bench.results.store import MissingRecordError, RunStore
from bench.results.weights import WeightsError

__all__ = [
    "SCHEMA",
    "Evaluation",
    "MissingRecordError",
    "RunRecord",
    "RunStore",
    "WeightsError",
    "compact",
    "load_curves",
    "load_pictures",
    "load_runs",
    "locate",
]
