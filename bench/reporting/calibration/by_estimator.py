"""The report on a calibration: all numbers of points together, then a section for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from bench.analysis.variants import identify_runs
from bench.column import Columns
from bench.reporting.calibration.figures import plot_coverage, plot_errors, plot_estimates, plot_times
from bench.reporting.calibration.frames import CELL, NO_BIJECTION, compare_estimates, measure_accuracy, select_runs
from bench.reporting.calibration.tables import (
    BIJECTIONS,
    DIMENSIONS,
    DIVERGENCES,
    OVERVIEW,
    SHAPES,
    SIZES,
    build_divergences,
    build_grid,
    build_overview,
)
from bench.reporting.calibration.tasks import TASKS, build_tasks, plot_tasks
from bench.reporting.figures.panels import Plot
from bench.reporting.figures.style import INK, Look, assign_looks
from bench.reporting.page.failures import list_failures
from bench.reporting.page.sections import Block, Content, Frames, Section, assign_anchors
from bench.reporting.tables.references import describe_references
from bench.reporting.text import join_names, write_count

KINDS = (OVERVIEW, DIVERGENCES, DIMENSIONS, SHAPES, SIZES, BIJECTIONS, TASKS, "error", "exact", "coverage", "time")
"""Kinds of its tables and figures, for their files' names."""
_ALL = "All sample sizes"
_MOST_NAMES = 8
_GUIDE = (
    "Each estimate is held against the exact value of the same divergence between the same two laws. P is the data, Q "
    "the model. A run is one call of one estimator on samples of its own; its seed decides both. Within a table or "
    "panel, estimators are judged on the same samples. The best of a column is in bold; that claims no significance. "
    "summary.csv has every pair of laws by itself, with bias and RMSE in the divergence's own unit. Each table is "
    "also in tables/ as CSV, Markdown and LaTeX, each figure in figures/ as SVG, PNG and PDF, its data as CSV."
)
_REFERENCE_LOOK = Look(INK, "|", (1, 1.6))


def build_content(frames: Frames) -> Content:
    """What the page shows of estimators held against exact values."""
    known, values = select_runs(frames.runs), compare_estimates(frames.runs, frames.columns)
    names = [*dict.fromkeys([*_list_planned(frames.suite), *known["estimator"]])]
    names = [name for name in names if (known["estimator"] == name).any()]
    references = set(known.loc[known["kind"] == "reference", "estimator"])
    names.sort(key=lambda name: name in references)  # last, as under every other table
    runs, drawn = identify_runs(frames.runs), assign_looks(names) | dict.fromkeys(references, _REFERENCE_LOOK)
    pairs = frames.suite.get("pairs") or {}
    shapes = [str(name) for name in pairs.get("shapes") or (() if "tasks" in pairs else dict.fromkeys(known["shape"]))]
    ranks = {"estimator": names}
    ranks["shape"] = [*dict.fromkeys([*shapes, *(pairs.get("tasks") or ()), *known["shape"]])]
    ranks["bijection"] = [*dict.fromkeys([*(pairs.get("bijections") or ()), *known["bijection"]])]
    known, values = (_sort(frame, ranks) for frame in (known, values))
    cells = measure_accuracy(values, ["estimator", "divergence", *CELL[1:]])
    sections = tuple(_make_sections(known, values, shapes, drawn, frames.columns))
    about_references = describe_references(table for section in sections for table in section.tables)
    return Content(
        runs=runs.drop(columns=["dataset", "dataset_sha256"]),
        whole={},
        summary=cells,
        paragraph=_write_paragraph(known),
        guide=f"{_GUIDE} {about_references}".strip(),
        failures=list_failures(runs, list(dict.fromkeys(runs["method"])), list(dict.fromkeys(runs["dataset"]))),
        sections=sections,
        looks=drawn,
    )


def _list_planned(suite: Mapping[str, Any]) -> list[str]:
    return [str(name) for name in suite.get("estimators") or ()]


def _sort(frame: pd.DataFrame, ranks: Mapping[str, list[Any]]) -> pd.DataFrame:
    """The rows in the suite's order of estimators, shapes and bijections, and by rising numbers."""
    keys = ["estimator", "points", "shape", "bijection", "dimensions", "size", "seed"]
    return frame.sort_values(
        keys, key=lambda c: c.map(ranks[str(c.name)].index) if c.name in ranks else c, ignore_index=True
    )


def _make_sections(
    known: pd.DataFrame, values: pd.DataFrame, shapes: list[str], drawn: Mapping[str, Look], columns: Columns
) -> Iterator[Section]:
    counts = sorted(set(known["points"]))
    titles = {points: f"{points:,} points on each side" for points in counts}
    named = assign_anchors([_ALL, *titles.values()], KINDS)
    if counts:
        table = build_overview("Estimators", values, known, columns)
        blocks = (Block(table=table), *_show(plot_times(known, drawn)))
        yield Section(_ALL, named[_ALL], blocks)
    for points, title in titles.items():
        mine, made = (frame[frame["points"] == points] for frame in (values, known))
        if not mine.empty:
            yield Section(title, named[title], tuple(_make_blocks(title, mine, made, shapes, drawn, columns)))


def _make_blocks(
    title: str,
    values: pd.DataFrame,
    known: pd.DataFrame,
    shapes: list[str],
    drawn: Mapping[str, Look],
    columns: Columns,
) -> Iterator[Block]:
    yield Block(table=build_divergences(title, values, known, columns))
    yield from _show(plot_errors(values, drawn, columns))
    yield from _show(plot_estimates(values, drawn, columns))
    yield from _show(plot_coverage(values, drawn, columns))
    yield from _show(plot_tasks(values, drawn, columns, shapes))
    for table in build_tasks(title, values, known, columns, shapes):
        yield Block(table.kind, table.title, table)
    yield Block(DIMENSIONS, "RMSE by dimension", build_grid(title, values, known, columns, "dimensions", DIMENSIONS))
    shaped, made = (frame[frame["shape"].isin(shapes)] for frame in (values, known))
    if not shaped.empty:
        yield Block(SHAPES, "RMSE by shape", build_grid(title, shaped, made, columns, "shape", SHAPES))
    if values["bijection"].nunique() > 1:
        grid = build_grid(title, shaped, made, columns, "bijection", BIJECTIONS)
        yield Block(BIJECTIONS, "RMSE by bijection", grid)
    yield Block(SIZES, "RMSE by size", build_grid(title, values, known, columns, "size", SIZES))


def _show(plot: Plot | None) -> Iterator[Block]:
    if plot is not None:
        yield Block(plot.kind, plot.title, plot=plot)


def _write_paragraph(known: pd.DataFrame) -> str:
    if known.empty:
        return "No estimator has been run."
    pairs = known[["shape", "dimensions", "size", "bijection"]].drop_duplicates()
    estimators = list(dict.fromkeys(known["estimator"]))
    done = int((known["status"] == "done").sum())
    laws = [
        _name_some(pairs["shape"], "shapes or tasks"),
        _write_range(pairs["dimensions"], "dimensions"),
        f"{_write_range(pairs['size'], 'nats')} apart",
    ]
    if set(pairs["bijection"]) != {NO_BIJECTION}:
        laws.append(f"under bijections: {_name_some(pairs['bijection'], 'of them')}")
    seeds = write_count(known["seed"].nunique(), "seed")
    return (
        f"{write_count(len(estimators), 'estimator')} ({join_names(estimators)}) on "
        f"{write_count(len(pairs), 'pair')} of laws ({', '.join(laws)}), "
        f"{_write_range(known['points'], 'points on each side')}, {seeds}: "
        f"{done} of {write_count(len(known), 'run')} finished."
    )


def _name_some(column: pd.Series[Any], plural: str) -> str:
    """Names in words; how many there are where that would be a long list."""
    names = list(dict.fromkeys(column))
    return join_names(names) if len(names) <= _MOST_NAMES else f"{len(names)} {plural}"


def _write_range(column: pd.Series[Any], unit: str) -> str:
    low, high = column.min(), column.max()
    return f"{low:,g} {unit}" if low == high else f"{low:,g} to {high:,g} {unit}"


__all__ = ["KINDS", "build_content"]
