"""Budgets and the arguments of the call, in a suite of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from bench.suite.checks import report_unknown_key
from bench.suite.models.checks import check_metrics
from bench.suite.models.schema import SuiteFile
from bench.suite.reading.errors import KeyPath, Problem, quote
from bench.suite.reading.fields import read_value
from bench.suite.reading.keys import Keys
from bench.suite.reading.wording import validate
from bench.suite.request import Request
from bench.suite.schema import DatasetEntry, expand_seeds
from bench.suite.search.schema import Trials
from bench.suite.settings import Setting, flatten_settings

OF_THE_SUITE: Keys = {name: SuiteFile.model_fields[name].annotation for name in ("seeds", "metrics", "datasets")}
"""What a variant sets beside settings of runs."""
_TRIALS: TypeAdapter[int] = TypeAdapter(Trials)


@dataclass(frozen=True)
class Variant:
    """A budget, or the settings of the call: what lies over everything else.

    Attributes:
        settings: values for the runs, the strongest last.
        seeds: seeds instead of the suite's, or None.
        metrics: metrics instead of the suite's, or None.
        datasets: labels of those of the suite's datasets that are taken, or None for all.
        trials: the number of trials of the search, a setting of its own, or None.
        name: how messages call it.
    """

    settings: tuple[Setting, ...] = ()
    seeds: tuple[int, ...] | None = None
    metrics: tuple[str, ...] | None = None
    datasets: tuple[str, ...] | None = None
    trials: Setting | None = None
    name: str = ""

    def over(self, other: Variant) -> Variant:
        """Both, this one the stronger."""
        return Variant(
            (*other.settings, *self.settings),
            other.seeds if self.seeds is None else self.seeds,
            other.metrics if self.metrics is None else self.metrics,
            other.datasets if self.datasets is None else self.datasets,
            other.trials if self.trials is None else self.trials,
            " and ".join(name for name in (other.name, self.name) if name),
        )

    def takes(self, dataset: str) -> bool:
        """Whether a dataset of the suite, by its label, is among those that are taken."""
        return self.datasets is None or dataset in self.datasets


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
    of_search = [setting for setting in factors if setting.key[0] == "search"]
    factors = tuple(setting for setting in factors if setting.key[0] != "search")
    trials, faults = _read_trials(of_search)
    problems += faults
    seeds = None if read["seeds"] is None else expand_seeds(read["seeds"])
    name = f" under budget {quote(at[1])}" if at[0] == "budgets" else ""
    datasets = None if read["datasets"] is None else tuple(map(_label, read["datasets"]))
    return Variant(factors, seeds, read["metrics"], datasets, trials, name), problems


def _label(entry: str | DatasetEntry) -> str:
    return DatasetEntry(name=entry).label if isinstance(entry, str) else entry.label


def _read_trials(settings: Sequence[Setting]) -> tuple[Setting | None, list[Problem]]:
    """The number of trials of the search: all of it that a variant can set."""
    trials: Setting | None = None
    problems: list[Problem] = []
    for setting in settings:
        if setting.key != ("search", "trials"):
            problems.append(report_unknown_key(setting, ["search.trials"], {"search": {"trials": int}}))
            continue
        outcome = validate(_TRIALS, setting.value, int)
        if isinstance(outcome, list):
            problems += [problem.move(setting.source) for problem in outcome]
        else:
            trials = setting
    return trials, problems


def read_call(request: Request) -> tuple[Variant, list[Problem]]:
    """The arguments of the call."""
    variant, problems = read_variant(request.settings, ("--set",))
    if request.seeds is None:
        return variant, problems
    read, faults = read_value(SuiteFile, "seeds", request.seeds, ("--seeds",))
    own = Variant(seeds=None if read is None else expand_seeds(read))
    return own.over(variant), [*problems, *faults]
