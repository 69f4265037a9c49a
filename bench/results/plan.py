"""What the present suite plans: which rows of a store are its own, and which it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bench.identity import SETTINGS_ID
from bench.results.files import StorageError, StoredFile
from bench.results.store import COMPRESSION, SUITE, RunStore
from bench.statuses import MAIN_STAGE

FILE = "plan.parquet"
COLUMNS = ["run_id", "dataset", "method", "seed", SETTINGS_ID]


def write_plan(
    store: RunStore,
    rows: Iterable[tuple[str, str, str, int, str]],
    expected_seconds: Iterable[float | None] = (),
    stages: Iterable[str | None] = (),
) -> None:
    """Keep the plan of a suite; written only where it is new.

    Args:
        store: the suite's results.
        rows: run_id, dataset, method, seed and settings of each run.
        expected_seconds: a guess at what each takes, where there are any.
        stages: the stage of each, where there is more than one; None for that of the comparison.

    Raises:
        StorageError: if it cannot be written.
    """
    plan = pd.DataFrame(list(rows), columns=COLUMNS)
    guesses = list(expected_seconds)
    if any(guess is not None for guess in guesses):
        plan = plan.assign(expected_seconds=pd.Series(guesses, dtype="float64"))
    parts = list(stages)
    if any(part is not None for part in parts):
        plan = plan.assign(stage=pd.Series(parts, dtype="str"))
    before = read_plan(store)
    if before is None or not before[COLUMNS].equals(plan[COLUMNS]):
        with store.folder.writing(FILE) as stream:
            pq.write_table(pa.Table.from_pandas(plan, preserve_index=False), stream, compression=COMPRESSION)


def plan_files(store: RunStore) -> dict[str, bytes | None]:
    """The files that say what the suite stands for, as `restore_plan` takes them; None for one that is not there."""
    return {name: StoredFile(store.folder, name).read() for name in (FILE, SUITE)}


def restore_plan(store: RunStore, files: Mapping[str, bytes | None]) -> None:
    """Let the suite stand for what it stood for before; what cannot be written stays as it is."""
    for name, content in files.items():
        file = StoredFile(store.folder, name)
        with suppress(StorageError):
            if content is None:
                file.remove()
            elif file.read() != content:
                file.write(content)


def read_plan(store: RunStore) -> pd.DataFrame | None:
    """The plan that is kept; None where there is none that can be read."""
    if not store.folder.exists(FILE):
        return None
    try:
        plan: pd.DataFrame = pq.ParquetFile(pa.BufferReader(store.folder.read(FILE))).read().to_pandas()
    except (pa.ArrowException, OSError, StorageError):
        return None
    return plan if set(COLUMNS) <= set(plan.columns) else None


def rows_of_stage(frame: pd.DataFrame, stage: str) -> pd.DataFrame:
    """The rows of one stage: `search` or `rung` for the runs that settings were chosen by, `main` for all others."""
    if "stage" not in frame.columns:
        return frame if stage == MAIN_STAGE else frame.iloc[:0]
    chosen = frame["stage"].isna() if stage == MAIN_STAGE else (frame["stage"] == stage).fillna(False)
    return frame[chosen.to_numpy(dtype=bool)].reset_index(drop=True)


def planned_rows(frame: pd.DataFrame, plan: pd.DataFrame | None) -> pd.DataFrame:
    """The rows that the present suite stands for: those of its settings, whatever their seed; all without a plan.

    Of several rows of one seed, measured in different ways, the planned one counts; where there is none, the latest.
    """
    if plan is None or SETTINGS_ID not in frame:
        return frame
    mine = frame[frame[SETTINGS_ID].isin(set(plan[SETTINGS_ID]))]
    rank = mine.assign(planned=mine["run_id"].isin(set(plan["run_id"]))).sort_values(["planned", "started_at"])
    latest = rank.drop_duplicates(["dataset", "seed", SETTINGS_ID], keep="last").index
    return mine[mine.index.isin(latest)].reset_index(drop=True)
