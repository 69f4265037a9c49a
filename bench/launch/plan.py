"""From runs to cohorts to trials: what is missing, what trains together, what one process does in a row."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bench.launch.estimates import Estimates
from bench.spec import ResourceSettings, WorkSpec

TRIAL_SECONDS = 30.0
"""How long a trial should last at the least, to pay for its start."""
TRIALS_PER_SLOT = 4
"""Trials that each slot should get at the least, so that no slot idles at the end."""
MOST_TRIALS, MOST_TRIALS_PER_SLOT = 400, 16
"""Trials that a launch has at the most, whichever is more: each costs the scheduler time and memory."""


@dataclass(frozen=True)
class CohortPlan:
    """Runs that are executed together.

    Attributes:
        specs: all members, in the order of the suite.
        wanted: ids of the members whose records are missing.
        again: ids of those among them that have a record, which is to be replaced.
        split_from: size of the cohort that this is a part of, since that one killed its process; 0 for none.
    """

    specs: tuple[WorkSpec, ...]
    wanted: frozenset[str]
    again: frozenset[str] = frozenset()
    split_from: int = 0

    @property
    def cohort_id(self) -> str:
        """Hash of the members' ids: names the checkpoint."""
        return hashlib.sha256("/".join(spec.run_id for spec in self.specs).encode()).hexdigest()[:16]

    @property
    def resources(self) -> ResourceSettings:
        """What the cohort needs; all members need the same."""
        return self.specs[0].resources

    @property
    def amends(self) -> bool:
        """Whether it adds to records that are there already."""
        return self.specs[0].amends

    def alone(self) -> Iterator[CohortPlan]:
        """Each wanted member in a cohort of its own."""
        for spec in self.specs:
            own = frozenset({spec.run_id})
            if own <= self.wanted:
                yield CohortPlan((spec,), own, self.again & own, len(self.specs))

    @property
    def label(self) -> str:
        """Dataset, method and seeds, for people."""
        seeds = ", ".join(str(spec.seed) for spec in self.specs)
        return f"{self.specs[0].dataset} · {self.specs[0].method} · seed {seeds}"

    def seconds(self, estimates: Estimates) -> float | None:
        """Expected time, or None if nothing like it has run yet."""
        first = self.specs[0]
        known = estimates.get((first.dataset, first.method))
        if known is None:
            return None
        return known[0] * first.steps * len(self.specs) + known[1] * len(self.wanted)


def plan_cohorts(
    specs: Sequence[WorkSpec],
    finished: frozenset[str],
    broken_off: frozenset[str] = frozenset(),
    again: frozenset[str] = frozenset(),
) -> list[CohortPlan]:
    """The cohorts that hold the runs among `specs` that are not finished.

    Cohorts are cut from all seeds of a method and dataset. One that was broken off with some members recorded is
    taken up whole (rounding depends on the cohort's size); else the missing ones form a
    cohort of their own.

    Args:
        specs: all runs that there are to be.
        finished: ids of those that are recorded.
        broken_off: ids of the cohorts that have a checkpoint, or have not come to an orderly end.
        again: ids of those that are not taken to be finished, though they have a record.
    """
    groups: dict[str, list[WorkSpec]] = defaultdict(list)
    for spec in specs:
        groups[spec.cohort_key].append(spec)
    plans = (plan for group in groups.values() for plan in _cohorts(group, finished, broken_off))
    return [replace(plan, again=plan.wanted & again) for plan in plans]


def pack_trials(plans: Sequence[CohortPlan], slots: int, estimates: Estimates) -> list[tuple[CohortPlan, ...]]:
    """Cohorts of equal resources in lists that last long enough, and are few enough for the scheduler.

    What takes an unknown time is shared out by factoring (Hummel, Schonberg & Flynn 1992): each round of trials takes
    half of what is left. The first ones must not be short: Tune gives the next trial to the worker that is free, and
    gives up the one that is still being started for it, so that of many short trials all are done by a single worker.

    Args:
        plans: the cohorts.
        slots: how many of them run at once.
        estimates: what they take.
    """
    trials: list[tuple[CohortPlan, ...]] = []
    largest = max(1, math.ceil(len(plans) / (slots * TRIALS_PER_SLOT)))
    least = min(largest, math.ceil(len(plans) / max(MOST_TRIALS, slots * MOST_TRIALS_PER_SLOT)))
    open_trials: dict[tuple[float, float], list[CohortPlan]] = {}
    spent: dict[tuple[float, float], float] = defaultdict(float)
    left = len(plans)  # when the present trials were opened
    for i, plan in enumerate(plans):
        key = (plan.resources.cpu, plan.resources.gpu)
        trial = open_trials.setdefault(key, [])
        trial.append(plan)
        seconds = plan.seconds(estimates)
        spent[key] += seconds or 0.0
        is_long = spent[key] >= TRIAL_SECONDS and len(trial) >= least
        most = largest if seconds is not None else min(largest, math.ceil(left / (2 * slots)))
        if is_long or len(trial) >= most:
            trials.append(tuple(open_trials.pop(key)))
            spent.pop(key)
            left = len(plans) - i - 1
    return [*trials, *(tuple(rest) for rest in open_trials.values())]


def _cohorts(group: Sequence[WorkSpec], finished: frozenset[str], broken_off: frozenset[str]) -> Iterator[CohortPlan]:
    size = cohort_size(group[0].resources, len(group))
    for start in range(0, len(group), size):
        members = tuple(group[start : start + size])
        missing = tuple(spec for spec in members if spec.run_id not in finished)
        if not missing:
            continue
        whole = CohortPlan(members, frozenset(spec.run_id for spec in missing))
        yield whole if whole.cohort_id in broken_off else CohortPlan(missing, whole.wanted)


def cohort_size(resources: ResourceSettings, seeds: int) -> int:
    """Seeds to train together: as asked for, else all on a GPU and one at a time on a CPU.

    On a CPU a step of K small networks costs K steps, so there is nothing to gain.
    """
    if resources.cohort is not None:
        return resources.cohort
    return seeds if resources.gpu else 1
