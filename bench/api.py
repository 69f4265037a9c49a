"""The verbs: run, evaluate, load, report, status, check, fetch, columns. The command line and Python call the same."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from rich.console import Console

from bench.analysis import pictured_runs, settings_columns, variant_labels
from bench.column import Column, Columns
from bench.datasets import fetch as fetch_dataset
from bench.dictionary import declared_columns
from bench.errors import ArgumentError, BenchError
from bench.launch import Options
from bench.metrics import load_extractor
from bench.registry import load_entry_points
from bench.reporting import render
from bench.results import (
    RunStore,
    Snapshot,
    columns_frame,
    load_curves,
    load_pictures,
    open_results,
    planned_rows,
    read_columns,
    read_plan,
)
from bench.session import prepare, prepare_evaluation
from bench.suite import load_suite, read_plain, trial_settings

Which = Literal["suite", "all"]


class ResultsWarning(UserWarning):
    """A file in a folder of results that is left out."""


def run(
    suite: str | Path | Mapping[str, Any],
    *,
    out: str | Path = "results",
    budget: str | None = None,
    seeds: int | Sequence[int] | None = None,
    settings: Mapping[str, Any] | None = None,
    retry: Iterable[str] = (),
    inline: bool = False,
    address: str | None = None,
    weights: bool = True,
) -> pd.DataFrame:
    """Run what is missing of a suite and return its results; running it again resumes it.

    Args:
        suite: path of a suite file, or its content as a dictionary.
        out: folder of all results; the suite's are in `<out>/<name>`.
        budget: name of a budget of the suite, such as "smoke".
        seeds: number of seeds, or a list of them, in place of the suite's.
        settings: dotted keys to set over everything else: {"training.steps": 100}.
        retry: statuses to run again, such as "failed", or "weights": finished runs whose weights are gone or broken.
        inline: run in this process, without ray.
        address: a running ray cluster; by default ray is started on this machine.
        weights: whether to keep trained models' weights beside the runs' files, for `evaluate`.

    Returns:
        A row per run, as `load` gives them.

    Raises:
        ArgumentError: if the suite or an argument is wrong; nothing is started then.
        BenchError: if data is missing, or results cannot be written.
    """
    session = prepare(suite, out=out, budget=budget, seeds=seeds, settings=settings, retry=retry)
    session.execute(Options(_launcher(inline), address, keep_weights=weights), Console(stderr=True))
    _warn(session.snapshot.problems)
    return _with_variants(session.results())


def evaluate(
    path: str | Path,
    metrics: str | Sequence[str],
    *,
    recompute: bool = False,
    inline: bool = False,
    address: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Add metrics to the results of a suite without training, from the weights that were kept.

    The figures are those that the runs would have, had they been asked for at first. Run ids stay: they name what was
    asked for then. Rows that have a metric already, under its present protocol version, are left as they are.

    Args:
        path: the suite's folder of results.
        metrics: names of metrics, such as ["kid", "parzen_log_likelihood"] or "kid,parzen_log_likelihood".
        recompute: whether to measure again what is there already.
        inline: work in this process, without ray.
        address: a running ray cluster; by default ray is started on this machine.
        settings: resources to use in place of those that the runs were trained with: {"resources.gpu": 0}.

    Returns:
        A row per run, as `load` gives them.

    Raises:
        ArgumentError: if a metric is unknown.
        BenchError: if there are no results, no weights were kept, or rows cannot be measured: those keep the figures
            that they had.
    """
    session = prepare_evaluation(path, metrics, recompute=recompute, settings=settings)
    session.require(session.execute(Options(_launcher(inline), address), Console(stderr=True)))
    return load(path)


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
    _warn(snapshot.problems)
    rows = _chosen(store, snapshot, variants, references=references)
    if curves:
        points = load_curves(store, snapshot)
        return points[points["run_id"].isin(set(rows["run_id"]))].reset_index(drop=True)
    if settings:
        rows = pd.concat([rows, settings_columns(rows, _known_columns(store))], axis="columns")
    return rows


def columns(path: str | Path) -> pd.DataFrame:
    """The data dictionary of a suite's results: what each column of `load` means.

    Returns:
        A row per column, in its order: name, label, unit, better end, protocol, description, …

    Raises:
        BenchError: if there are no results at `path`.
    """
    store, snapshot = open_results(path)
    known = _known_columns(store)
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
    _warn(snapshot.problems)
    suite = {"name": store.name} if store.suite_file is None else read_plain(store.suite_file)
    runs = _chosen(store, snapshot, "suite")
    points = load_curves(store, snapshot)
    pictures = load_pictures(store, snapshot, pictured_runs(runs))
    beside = _chosen(store, snapshot, "suite", references=True)
    described = columns_frame(_known_columns(store))
    target = Path(out) if out is not None else store.report
    try:
        return render(runs, points, pictures, suite, target, references=beside, columns=described)
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


def check(suite: str | Path | Mapping[str, Any], *, settings: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Run every method on every dataset as briefly as can be, on the CPU, in under a minute.

    Models are trained for a few steps and evaluated; estimators are given few points in one and two dimensions.

    Args:
        suite: path of a suite file, or its content.
        settings: dotted keys to set over everything else.

    Returns:
        A row per method and dataset; `status` is done where it would survive.

    Raises:
        BenchError: if the suite is wrong or data is missing.
    """
    load_entry_points()
    small = {**trial_settings(suite), **(settings or {})}
    with tempfile.TemporaryDirectory(prefix="bench-check-") as folder:
        session = prepare(suite, out=folder, seeds=1, settings=small, references=False)
        session.execute(Options("inline"), Console(quiet=True))
        return session.results()


def fetch(suite: str | Path | Mapping[str, Any]) -> Iterator[tuple[str, Path | None]]:
    """Make the files of a suite's datasets and feature extractors present, for machines that will have no network.

    Yields:
        The name of a dataset and the folder of its files, None for one that needs none; then the name of each feature
        extractor that the suite chooses, once it can be used, and None.

    Raises:
        BenchError: if a file can neither be found nor fetched.
    """
    load_entry_points()
    loaded = load_suite(suite)
    for dataset in loaded.datasets:
        yield dataset.label, fetch_dataset(dataset.name, **dataset.parameters)
    for extractor in loaded.extractors:
        load_extractor(extractor)
        yield extractor, None


def _launcher(inline: bool) -> str:
    return "inline" if inline else "ray"


def _chosen(store: RunStore, snapshot: Snapshot, variants: str, *, references: bool = False) -> pd.DataFrame:
    """Rows of a store with their variants."""
    if variants not in ("suite", "all"):
        raise ArgumentError(f"variants: found {variants!r}; expected 'suite' or 'all'")
    rows = (snapshot.references if references else snapshot.runs).frame
    chosen = planned_rows(rows, read_plan(store)) if variants == "suite" else rows.reset_index(drop=True)
    return _with_variants(chosen)


def _with_variants(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(variant=variant_labels(rows))[_with_after([*rows.columns], "variant", "method")]


def _with_after(names: list[str], new: str, after: str) -> list[str]:
    """The names with another behind one of them."""
    rest = [name for name in names if name != new]
    place = rest.index(after) + 1 if after in rest else len(rest)
    return [*rest[:place], new, *rest[place:]]


def _known_columns(store: RunStore) -> Columns:
    """What the store says of its columns, and of others what is known here: an earlier version said nothing."""
    stored = read_columns(store)
    return Columns.of([*declared_columns().values(), *stored.values()])


def _described(name: str, known: Columns) -> Column:
    if name.startswith("protocol_"):
        metric = name.removeprefix("protocol_")
        text = f"Name and version of the protocol that {metric} was measured by."
        return Column(name, f"Protocol of {metric}", text, role="provenance", protocol=metric)
    return known.describe(name)


def _warn(problems: Sequence[str]) -> None:
    for problem in problems:
        warnings.warn(problem, ResultsWarning, stacklevel=3)


__all__ = ["BenchError", "check", "columns", "evaluate", "fetch", "load", "report", "run", "status"]
