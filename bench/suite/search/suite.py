"""A suite that searches for settings first: one winner for each method and dataset, run again with fresh seeds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from bench.suite.search.rung import choose_promoted, list_lacking, shorten
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
        specs: the runs that a winner is chosen among: those of all trials, or of those that went on at the rung.
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
        return tuple(next(self._rounds(self._begin(fingerprint), pd.DataFrame)))

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
        for batch in self._rounds(progress, results):
            yield batch
            self._require_results(batch, results())
        winners = self._select(progress, results())
        yield [run for own in progress for run in self._list_runs(own, winners[own.place].trial)]

    def choices(self, rows: pd.DataFrame) -> Mapping[str, Any]:
        """What was searched for and the winners, once every run of the search has a result; else nothing."""
        progress = self._begin(fingerprint_dataset)
        for batch in self._rounds(progress, rows.copy):
            if list_lacking(batch, rows):
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

    def _rounds(self, progress: Sequence[_Progress], results: Results) -> Iterator[list[RunSpec]]:
        """The runs of the search, each batch to be done before the next is asked for."""
        rows, rung = pd.DataFrame(), self.search.rung
        while batch := self._extend(progress, rows):
            if rung is not None:
                shorter = {own.place: [shorten(spec, rung) for spec in own.specs] for own in progress}
                yield [spec for specs in shorter.values() for spec in specs]
                rows = results()
                for own in progress:
                    judged = self._collect(shorter[own.place], rows)
                    own.specs = choose_promoted(own.specs, judged, self.metric.better, rung)
                batch = [spec for own in progress for spec in own.specs]
            yield batch
            rows = results()

    def _extend(self, progress: Sequence[_Progress], rows: pd.DataFrame) -> list[RunSpec]:
        """Runs of the next trials of every method and dataset; none once there are enough."""
        batch: list[RunSpec] = []
        for own in progress:
            dimensions = list_dimensions(self.search, own.cell.method, own.cell.model.family)
            told = self._tell(own, rows)
            new = self.sampler.propose(dimensions, self.search, self.search.trials, told, self.metric.better)
            for settings in new:
                spec = self._specify_trial(own, settings)
                batch.append(spec)
                own.specs.append(spec)
                own.drawn.append(settings)
        return batch

    def _specify_trial(self, own: _Progress, settings: Configuration) -> RunSpec:
        trial = len(own.drawn)
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
        if not own.drawn:
            return []
        found = self._collect(own.specs, rows)
        values = dict(zip(found["trial"], found["value"], strict=True))
        pairs = ((drawn, values.get(trial)) for trial, drawn in enumerate(own.drawn))
        return [Told(drawn, None if pd.isna(value) else float(value)) for drawn, value in pairs]

    def _collect(self, trials: Iterable[RunSpec], rows: pd.DataFrame) -> pd.DataFrame:
        """The trials, a row each, under the names that they have now."""
        names = {spec.run_id: spec for spec in trials}
        mine = rows[rows["run_id"].isin(names.keys())]
        specs = [names[run_id] for run_id in mine["run_id"]]
        labels = {name: [getattr(spec, name) for spec in specs] for name in ("dataset", "method", "trial")}
        return collect_trials(mine.assign(**labels), self.metric.column)

    def _select(self, progress: Sequence[_Progress], rows: pd.DataFrame) -> dict[tuple[str, str], _Winner]:
        """The winners, by dataset and method."""
        trials = self._collect([spec for own in progress for spec in own.specs], rows)
        found = select_winners(trials, self.metric.better).to_dict(orient="records")
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

    def _require_results(self, batch: Sequence[RunSpec], rows: pd.DataFrame) -> None:
        lacking = list_lacking(batch, rows)
        if lacking:
            raise BenchError(
                f"{self.name}: {len(lacking)} of {len(batch)} search runs have no result yet; expected all of them "
                "before a winner is chosen; run the same command again"
            )


def _describe_winner(own: _Progress, winner: _Winner) -> dict[str, Any]:
    dataset, method = own.place
    told = {"dataset": dataset, "method": method, "succeeded": winner.succeeded, "trial": winner.trial}
    if winner.trial is None:
        return told
    return told | {"value": winner.value, "settings": dict(describe_settings(own.drawn[winner.trial]))}
