"""The verbs: run, evaluate, load, report, status, check, fetch. The command line and Python users call the same."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from bench.datasets import fetch as fetch_dataset
from bench.errors import BenchError
from bench.metrics import load_extractor
from bench.registry import load_entry_points
from bench.reporting import render
from bench.results import load_curves, load_pictures, load_runs, locate
from bench.session import Launch, prepare, prepare_evaluation
from bench.suite import load_suite, trial_settings
from bench.suite.document import read_plain


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
        retry: statuses to run again, such as "failed".
        inline: run in this process, without ray.
        address: a running ray cluster; by default ray is started on this machine.
        weights: whether to keep trained models' weights beside the runs' files, for `evaluate`.

    Returns:
        A row per run, as `load` gives them.

    Raises:
        BenchError: if the suite is wrong or data is missing; nothing is started then.
    """
    session = prepare(suite, out=out, budget=budget, seeds=seeds, settings=settings, retry=retry)
    session.execute(Launch(inline=inline, address=address, keep_weights=weights), Console(stderr=True))
    return session.results()


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
        BenchError: if there are no results, a metric is unknown, no weights were kept, or rows cannot be measured:
            those keep the figures that they had.
    """
    session = prepare_evaluation(path, metrics, recompute=recompute, settings=settings)
    session.require(session.execute(Launch(inline=inline, address=address), Console(stderr=True)))
    return session.results()


def load(path: str | Path, *, curves: bool = False, references: bool = False) -> pd.DataFrame:
    """Results of a suite as a DataFrame.

    Args:
        path: the suite's folder of results, such as "results/quickstart"; of one that holds a `runs.parquet` alone,
            or of such a file, only the rows can be loaded.
        curves: whether to load learning curves (run_id, step, metric, value) in place of a row per run.
        references: whether to load the rows of real data, measured in the models' place, instead of the runs.

    Raises:
        BenchError: if there are no results at `path`.
    """
    given = Path(path)
    compacted = given if given.is_file() else given / "runs.parquet"
    if not curves and compacted.is_file() and (given.is_file() or not (given / "runs").is_dir()):
        return _compacted(compacted, references=references)
    root = locate(given)
    return load_curves(root) if curves else load_runs(root, references=references)


def _compacted(path: Path, *, references: bool) -> pd.DataFrame:
    """The rows of a `runs.parquet`, or of the file of reference rows beside it; no rows if there is none."""
    beside = path.with_name("references.parquet")
    if references and beside.is_file():
        return pd.read_parquet(beside)
    return pd.read_parquet(path).iloc[: 0 if references else None]


def report(path: str | Path, *, out: str | Path | None = None) -> Path:
    """Write the report of a suite's results: a page, tables and figures.

    Args:
        path: the suite's folder of results.
        out: folder of the report; by default `report` within the results.

    Returns:
        The path of index.html.

    Raises:
        BenchError: if there are no results at `path`.
    """
    root = locate(path)
    described = root / "suite.yaml"
    suite = read_plain(described) if described.exists() else {"name": root.name}
    target = Path(out) if out is not None else root / "report"
    frames = load_runs(root), load_curves(root), load_pictures(root)
    return render(*frames, suite, target, references=load_runs(root, references=True))


def status(path: str | Path) -> pd.DataFrame:
    """How many runs of each dataset and method ended how.

    Returns:
        A row for each dataset and method, a column for each status that occurs.

    Raises:
        BenchError: if there are no results at `path`.
    """
    runs = load(path)
    return pd.crosstab([runs["dataset"], runs["method"]], runs["status"])


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
        session.execute(Launch(inline=True), Console(quiet=True))
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


__all__ = ["BenchError", "check", "evaluate", "fetch", "load", "report", "run", "status"]
