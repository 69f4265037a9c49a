"""What a worker tells the driver while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.launch.plan import CohortPlan
from bench.results import RunRecord


@dataclass(frozen=True)
class Started:
    """A cohort has begun to train."""

    plan: CohortPlan


@dataclass(frozen=True)
class Stepped:
    """A cohort has done `step` training steps."""

    plan: CohortPlan
    step: int


@dataclass(frozen=True)
class Finished:
    """A run's record is in place; bulky parts are left out of `record`."""

    plan: CohortPlan
    record: RunRecord


@dataclass(frozen=True)
class Noted:
    """Something that people should know of a cohort, such as that its checkpoint could not be used."""

    plan: CohortPlan
    text: str


Event = Started | Stepped | Finished | Noted
Emit = Callable[[Event], None]
