"""The verbs that read results: load, columns, status, report. Nothing here needs torch or ray."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from bench.analysis import pictured_runs, settings_columns
from bench.column import Column, Columns
from bench.errors import ArgumentError, BenchError
from bench.reporting import render
from bench.results import (
    RunStore,
    Snapshot,
    columns_frame,
    finish_frame,
    load_curves,
    load_pictures,
    open_results,
    planned_rows,
    read_columns,
    read_plan,
)

Which = Literal["suite", "all"]


class ResultsWarning(UserWarning):
    """A file in a folder of results that is left out."""


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
    store, snapshot = open_results(path)
    warn_of(snapshot.problems)
    rows = _chosen(store, snapshot, variants, references=references)
    if curves:
        points = load_curves(store, snapshot)
        return points[points["run_id"].isin(set(rows["run_id"]))].reset_index(drop=True)
    if settings:
        rows = pd.concat([rows, settings_columns(rows, known_columns(store))], axis="columns")
    return rows


def columns(path: str | Path) -> pd.DataFrame:
    """The data dictionary of a suite's results: what each column of `load` means.

    Returns:
        A row per column, in its order: name, label, unit, better end, protocol, description, …

    Raises:
        BenchError: if there are no results at `path`.
    """
    store, snapshot = open_results(path)
    known = known_columns(store)
    names = _chosen(store, snapshot, "all").columns
    return columns_frame(Columns.of(_described(name, known) for name in names))


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
    store, snapshot = open_results(path)
    warn_of(snapshot.problems)
    runs = _chosen(store, snapshot, "suite")
    points = load_curves(store, snapshot)
    pictures = load_pictures(store, snapshot, pictured_runs(runs))
    beside = _chosen(store, snapshot, "suite", references=True)
    described = columns_frame(known_columns(store))
    target = Path(out) if out is not None else store.report
    try:
        return render(runs, points, pictures, store.suite(), target, references=beside, columns=described)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BenchError(
            f"{target}: the report cannot be written ({reason}); choose another folder with --out"
        ) from error


def status(path: str | Path) -> pd.DataFrame:
    """How many runs of each dataset and method ended how.

    Returns:
        A row for each dataset and variant of a method, a column for each status that occurs.

    Raises:
        BenchError: if there are no results at `path`.
    """
    return count_statuses(load(path))


def count_statuses(runs: pd.DataFrame) -> pd.DataFrame:
    """How many of some runs ended how, as `status` gives it."""
    return pd.crosstab([runs["dataset"], runs["variant"].rename("method")], runs["status"])


def _chosen(store: RunStore, snapshot: Snapshot, variants: str, *, references: bool = False) -> pd.DataFrame:
    """Rows of a store with their variants."""
    if variants not in ("suite", "all"):
        raise ArgumentError(f"variants: found {variants!r}; expected 'suite' or 'all'")
    rows = (snapshot.references if references else snapshot.runs).frame
    chosen = planned_rows(rows, read_plan(store)) if variants == "suite" else rows.reset_index(drop=True)
    return finish_frame(chosen, known_columns(store))


def known_columns(store: RunStore) -> Columns:
    """What the store says of its columns; if an earlier version wrote it, which said nothing, what is known here."""
    stored = read_columns(store)
    if stored:
        return stored
    from bench.dictionary import declared_columns  # imports torch, which reading does without

    return declared_columns()


def _described(name: str, known: Columns) -> Column:
    if name.startswith("protocol_"):
        metric = name.removeprefix("protocol_")
        text = f"Name and version of the protocol that {metric} was measured by."
        return Column(name, f"Protocol of {metric}", text, role="provenance", protocol=metric)
    return known.describe(name)


def warn_of(problems: Sequence[str]) -> None:
    for problem in problems:
        warnings.warn(problem, ResultsWarning, stacklevel=3)


__all__ = ["ResultsWarning", "columns", "count_statuses", "load", "report", "status"]
