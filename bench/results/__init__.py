"""Results: the schema of a run's record, its atomic file, and one reading of many of them."""

from bench.results.bulky import load_curves, load_pictures
from bench.results.compact import compact
from bench.results.dictionary import columns_frame, read_columns
from bench.results.files import Folder, StorageError, StoredFile
from bench.results.frames import PROTOCOL, RESERVED, SETTINGS_ID, finish_frame
from bench.results.history import earlier_rows, keep_history
from bench.results.load import open_results, open_store
from bench.results.lock import LockedError, hold_lock
from bench.results.plan import planned_rows, read_plan, rows_of_stage, write_plan
from bench.results.record import Evaluation, RunRecord
from bench.results.rows import Rows
from bench.results.schema import SCHEMA
from bench.results.snapshot import Snapshot, read_snapshot
from bench.results.store import MissingRecordError, RunStore
from bench.results.temporary import host_name, is_running
from bench.results.weights import WeightsError

__all__ = [
    "PROTOCOL",
    "RESERVED",
    "SCHEMA",
    "SETTINGS_ID",
    "Evaluation",
    "Folder",
    "LockedError",
    "MissingRecordError",
    "Rows",
    "RunRecord",
    "RunStore",
    "Snapshot",
    "StorageError",
    "StoredFile",
    "WeightsError",
    "columns_frame",
    "compact",
    "earlier_rows",
    "finish_frame",
    "hold_lock",
    "host_name",
    "is_running",
    "keep_history",
    "load_curves",
    "load_pictures",
    "open_results",
    "open_store",
    "planned_rows",
    "read_columns",
    "read_plan",
    "read_snapshot",
    "rows_of_stage",
    "write_plan",
]
