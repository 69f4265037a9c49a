"""Runs arranged for comparing methods: who ran on which seeds, who failed, and who is better by which metric."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.analysis.estimates import take_errors
from bench.analysis.measured import list_metrics
from bench.analysis.statistics import collect_figures
from bench.column import Column, Columns
from bench.errors import UnknownNameError
from bench.statuses import RESULTS, Status

_STATUSES = [status.value for status in RESULTS]
_PLACE = ["dataset", "method", "seed"]


@dataclass(frozen=True)
class Contest:
    """The figures of one metric on one dataset, measured by one protocol.

    Attributes:
        dataset: the dataset.
        metric: the metric.
        protocol: what it was measured by.
        better: 1 where higher figures are better, −1 where lower ones are.
        methods: those that the metric applies to, in order of appearance.
        seeds: all that any of them ran on.
        values: figures, shape (seeds, methods), NaN where there is none.
        failed: where a run ended without finishing.
        bounds: where a figure is but a bound from below, at the estimate's ceiling.
    """

    dataset: str
    metric: str
    protocol: str
    better: int
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    values: np.ndarray
    failed: np.ndarray
    bounds: np.ndarray

    @property
    def scores(self) -> np.ndarray:
        """Figures with the better end up, shape (seeds, methods): −inf for failed runs, NaN where nothing ran."""
        return np.where(self.failed, -np.inf, self.better * self.values)


def list_contests(runs: pd.DataFrame, columns: Columns, metrics: Collection[str] | None = None) -> Iterator[Contest]:
    """Every dataset, metric and protocol by which two methods at least can be compared.

    A method takes part where it has a figure. One that finished nowhere on a dataset takes part where it has figures of
    the metric on another dataset; where it has none at all, in metrics that every method there has. Of runs of
    estimators the figure is the error, |estimate − exact value|.

    Args:
        runs: runs as `identify_runs` gives them.
        columns: the declared columns.
        metrics: names of the metrics; by default all with a better end that depend on the run.

    Raises:
        UnknownNameError: if there are no figures of a metric that is named.
    """
    measured = take_errors(runs)
    chosen = choose_metrics(measured, columns, metrics)
    figures = collect_figures(measured, columns)
    figures = figures[figures["metric"].isin(set(chosen))]
    failures = _find_failures(runs)
    having = figures.groupby("metric")["method"].agg(set).to_dict()
    order = runs["method"].unique().tolist()
    for (dataset, metric, protocol), own in figures.groupby(["dataset", "metric", "protocol"], sort=False):
        failed = failures[failures["dataset"] == dataset]
        finished = set(runs.loc[(runs["dataset"] == dataset) & (runs["status"] == Status.DONE), "method"])
        present = set(own["method"])
        # what every finished method has, a method would have that never finished
        all_have = present >= finished
        lost = {
            name
            for name in set(failed["method"]) - finished
            if name in having[metric] or (all_have and not _has_finished(runs, name))
        }
        methods = tuple(name for name in order if name in present | lost)
        if len(methods) > 1:
            yield _arrange(own, failed, methods, columns.describe(str(metric)), str(dataset), str(protocol))


def choose_metrics(runs: pd.DataFrame, columns: Columns, metrics: Collection[str] | None) -> list[str]:
    """Names of the metrics to compare by, in the order of printing.

    Raises:
        UnknownNameError: if there are no figures of a metric that is named.
    """
    there = list_metrics(runs, columns)
    if metrics is None:
        return [name for name in there if _is_comparable(columns.describe(name))]
    for name in metrics:
        if name not in there:
            raise UnknownNameError("metric of these results", name, there)
    return [name for name in there if name in set(metrics)]


def _is_comparable(column: Column) -> bool:
    return column.better is not None and not column.fixed


def _has_finished(runs: pd.DataFrame, method: str) -> bool:
    return bool(((runs["method"] == method) & (runs["status"] == Status.DONE)).any())


def _find_failures(runs: pd.DataFrame) -> pd.DataFrame:
    """Dataset, method and seed of the runs that ended and never finished."""
    ended = runs[runs["status"].isin(_STATUSES)]
    done = (ended["status"] == Status.DONE).groupby([ended[name] for name in _PLACE]).any()
    return done[~done].reset_index()[_PLACE]


def _arrange(
    figures: pd.DataFrame, failed: pd.DataFrame, methods: Sequence[str], column: Column, dataset: str, protocol: str
) -> Contest:
    lost = failed[failed["method"].isin(set(methods))]
    seeds = sorted({*figures["seed"], *lost["seed"]})
    rows, places = pd.Index(seeds), pd.Index(methods)
    shape = (len(seeds), len(methods))
    values, bounds, ended = np.full(shape, np.nan), np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    at = rows.get_indexer(pd.Index(figures["seed"])), places.get_indexer(pd.Index(figures["method"]))
    values[at], bounds[at] = figures["value"], figures["reach"] >= 1
    ended[rows.get_indexer(pd.Index(lost["seed"])), places.get_indexer(pd.Index(lost["method"]))] = True
    better = 1 if column.better == "higher" else -1
    return Contest(
        dataset, column.name, protocol, better, tuple(methods), tuple(map(int, seeds)), values, ended, bounds
    )


__all__ = ["Contest", "choose_metrics", "list_contests"]
