"""Shards: parts of a plan that several commands carry out apart, without talking to each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.errors import ArgumentError
from bench.launch.plan import CohortPlan, plan_cohorts
from bench.spec import WorkSpec


@dataclass(frozen=True)
class Shard:
    """One part of several.

    Attributes:
        index: which one, from 1.
        count: how many there are.

    Raises:
        ArgumentError: if there is no such part.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.index <= self.count:
            raise ArgumentError(f"shard: found {self.index}/{self.count}; expected I/N with I from 1 to N, such as 1/4")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `I/N`.

        Raises:
            ArgumentError: if it is anything else.
        """
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip())
        if match is None:
            raise ArgumentError(f"shard: found '{text}'; expected I/N with I from 1 to N, such as 1/4")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"shard {self.index} of {self.count}"

    @property
    def slug(self) -> str:
        """The same for names of files."""
        return f"{self.index}-of-{self.count}"

    def select(self, specs: Sequence[WorkSpec]) -> frozenset[str]:
        """Ids of the runs that fall to this shard.

        That follows from the whole plan alone, never from what is done of it: all shards agree, whenever they start.

        Args:
            specs: all runs of the plan, in its order.
        """
        parts = _share_out(plan_cohorts(specs, frozenset()), self.count)
        return frozenset(run_id for run_id, index in parts.items() if index == self.index)


def _share_out(plans: Sequence[CohortPlan], count: int) -> Mapping[str, int]:
    """Give cohorts out, the largest first, each to the shard that has least so far; run ids to shards."""
    loads = [(0.0, 0, index) for index in range(1, count + 1)]
    parts: dict[str, int] = {}
    for plan in sorted(plans, key=_cost, reverse=True):  # stable: equal ones are dealt in the order of the plan
        load, cohorts, index = min(loads)
        loads[index - 1] = (load + _cost(plan), cohorts + 1, index)
        parts |= dict.fromkeys((spec.run_id for spec in plan.specs), index)
    return parts


def _cost(plan: CohortPlan) -> float:
    """What a cohort is expected to take, by what is the same for every shard: times that were measured are not."""
    first = plan.specs[0]
    guess = first.expected_seconds
    return len(plan.specs) * float(first.steps if guess is None else guess)
