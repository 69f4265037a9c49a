"""A cohort that has begun: what its members share until each has a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bench.execute.energy import EnergyMeter
from bench.execute.limit import TimeLimit
from bench.execute.records import Workplace, blank
from bench.provenance import PeakMemory
from bench.results import RunRecord
from bench.spec import RunSpec


@dataclass(frozen=True)
class Begun:
    """A cohort that has begun.

    Attributes:
        specs: its members.
        wanted: ids of the members whose records are missing.
        place: where it is executed.
        started: when it began.
        memory: measures from then on.
        energy: measures training.
    """

    specs: Sequence[RunSpec]
    wanted: frozenset[str]
    place: Workplace
    started: datetime
    memory: PeakMemory
    energy: EnergyMeter

    @property
    def blanks(self) -> list[RunRecord]:
        """Records of the wanted members, for which nothing is measured yet."""
        return [self.blank(spec) for spec in self.specs if spec.run_id in self.wanted]

    def blank(self, spec: RunSpec) -> RunRecord:
        """The record of a member, for which nothing is measured yet."""
        return blank(spec, len(self.specs), self.started, self.place.device)

    def limit(self) -> TimeLimit:
        """The time for training: no member has a record before it ends."""
        return self.place.limit(self.specs[0], lambda: self.blanks)

    def count_earlier(self, limit: TimeLimit, seconds: float) -> None:
        """Let what earlier processes took count, unless the runs are made again; their energy is not known."""
        self.energy.discard()
        if not self.wanted & self.place.again:
            limit.count(seconds)
