"""Results: the schema of a run's record, its atomic file, and one reading of many of them."""

from bench.identity import SETTINGS_ID
from bench.results.bulky import load_curves, load_pictures
from bench.results.compact import compact
from bench.results.dictionary import columns_frame, read_columns
from bench.results.ended import Ended, read_ended
from bench.results.files import Folder, StorageError, StoredFile
from bench.results.frames import PROTOCOL, RESERVED, finish_frame
from bench.results.history import earlier_rows, keep_history
from bench.results.journal import Journal
from bench.results.load import open_results, open_store
from bench.results.lock import LockedError, hold_lock
from bench.results.plan import plan_files, planned_rows, read_plan, restore_plan, rows_of_stage, write_plan
from bench.results.progress import RUNNING, TO_DO, Progress, read_progress
from bench.results.record import Evaluation, RunRecord
from bench.results.rows import Rows
from bench.results.schema import SCHEMA
from bench.results.snapshot import Snapshot, read_snapshot
from bench.results.store import MissingRecordError, RunStore
from bench.results.temporary import host_name, is_running, process_mark
from bench.results.underway import Cohort, Sign, read_cohorts
from bench.results.weights import WeightsError

__all__ = [
    "PROTOCOL",
    "RESERVED",
    "RUNNING",
    "SCHEMA",
    "SETTINGS_ID",
    "TO_DO",
    "Cohort",
    "Ended",
    "Evaluation",
    "Folder",
    "Journal",
    "LockedError",
    "MissingRecordError",
    "Progress",
    "Rows",
    "RunRecord",
    "RunStore",
    "Sign",
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
    "plan_files",
    "planned_rows",
    "process_mark",
    "read_cohorts",
    "read_columns",
    "read_ended",
    "read_plan",
    "read_progress",
    "read_snapshot",
    "restore_plan",
    "rows_of_stage",
    "write_plan",
]
