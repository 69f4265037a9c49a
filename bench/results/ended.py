"""How runs ended, read quickly: from compacted files and journals where these hold, else from the runs' own files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa

from bench.identity import SETTINGS_ID, variant_of
from bench.results.files import Stamp
from bench.results.frames import from_compacted
from bench.results.journal import ENDED, last_line, read_journals
from bench.results.snapshot import open_records, survey
from bench.results.store import RUNS, RunStore

_COLUMNS = (*(name for name in ENDED.names if name != SETTINGS_ID), "config")


@dataclass(frozen=True)
class Ended:
    """Runs or rows of real data that have a record.

    Attributes:
        frame: a row each, with the columns of `ENDED`; of an error the last line.
        files: the version of its file that a row is from, by run id; rows that a compacted file has alone have none.
        problems: what is wrong with files that are left out.
    """

    frame: pd.DataFrame
    files: Mapping[str, Stamp] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read_ended(store: RunStore, kind: str = RUNS, before: Ended | None = None) -> Ended:
    """How the runs in a store ended. Nothing is written, and as few records are opened as can be.

    Args:
        store: the suite's results.
        kind: runs or references.
        before: an earlier reading; what has not changed since is not read again.

    Raises:
        StorageError: if there is nothing but a compacted file that cannot be read.
    """
    found = survey(store.folder, kind, columns={*_COLUMNS, SETTINGS_ID})
    parts, files = [], dict(found.covered)
    if found.compacted is not None:
        frame = _from_compacted(found.compacted.table)
        parts.append(frame[~frame["run_id"].isin(found.gone | found.uncovered.keys())])
    left = dict(found.uncovered)
    for known, stamps in _known(store, before):
        held = {run_id for run_id, stamp in stamps.items() if left.get(run_id) == stamp}
        parts.append(known[known["run_id"].isin(held)])
        files |= {run_id: left.pop(run_id) for run_id in held}
    records, problems = open_records(store.folder, kind, left, _COLUMNS)
    parts.append(_from_records(records))
    files |= {run_id: left[run_id] for run_id in records["run_id"].to_pylist()}
    filled = [part for part in parts if len(part)] or parts[-1:]
    return Ended(pd.concat(filled, ignore_index=True), files, (*found.problems, *problems))


def _known(store: RunStore, before: Ended | None) -> Iterable[tuple[pd.DataFrame, Mapping[str, Stamp]]]:
    if before is not None:
        yield before.frame, before.files
    for table, stamps in read_journals(store):
        yield table.to_pandas(), stamps


def _from_compacted(table: pa.Table) -> pd.DataFrame:
    return _shorten(from_compacted(table).reindex(columns=ENDED.names))


def _from_records(records: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = records.drop_columns(["config"]).to_pandas()
    settings = [variant_of(json.loads(config)) for config in records["config"].to_pylist()]
    return _shorten(frame.assign(**{SETTINGS_ID: settings})).reindex(columns=ENDED.names)


def _shorten(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the last lines of its errors."""
    reasons = [last_line(error) if isinstance(error, str) else None for error in frame["error"]]
    return frame.assign(error=pd.Series(reasons, index=frame.index, dtype="str"))
