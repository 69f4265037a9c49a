"""A suite that searches for settings first: one winner for each method and dataset, run again with fresh seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import pandas as pd

from bench.analysis import collect_trials, select_winners
from bench.errors import BenchError
from bench.metrics import METRICS
from bench.spec import RunSpec, WorkSpec
from bench.statuses import SEARCH_STAGE
from bench.suite.models.cells import Cell, lay_over
from bench.suite.models.suite import Fingerprint, ModelSuite, fingerprint_dataset
from bench.suite.reading.errors import Problem, SuiteError
from bench.suite.search.metric import SearchMetric, find_metric
from bench.suite.search.registered import SAMPLERS
from bench.suite.search.samplers import Configuration, Sampler, Told
from bench.suite.search.schema import SearchBlock
from bench.suite.search.space import describe_settings, list_dimensions
from bench.suite.suite import Results


@dataclass
class _Progress:
    """How far the search of one method on one dataset has come.

    Attributes:
        cell: the method on the dataset.
        sha256: fingerprint of the dataset.
        drawn: the configurations so far, by trial.
        specs: their runs.
    """

    cell: Cell
    sha256: str
    drawn: list[Configuration] = field(default_factory=list)
    specs: list[RunSpec] = field(default_factory=list)

    @property
    def place(self) -> tuple[str, str]:
        """Labels of the dataset and the method."""
        return self.cell.dataset.label, self.cell.method


@dataclass(frozen=True)
class _Winner:
    """The best of the trials of one method on one dataset.

    Attributes:
        trial: its number; None where no trial has a figure.
        value: its figure.
        succeeded: how many trials have one.
    """

    trial: int | None
    value: float
    succeeded: int


@dataclass(frozen=True, kw_only=True)
class SearchSuite(ModelSuite):
    """Generative models whose settings are searched for.

    Attributes:
        search: the search, with the number of trials that budgets and the call ask for.
        metric: what is chosen by.
    """

    search: SearchBlock
    metric: SearchMetric
    _prints: dict[str, str] = field(default_factory=dict, init=False, compare=False, repr=False)

    @classmethod
    def of(cls, suite: ModelSuite, search: SearchBlock) -> SearchSuite:
        """A suite with a search before it.

        Raises:
            SuiteError: if nothing can be chosen by its metric.
        """
        metric = find_metric(search.metric)
        if isinstance(metric, Problem):
            raise SuiteError([metric])
        given = {entry.name: getattr(suite, entry.name) for entry in fields(suite)}
        return cls(**given, search=search, metric=metric)

    @property
    def sampler(self) -> Sampler:
        """How configurations come about."""
        return SAMPLERS[self.search.sampler]

    def runs(self, fingerprint: Fingerprint = fingerprint_dataset) -> tuple[RunSpec, ...]:
        """The runs of the search that are known in advance: every dataset × method × trial."""
        progress = self._begin(fingerprint)
        return tuple(self._extend(progress, pd.DataFrame()))

    def stages(self, results: Results, fingerprint: Fingerprint = fingerprint_dataset) -> Iterator[Sequence[WorkSpec]]:
        """The runs of the search, at once or in rounds; then every winner with each of the suite's seeds.

        A method without a single figure on a dataset has no winner there, and no runs in the last stage.

        Args:
            results: gives the rows that are there when it is called.
            fingerprint: as for `runs`.

        Raises:
            BenchError: if a run of the search has no result when the next is to be chosen; as `runs`.
        """
        progress = self._begin(fingerprint)
        rows = pd.DataFrame()
        while batch := self._extend(progress, rows):
            yield batch
            rows = results()
            self._require_results(progress, rows)
        winners = self._select(progress, rows)
        yield [run for own in progress for run in self._list_runs(own, winners[own.place].trial)]

    def choices(self, rows: pd.DataFrame) -> Mapping[str, Any]:
        """What was searched for and the winners, once every run of the search has a result; else nothing."""
        progress = self._begin(fingerprint_dataset)
        while self._extend(progress, rows):
            if not self._lacking(progress, rows).empty:
                return {}
        winners = self._select(progress, rows)
        return {
            "metric": self.metric.column,
            "better": self.metric.better,
            "split": "validation",
            "sampler": self.sampler.describe(),
            "seed": self.search.seed,
            "trials": self.search.trials,
            "winners": [_describe_winner(own, winners[own.place]) for own in progress],
        }

    def to_plain(self) -> dict[str, Any]:
        """The suite as plain values that `load_suite` reads back to the same runs."""
        return super().to_plain() | {"search": self.search.to_plain()}

    def _begin(self, fingerprint: Fingerprint) -> list[_Progress]:
        for dataset in self.datasets:
            if dataset.label not in self._prints:
                self._prints[dataset.label] = fingerprint(dataset.name, dataset.parameters)
        return [_Progress(cell, self._prints[cell.dataset.label]) for cell in self.cells]

    def _extend(self, progress: Sequence[_Progress], rows: pd.DataFrame) -> list[RunSpec]:
        """Runs of the next trials of every method and dataset; none once there are enough."""
        batch: list[RunSpec] = []
        for own in progress:
            dimensions = list_dimensions(self.search, own.cell.method, own.cell.model.family)
            told = self._tell(own, rows)
            new = self.sampler.propose(dimensions, self.search, self.search.trials, told, self.metric.better)
            for settings in new:
                own.specs.append(self._specify_trial(own, settings))
                own.drawn.append(settings)
            batch += own.specs[len(told) :]
        return batch

    def _specify_trial(self, own: _Progress, settings: Configuration) -> RunSpec:
        trial = len(own.specs)
        spec = self._specify(self._resolve(own.cell, settings), self.search.training_seed(trial), own.sha256)
        protocol = self.metric.protocol
        return spec.model_copy(
            update={
                "stage": SEARCH_STAGE,
                "trial": trial,
                "evaluation": spec.evaluation.model_copy(update={"split": "validation"}),
                "metrics": (protocol,),
                "protocols": {protocol: METRICS[protocol].label},
            }
        )

    def _resolve(self, cell: Cell, settings: Configuration) -> Cell:
        resolved, problems = lay_over(cell, settings)
        if resolved is None:
            raise SuiteError(problems)
        return resolved

    def _tell(self, own: _Progress, rows: pd.DataFrame) -> list[Told]:
        if not own.specs:
            return []
        values = self._collect([own], rows)["value"]
        pairs = zip(own.drawn, values, strict=True)
        return [Told(drawn, None if pd.isna(value) else float(value)) for drawn, value in pairs]

    def _collect(self, progress: Sequence[_Progress], rows: pd.DataFrame) -> pd.DataFrame:
        """The trials so far, a row each, under the names that they have now."""
        names = {spec.run_id: spec for own in progress for spec in own.specs}
        mine = rows[rows["run_id"].isin(names.keys())]
        specs = [names[run_id] for run_id in mine["run_id"]]
        labels = {name: [getattr(spec, name) for spec in specs] for name in ("dataset", "method", "trial")}
        return collect_trials(mine.assign(**labels), self.metric.column)

    def _select(self, progress: Sequence[_Progress], rows: pd.DataFrame) -> dict[tuple[str, str], _Winner]:
        """The winners, by dataset and method."""
        found = select_winners(self._collect(progress, rows), self.metric.better).to_dict(orient="records")
        return {
            (row["dataset"], row["method"]): _Winner(
                None if pd.isna(row["trial"]) else int(row["trial"]), float(row["value"]), int(row["succeeded"])
            )
            for row in found
        }

    def _list_runs(self, own: _Progress, trial: int | None) -> list[RunSpec]:
        """The winner with every seed of the suite."""
        if trial is None:
            return []
        first = self._specify(self._resolve(own.cell, own.drawn[trial]), self.seeds[0], own.sha256)
        first = first.model_copy(update={"trial": trial})
        return [first.with_seed(seed) for seed in self.seeds]

    def _lacking(self, progress: Sequence[_Progress], rows: pd.DataFrame) -> pd.Series[str]:
        ids = pd.Series([spec.run_id for own in progress for spec in own.specs], dtype=object)
        return ids if rows.empty else ids[~ids.isin(rows["run_id"])]

    def _require_results(self, progress: Sequence[_Progress], rows: pd.DataFrame) -> None:
        lacking = self._lacking(progress, rows)
        if len(lacking):
            total = sum(len(own.specs) for own in progress)
            raise BenchError(
                f"{self.name}: {len(lacking)} of {total} search runs have no result yet; expected all of them before a "
                "winner is chosen; run the same command again"
            )


def _describe_winner(own: _Progress, winner: _Winner) -> dict[str, Any]:
    dataset, method = own.place
    told = {"dataset": dataset, "method": method, "succeeded": winner.succeeded, "trial": winner.trial}
    if winner.trial is None:
        return told
    return told | {"value": winner.value, "settings": dict(describe_settings(own.drawn[winner.trial]))}
