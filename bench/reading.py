"""The verbs that read results: load, columns, status, report, compare. Nothing here needs torch or ray."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from bench.analysis import pictured_runs, settings_columns
from bench.analysis.comparison import COMPARISON, compare_results
from bench.analysis.filters import Wanted, keep_rows
from bench.column import Column, Columns
from bench.errors import ArgumentError, BenchError
from bench.notebook import show_headlines
from bench.reporting import render
from bench.results import (
    PROTOCOL,
    RunStore,
    Snapshot,
    columns_frame,
    earlier_rows,
    finish_frame,
    load_curves,
    load_pictures,
    open_results,
    open_store,
    planned_rows,
    read_columns,
    read_plan,
    read_progress,
    rows_of_stage,
)
from bench.statuses import MAIN_STAGE, SEARCH_STAGE, SEARCH_STAGES

Which = Literal["suite", "all"]
StageName = Literal["main", "search", "rung"]
_STAGES = (MAIN_STAGE, *SEARCH_STAGES)


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

    def rows(
        self, variants: Which = "suite", *, references: bool = False, stage: StageName = MAIN_STAGE
    ) -> pd.DataFrame:
        """Runs, or rows of real data; see `load`.

        Raises:
            ArgumentError: if `variants` is neither "suite" nor "all", or `stage` is unknown.
        """
        if stage not in _STAGES:
            raise ArgumentError(f"stage: found {stage!r}; expected 'main', 'search' or 'rung'")
        if variants not in ("suite", "all"):
            raise ArgumentError(f"variants: found {variants!r}; expected 'suite' or 'all'")
        rows = (self.snapshot.references if references else self.snapshot.runs).frame
        chosen = planned_rows(rows, self.plan) if variants == "suite" else rows.reset_index(drop=True)
        return finish_frame(rows_of_stage(chosen, stage), self.columns)

    def curves(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Learning curves of some of the runs: `run_id, step, metric, value`."""
        points = load_curves(self.store, self.snapshot)
        return points[points["run_id"].isin(set(rows["run_id"]))].reset_index(drop=True)

    def earlier(self) -> pd.DataFrame:
        """Of each run the row that was recorded before the present one; see `bench.results.history`."""
        runs = self.snapshot.runs.frame
        return finish_frame(earlier_rows(self.store, runs, planned_rows(runs, self.plan)), self.columns)

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
    path: str | Path | Sequence[str | Path],
    *,
    curves: bool = False,
    references: bool = False,
    settings: bool = False,
    variants: Which = "suite",
    stage: StageName = MAIN_STAGE,
    dataset: Wanted = None,
    method: Wanted = None,
    status: Wanted = None,
) -> pd.DataFrame:
    """Results of a suite, or of several, as a DataFrame.

    The column `variant` tells apart what one method's name stands for: it is the method's name, or says how settings
    differ where the rows have several under that name. `settings_id` is the same as a hash.

    Args:
        path: the suite's folder of results, such as "results/quickstart"; one that holds compacted files alone will do.
            Of several, each row says in the column `results` where it is from.
        curves: whether to load learning curves (run_id, step, metric, value) in place of a row per run.
        references: whether to load the rows of real data, measured in the models' place, instead of the runs.
        settings: whether to add every setting as a column: `training.lr`, `network.latent`, …
        variants: "suite" for the runs that the suite stands for as it was last run, with all their seeds; "all" for
            those too that it was run with before under other settings.
        stage: "main" for the runs that are compared; "search" for those that settings were chosen by, a row per trial,
            measured on the validation split; "rung" for the shorter ones that decided which trials were trained in
            full, where the search has a rung.
        dataset: only these, by the names that the suite has for them.
        method: likewise.
        status: likewise, such as "done".

    Raises:
        ArgumentError: if `variants` or `stage` is none of these, or there are no such rows as are asked for.
        BenchError: if there are no results at `path`.
    """
    read = read_all(path)
    every = {}
    for name, results in read.items():
        rows = results.rows(variants, references=references, stage=stage)
        more = [settings_columns(rows, results.columns)] if settings else []
        every[name] = pd.concat([rows, *more], axis="columns")
    wanted = keep_rows(_join(every), {"dataset": dataset, "method": method, "status": status})
    if curves:
        return _join({name: results.curves(wanted) for name, results in read.items()})
    return show_headlines(wanted, Columns.of(column for own in read.values() for column in own.columns.values()))


def read_all(path: str | Path | Sequence[str | Path]) -> dict[str, ReadResults]:
    """One suite's results or several, by their paths.

    Raises:
        BenchError: if there is no path, or there are no results at one.
    """
    paths = [path] if isinstance(path, str | Path) else list(path)
    if not paths:
        raise ArgumentError("found no results to read; expected a folder such as results/quickstart, or several")
    return {str(one): read_results(one) for one in paths}


def name_results(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One under the other, with a column `results` that says which is whose."""
    parts = [frame.assign(results=path) for path, frame in frames.items()]
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def _join(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """As `name_results`; one alone as it is."""
    return next(iter(frames.values())) if len(frames) == 1 else name_results(frames)


def columns(path: str | Path) -> pd.DataFrame:
    """The data dictionary of a suite's results: what each column of `load` means.

    Returns:
        A row per column, in its order: name, label, unit, better end, protocol, description, …

    Raises:
        BenchError: if there are no results at `path`.
    """
    results = read_results(path)
    return columns_frame(Columns.of(_describe(name, results.columns) for name in results.rows("all").columns))


@dataclass(frozen=True)
class ToCompare:
    """Two sets of rows.

    Attributes:
        before: the earlier ones.
        after: the later ones.
        names: where each is from.
        columns: what is known of the columns of both.
    """

    before: pd.DataFrame
    after: pd.DataFrame
    names: tuple[str, str]
    columns: Columns

    def compare(self, metrics: Collection[str] | None = None) -> pd.DataFrame:
        """See `compare`."""
        if self.before.empty or self.after.empty:
            return pd.DataFrame(columns=COMPARISON)
        return compare_results(self.before, self.after, self.columns, metrics=metrics)


def read_both(a: str | Path, b: str | Path | None = None, *, with_last: bool = False) -> ToCompare:
    """Read what `compare` compares.

    Raises:
        ArgumentError: if there are not two sets of rows.
        BenchError: if there are no results.
    """
    if (b is None) != with_last:
        raise ArgumentError("compare: expected two folders of results, or one and --with-last (with_last=True)")
    after = read_results(a if b is None else b)
    if b is None:
        place = after.store.location
        return ToCompare(after.earlier(), after.rows(), (f"{place}, rows before", f"{place}, now"), after.columns)
    before = read_results(a)
    columns = Columns.of([*before.columns.values(), *after.columns.values()])
    return ToCompare(before.rows(), after.rows(), (before.store.location, after.store.location), columns)


def compare(
    a: str | Path, b: str | Path | None = None, *, with_last: bool = False, metrics: Sequence[str] | None = None
) -> pd.DataFrame:
    """Compare the runs that two sets of results share: what is better, worse, within noise, or cannot be told.

    Runs are the same where their settings and data are, whatever code or machine made them; they are paired by seed.

    Args:
        a: the earlier results, such as "results/quickstart".
        b: the later ones.
        with_last: compare the present rows of `a` with those that were there before, instead of with `b`: rows that
            were run again (`--retry done`) or measured again (`evaluate`).
        metrics: by default all with a better end.

    Returns:
        A row per dataset, method and metric, the verdict in `verdict`; see `bench.analysis.comparison.compare_results`.
        Without rows where there is nothing earlier.

    Raises:
        ArgumentError: if there are not two sets of rows, or a metric is not among the results.
        BenchError: if there are no results, or they have nothing in common.
    """
    return read_both(a, b, with_last=with_last).compare(metrics)


def report(path: str | Path, *, out: str | Path | None = None) -> Path:
    """Write the report of a suite's results: a page, tables and figures.

    Args:
        path: the suite's folder of results, or its URI in an object store.
        out: folder of the report; by default `report` within the results, or for those in an object store
            `<name>-report` in the working directory.

    Returns:
        The path of index.html.

    Raises:
        ArgumentError: if `out` is a URI.
        BenchError: if there are no results at `path`, or the report cannot be written.
    """
    if out is not None and re.match(r"[a-z0-9+]{2,}:/", str(out)):
        raise ArgumentError(f"--out: found {out}; expected a folder of this machine: reports are written to no other")
    results = read_results(path)
    runs = results.rows()
    points = load_curves(results.store, results.snapshot)
    pictures = load_pictures(results.store, results.snapshot, pictured_runs(runs))
    beside = results.rows(references=True)
    suite, described = results.store.suite(), columns_frame(results.columns)
    search, choices = results.rows(stage=SEARCH_STAGE), results.store.choices()
    target = Path(out) if out is not None else results.store.report
    try:
        return render(runs, points, pictures, suite, target, beside, described, search, choices)
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


__all__ = [
    "ReadResults",
    "ResultsWarning",
    "ToCompare",
    "columns",
    "compare",
    "load",
    "read_both",
    "read_results",
    "report",
    "status",
]
