"""The report on a calibration: all numbers of points together, then a section for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from bench.reporting import overview
from bench.reporting.calibration import accuracy, calibration_runs, comparisons
from bench.reporting.calibration_figures import (
    coverage_dots,
    error_by_dimension,
    estimate_against_exact,
    time_against_points,
)
from bench.reporting.calibration_tables import (
    DIMENSIONS,
    DIVERGENCES,
    OVERVIEW,
    SHAPES,
    SIZES,
    divergence_table,
    grid_table,
    overview_table,
)
from bench.reporting.figures import Plot
from bench.reporting.sections import Block, Content, Frames, Section, anchors
from bench.reporting.style import Look, looks
from bench.reporting.text import plural
from bench.reporting.variants import identified

KINDS = (OVERVIEW, DIVERGENCES, DIMENSIONS, SHAPES, SIZES, "error", "exact", "coverage", "time")
"""Kinds of its tables and figures, for their files' names."""
_ALL = "All sample sizes"
_GUIDE = (
    "Each estimate is held against the exact value of the same divergence between the same two laws. P is the data, Q "
    "the model. A run is one call of one estimator on samples of its own; its seed decides both. Within a table or "
    "panel, estimators are judged on the same samples. The best of a column is in bold; that claims no significance. "
    "summary.csv has every pair of laws by itself, with bias and RMSE in the divergence's own unit. Each table is "
    "also in tables/ as CSV, Markdown and LaTeX, each figure in figures/ as SVG and PNG."
)


def content(frames: Frames) -> Content:
    """What the page shows of estimators held against exact values."""
    known, values = calibration_runs(frames.runs), comparisons(frames.runs)
    names = [*dict.fromkeys([*_planned(frames.suite), *known["estimator"]])]
    names = [name for name in names if (known["estimator"] == name).any()]
    runs, drawn = identified(frames.runs), looks(names)
    shapes = (frames.suite.get("pairs") or {}).get("shapes") or ()
    known, values = (_in_order(frame, names, [*dict.fromkeys([*shapes, *known["shape"]])]) for frame in (known, values))
    cells = accuracy(values, ["estimator", "divergence", "shape", "dimensions", "size", "points"])
    return Content(
        runs=runs.drop(columns=["dataset", "dataset_sha256"]),
        whole={},
        summary=cells,
        paragraph=_paragraph(known),
        guide=_GUIDE,
        failures=overview.failures(runs, list(dict.fromkeys(runs["method"])), list(dict.fromkeys(runs["dataset"]))),
        sections=tuple(_sections(known, values, drawn)),
        looks=drawn,
    )


def _planned(suite: Mapping[str, Any]) -> list[str]:
    return [str(name) for name in suite.get("estimators") or ()]


def _in_order(frame: pd.DataFrame, names: list[str], shapes: list[str]) -> pd.DataFrame:
    """The rows in the suite's order of estimators and shapes, and by rising numbers."""
    ranks = {"estimator": names.index, "shape": shapes.index}
    keys = ["estimator", "points", "shape", "dimensions", "size", "seed"]
    return frame.sort_values(keys, key=lambda c: c.map(ranks[str(c.name)]) if c.name in ranks else c, ignore_index=True)


def _sections(known: pd.DataFrame, values: pd.DataFrame, drawn: Mapping[str, Look]) -> Iterator[Section]:
    counts = sorted(set(known["points"]))
    titles = {points: f"{points:,} points on each side" for points in counts}
    named = anchors([_ALL, *titles.values()], KINDS)
    if counts:
        table = overview_table("Estimators", values, known)
        blocks = (Block(table=table), *_figure(time_against_points(known, drawn)))
        yield Section(_ALL, named[_ALL], blocks)
    for points, title in titles.items():
        mine, made = (frame[frame["points"] == points] for frame in (values, known))
        if not mine.empty:
            yield Section(title, named[title], tuple(_blocks(title, mine, made, drawn)))


def _blocks(title: str, values: pd.DataFrame, known: pd.DataFrame, drawn: Mapping[str, Look]) -> Iterator[Block]:
    yield Block(table=divergence_table(title, values, known))
    yield from _figure(error_by_dimension(values, drawn))
    yield from _figure(estimate_against_exact(values, drawn))
    yield from _figure(coverage_dots(values, drawn))
    yield Block(DIMENSIONS, "RMSE by dimension", grid_table(title, values, known, "dimensions", DIMENSIONS))
    yield Block(SHAPES, "RMSE by shape", grid_table(title, values, known, "shape", SHAPES))
    yield Block(SIZES, "RMSE by size", grid_table(title, values, known, "size", SIZES))


def _figure(plot: Plot | None) -> Iterator[Block]:
    if plot is not None:
        yield Block(plot.kind, plot.title, plot=plot)


def _paragraph(known: pd.DataFrame) -> str:
    if known.empty:
        return "No estimator has been run."
    pairs = known[["shape", "dimensions", "size"]].drop_duplicates()
    estimators = list(dict.fromkeys(known["estimator"]))
    done = int((known["status"] == "done").sum())
    laws = ", ".join([
        overview.listed(list(dict.fromkeys(pairs["shape"]))),
        _range(pairs["dimensions"], "dimensions"),
        f"KL(P‖Q) of {_range(pairs['size'], 'nats')}",
    ])  # fmt: skip
    return (
        f"{plural(len(estimators), 'estimator')} ({overview.listed(estimators)}) on {plural(len(pairs), 'pair')} of "
        f"laws ({laws}), {_range(known['points'], 'points on each side')}, {plural(known['seed'].nunique(), 'seed')}: "
        f"{done} of {plural(len(known), 'run')} finished."
    )


def _range(column: pd.Series[Any], unit: str) -> str:
    low, high = column.min(), column.max()
    return f"{low:,g} {unit}" if low == high else f"{low:,g} to {high:,g} {unit}"


__all__ = ["KINDS", "content"]
