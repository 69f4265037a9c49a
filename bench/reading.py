"""The verbs that read results: load, columns, status, report. Nothing here needs torch or ray."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from bench.analysis import pictured_runs, settings_columns
from bench.column import Column, Columns
from bench.errors import ArgumentError, BenchError
from bench.reporting import render
from bench.results import (
    PROTOCOL,
    RunStore,
    Snapshot,
    columns_frame,
    finish_frame,
    load_curves,
    load_pictures,
    open_results,
    open_store,
    planned_rows,
    read_columns,
    read_plan,
    read_progress,
)

Which = Literal["suite", "all"]


class ResultsWarning(UserWarning):
    """A file in a folder of results that is left out."""


@dataclass(frozen=True)
class ReadResults:
    """One reading of a suite's results.

    Attributes:
        store: where they are.
        snapshot: what is there.
        plan: what the suite stands for; None where nothing says it.
        columns: what is known of the columns.
    """

    store: RunStore
    snapshot: Snapshot
    plan: pd.DataFrame | None
    columns: Columns

    def rows(self, variants: Which = "suite", *, references: bool = False) -> pd.DataFrame:
        """Runs, or rows of real data; see `load`.

        Raises:
            ArgumentError: if `variants` is neither "suite" nor "all".
        """
        if variants not in ("suite", "all"):
            raise ArgumentError(f"variants: found {variants!r}; expected 'suite' or 'all'")
        rows = (self.snapshot.references if references else self.snapshot.runs).frame
        chosen = planned_rows(rows, self.plan) if variants == "suite" else rows.reset_index(drop=True)
        return finish_frame(chosen, self.columns)

    @property
    def hidden(self) -> int:
        """How many runs the suite does not stand for any more."""
        return len(self.snapshot.runs.frame) - len(planned_rows(self.snapshot.runs.frame, self.plan))


def read_results(path: str | Path) -> ReadResults:
    """Read a suite's results, each file once; files that are left out are warned of.

    Raises:
        BenchError: if there are no results at `path`.
    """
    store, snapshot = open_results(path)
    warn_of(snapshot.problems)
    return ReadResults(store, snapshot, read_plan(store), read_columns(store) or _declared_columns())


def load(
    path: str | Path,
    *,
    curves: bool = False,
    references: bool = False,
    settings: bool = False,
    variants: Which = "suite",
) -> pd.DataFrame:
    """Results of a suite as a DataFrame.

    The column `variant` tells apart what one method's name stands for: it is the method's name, or says how settings
    differ where the rows have several under that name. `settings_id` is the same as a hash.

    Args:
        path: the suite's folder of results, such as "results/quickstart"; one that holds compacted files alone will do.
        curves: whether to load learning curves (run_id, step, metric, value) in place of a row per run.
        references: whether to load the rows of real data, measured in the models' place, instead of the runs.
        settings: whether to add every setting as a column: `training.lr`, `network.latent`, …
        variants: "suite" for the runs that the suite stands for as it was last run, with all their seeds; "all" for
            those too that it was run with before under other settings.

    Raises:
        ArgumentError: if `variants` is neither.
        BenchError: if there are no results at `path`.
    """
    results = read_results(path)
    rows = results.rows(variants, references=references)
    if curves:
        points = load_curves(results.store, results.snapshot)
        return points[points["run_id"].isin(set(rows["run_id"]))].reset_index(drop=True)
    if settings:
        rows = pd.concat([rows, settings_columns(rows, results.columns)], axis="columns")
    return rows


def columns(path: str | Path) -> pd.DataFrame:
    """The data dictionary of a suite's results: what each column of `load` means.

    Returns:
        A row per column, in its order: name, label, unit, better end, protocol, description, …

    Raises:
        BenchError: if there are no results at `path`.
    """
    results = read_results(path)
    return columns_frame(Columns.of(_describe(name, results.columns) for name in results.rows("all").columns))


def report(path: str | Path, *, out: str | Path | None = None) -> Path:
    """Write the report of a suite's results: a page, tables and figures.

    Args:
        path: the suite's folder of results.
        out: folder of the report; by default `report` within the results.

    Returns:
        The path of index.html.

    Raises:
        BenchError: if there are no results at `path`, or the report cannot be written.
    """
    results = read_results(path)
    runs = results.rows()
    points = load_curves(results.store, results.snapshot)
    pictures = load_pictures(results.store, results.snapshot, pictured_runs(runs))
    beside = results.rows(references=True)
    suite, described = results.store.suite(), columns_frame(results.columns)
    target = Path(out) if out is not None else results.store.report
    try:
        return render(runs, points, pictures, suite, target, references=beside, columns=described)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BenchError(
            f"{target}: the report cannot be written ({reason}); choose another folder with --out"
        ) from error


def status(path: str | Path) -> pd.DataFrame:
    """How many runs of each dataset and method are in which state, also while the suite runs.

    Returns:
        A row for each dataset and method, in the suite's order; a column for each status that occurs, then `running`
        and `to_do` where there are such runs.

    Raises:
        BenchError: if there are no results at `path`.
    """
    progress = read_progress(open_store(path))
    warn_of(progress.problems)
    return progress.counts


def _declared_columns() -> Columns:
    """What is known here of columns, for results of an earlier version, which said nothing of them."""
    from bench.dictionary import declared_columns  # imports torch, which reading does without

    return declared_columns()


def _describe(name: str, known: Columns) -> Column:
    if name.startswith(PROTOCOL):
        metric = name.removeprefix(PROTOCOL)
        text = f"Name and version of the protocol that {metric} was measured by."
        return Column(name, f"Protocol of {metric}", text, role="provenance", protocol=metric)
    return known.describe(name)


def warn_of(problems: Sequence[str]) -> None:
    """Warn of the files that are left out."""
    for problem in problems:
        warnings.warn(problem, ResultsWarning, stacklevel=4)


__all__ = ["ReadResults", "ResultsWarning", "columns", "load", "read_results", "report", "status"]
