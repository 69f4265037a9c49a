"""Budgets and the arguments of the call, in a suite of models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.suite.models.checks import check_metrics
from bench.suite.models.schema import SuiteFile
from bench.suite.reading.errors import KeyPath, Problem, quote
from bench.suite.reading.fields import read_value
from bench.suite.reading.keys import Keys
from bench.suite.request import Request
from bench.suite.schema import expand_seeds
from bench.suite.settings import Setting, flatten_settings

OF_THE_SUITE: Keys = {name: SuiteFile.model_fields[name].annotation for name in ("seeds", "metrics")}
"""What a variant sets beside settings of runs."""


@dataclass(frozen=True)
class Variant:
    """A budget, or the settings of the call: what lies over everything else.

    Attributes:
        settings: values for the runs, the strongest last.
        seeds: seeds instead of the suite's, or None.
        metrics: metrics instead of the suite's, or None.
        name: how messages call it.
    """

    settings: tuple[Setting, ...] = ()
    seeds: tuple[int, ...] | None = None
    metrics: tuple[str, ...] | None = None
    name: str = ""

    def over(self, other: Variant) -> Variant:
        """Both, this one the stronger."""
        return Variant(
            (*other.settings, *self.settings),
            other.seeds if self.seeds is None else self.seeds,
            other.metrics if self.metrics is None else self.metrics,
            " and ".join(name for name in (other.name, self.name) if name),
        )


def read_variant(block: Mapping[str, Any], at: KeyPath) -> tuple[Variant, list[Problem]]:
    """A budget or the settings of the call; of the factors only the form is checked."""
    problems: list[Problem] = []
    read: dict[str, Any] = dict.fromkeys(OF_THE_SUITE)
    for name in read.keys() & block.keys():
        read[name], faults = read_value(SuiteFile, name, block[name], (*at, name))
        problems += faults
    if read["metrics"] is not None:
        problems += check_metrics(read["metrics"], (*at, "metrics"))
    factors = flatten_settings({key: value for key, value in block.items() if key not in read}, at)
    seeds = None if read["seeds"] is None else expand_seeds(read["seeds"])
    name = f" under budget {quote(at[1])}" if at[0] == "budgets" else ""
    return Variant(factors, seeds, read["metrics"], name), problems


def read_call(request: Request) -> tuple[Variant, list[Problem]]:
    """The arguments of the call."""
    variant, problems = read_variant(request.settings, ("--set",))
    if request.seeds is None:
        return variant, problems
    read, faults = read_value(SuiteFile, "seeds", request.seeds, ("--seeds",))
    own = Variant(seeds=None if read is None else expand_seeds(read))
    return own.over(variant), [*problems, *faults]
