"""The rows of one kind in a store, runs or real data, and how far the compacted files vouch for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd
import pyarrow as pa

from bench.results.files import Stamp
from bench.results.schema import SCHEMA


@dataclass(frozen=True)
class Rows:
    """Runs, or reference rows.

    Attributes:
        frame: a row each, in the order dataset, method, seed.
        files: the files that the rows are from, by run id; rows without one are in the compacted file alone.
        new: the records that no compacted file covers.
        dropped: ids of rows of the compacted file that do not hold any more.
        generation: of the compacted file; None without one.
        unreadable: ids of runs whose file holds no result that can be read.
        is_bare: whether the compacted file names files that have gone all together: its rows stand by themselves.
        is_edited: whether the frame says something that neither the files nor the compacted file say yet.
        problems: what is wrong with files that are left out, a message each.
    """

    frame: pd.DataFrame
    files: Mapping[str, Stamp] = field(default_factory=dict)
    new: pa.Table = field(default_factory=SCHEMA.empty_table)
    dropped: frozenset[str] = frozenset()
    generation: str | None = None
    unreadable: frozenset[str] = frozenset()
    is_bare: bool = False
    is_edited: bool = False
    problems: tuple[str, ...] = ()

    @property
    def is_compacted(self) -> bool:
        """Whether the compacted file says all that there is to say."""
        if self.generation is None and self.frame.empty:
            return True
        return self.generation is not None and not (len(self.new) or self.dropped or self.is_edited)

    @property
    def statuses(self) -> dict[str, str]:
        """How each run ended, by its id."""
        return dict(zip(self.frame["run_id"], self.frame["status"], strict=True)) if len(self.frame) else {}

    def drop(self, run_ids: Collection[str]) -> Rows:
        """The rows without some of them, whose files have been removed."""
        gone = self.frame["run_id"].isin(set(run_ids))
        if not gone.any():
            return self
        ids = frozenset(self.frame.loc[gone, "run_id"])
        kept = {run_id: stamp for run_id, stamp in self.files.items() if run_id not in ids}
        new = self.new.filter(pa.array([run_id not in ids for run_id in self.new["run_id"].to_pylist()], pa.bool_()))
        frame = self.frame[~gone].reset_index(drop=True)
        return replace(self, frame=frame, files=kept, new=new, dropped=self.dropped | ids)

    def relabel(self, labels: Mapping[str, Mapping[str, str]]) -> Rows:
        """The rows with other labels.

        Args:
            labels: suite, method and dataset of each run that is to have others, by its id.
        """
        if not labels:
            return self
        frame = self.frame.set_index("run_id")
        for run_id, own in labels.items():
            frame.loc[run_id, list(own)] = list(own.values())
        return replace(self, frame=frame.reset_index()[list(self.frame.columns)], is_edited=True)
