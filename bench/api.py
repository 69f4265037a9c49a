"""The verbs that work: run, evaluate, check, fetch. The command line and Python call the same."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from bench.datasets import fetch as fetch_dataset
from bench.dictionary import declared_columns
from bench.launch import Options, Shard
from bench.metrics import load_extractor
from bench.reading import load, warn_of
from bench.registry import load_entry_points
from bench.results import finish_frame, rows_of_stage
from bench.session import prepare, prepare_evaluation
from bench.statuses import MAIN_STAGE
from bench.suite import load_suite, trial_settings


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
    checkpoint_seconds: float = 30.0,
    weights: bool = True,
    shard: str | None = None,
    exclusive: bool = False,
) -> pd.DataFrame:
    """Run what is missing of a suite and return its results; running it again resumes it.

    Args:
        suite: path of a suite file, or its content as a dictionary.
        out: folder of all results, or a URI such as s3://bucket/folder; the suite's are in `<out>/<name>`.
        budget: name of a budget of the suite, such as "smoke".
        seeds: number of seeds, or a list of them, in place of the suite's.
        settings: dotted keys to set over everything else: {"training.steps": 100}.
        retry: statuses to run again, such as "failed", or "done" for finished runs, whose rows are kept for `compare`;
            or "weights": finished runs whose weights are gone or broken.
        inline: run in this process, without ray.
        address: a running ray cluster; by default the ray that this program is connected to, else one is started here.
        checkpoint_seconds: least time between two checkpoints of a cohort.
        weights: whether to keep trained models' weights beside the runs' files, for `evaluate`.
        shard: "I/N" to do only part I of N; every run of the suite belongs to one part, always the same.
        exclusive: lock the results meanwhile, and refuse where another such command has.

    Returns:
        A row per run, as `load` gives them; those of the part that was asked for.

    Raises:
        ArgumentError: if the suite or an argument is wrong; nothing is started then.
        BenchError: if data is missing, or results cannot be written.
    """
    part = None if shard is None else Shard.parse(shard)
    session = prepare(suite, out=out, budget=budget, seeds=seeds, settings=settings, retry=retry, shard=part)
    with session.alone() if exclusive else nullcontext():
        session.execute(Options(_launcher(inline), address, checkpoint_seconds, weights), Console(stderr=True))
    warn_of(session.snapshot.problems)
    return finish_frame(rows_of_stage(session.results(), MAIN_STAGE), declared_columns())


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
        address: a running ray cluster; by default the ray that this program is connected to, else one is started here.
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
        session.execute(Options("inline", log=False), Console(quiet=True))
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


__all__ = ["check", "evaluate", "fetch", "run"]
