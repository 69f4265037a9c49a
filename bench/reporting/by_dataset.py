"""The report on methods: a section per dataset, from the table of all metrics to the learning curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bench.reporting import matrix, overview
from bench.reporting.cells import Table
from bench.reporting.columns import divergence_of
from bench.reporting.comparison import headline_dots
from bench.reporting.curves import learning_curves
from bench.reporting.figures import Plot
from bench.reporting.floors import floor
from bench.reporting.gap import gaps
from bench.reporting.gap_figure import gap_figure
from bench.reporting.gap_table import BOUND, GAP, gap_table
from bench.reporting.heatmap import heatmap
from bench.reporting.published import PublishedFigure, published_figures
from bench.reporting.references import attached, real_data, told
from bench.reporting.samples import sample_pictures
from bench.reporting.sections import Block, Content, Frames, Section, anchors
from bench.reporting.statistics import counts, dataset_names, figures, method_names, order, summary_of
from bench.reporting.style import Look, looks
from bench.reporting.tables import build, select
from bench.reporting.variants import identified, numbers

KINDS = ("comparison", "samples", *matrix.KINDS, GAP, "curves")
"""Kinds of its tables and figures, for their files' names."""
_GUIDE = (
    "Tables give the mean over the seeds ± their standard deviation (n − 1), or — for a single seed, and mark the best "
    "mean of a column in bold where one end is better; they claim no significance. An empty cell means that the metric "
    "does not apply. Only finished runs have figures; every other run is counted."
)
_FILES = "Each table is also in tables/ as CSV, Markdown and LaTeX, each figure in figures/ as SVG and PNG."


@dataclass(frozen=True)
class _Sources:
    """What the sections are made from."""

    frames: Frames
    runs: pd.DataFrame
    values: pd.DataFrame
    summary: pd.DataFrame
    counts: pd.DataFrame
    published: Sequence[PublishedFigure]
    looks: Mapping[str, Look]
    references: pd.DataFrame


def content(frames: Frames) -> Content:
    """What the page shows of methods on datasets."""
    runs, suite = identified(frames.runs), frames.suite
    values, count = figures(runs), counts(runs, suite)
    used = set(count["method"])
    methods = [name for name in order(runs["method"], runs["method_name"], method_names(suite)) if name in used]
    datasets = order(runs["dataset"], runs["dataset_name"], dataset_names(suite))
    drawn = looks(methods)
    beside = attached(frames.references, runs)
    sources = _Sources(frames, runs, values, summary_of(values), count, published_figures(suite), drawn, beside)
    named = anchors([name for name in datasets if name in set(count["dataset"])], KINDS)
    tables = {name: _whole(name, sources) for name in named}
    sections = [Section(name, anchor, tuple(_blocks(name, tables[name], sources))) for name, anchor in named.items()]
    return Content(
        runs=runs,
        whole={named[name]: table for name, table in tables.items()},
        summary=sources.summary,
        paragraph=overview.summary_paragraph(runs, count, suite),
        guide=" ".join(part for part in (_GUIDE, told(tables.values()), _FILES) if part),
        failures=[
            *overview.failures(runs, methods, datasets),
            *overview.failures(beside, list(dict.fromkeys(beside["method"])), datasets),
        ],
        sections=tuple(sections),
        looks=drawn,
    )


def _whole(dataset: str, sources: _Sources) -> Table:
    references = [*real_data(dataset, sources.references, sources.runs), *floor(dataset, sources.runs)]
    return build(dataset, sources.summary, sources.counts, _published(dataset, sources), references)


def _published(dataset: str, sources: _Sources) -> list[PublishedFigure]:
    runs = sources.runs
    names = {"", dataset, *runs.loc[runs["dataset"] == dataset, "dataset_name"]}
    return [figure for figure in sources.published if figure.dataset in names]


def _blocks(dataset: str, whole: Table, sources: _Sources) -> Iterator[Block]:
    """What stands elsewhere in the section is left out of the opening table; the CSV file has it all."""
    found = gaps(dataset, sources.runs, sources.counts)
    gap = gap_table(dataset, found, sources.counts, _published(dataset, sources))
    rest = select(whole, lambda column: not column.divergence and (gap is None or column.name != BOUND))
    if any(header.column.printed for header in rest.headers) or not whole.headers:
        yield Block(table=rest)
    yield from _figure(headline_dots(dataset, sources.values, sources.looks, whole))
    yield from _figure(sample_pictures(dataset, sources.runs, sources.frames.pictures, sources.looks))
    yield from _matrices(whole, _floors(dataset, sources.runs))
    if gap is not None:
        yield Block(GAP, "How loose the training bound is", gap, gap_figure(found))
    yield from _figure(learning_curves(dataset, sources.runs, sources.frames.curves, sources.looks))


def _figure(plot: Plot | None) -> Iterator[Block]:
    if plot is not None:
        yield Block(plot.kind, plot.title, plot=plot)


def _matrices(whole: Table, floors: Mapping[str, float]) -> Iterator[Block]:
    estimated, exact = matrix.estimated(whole), matrix.exact(whole)
    if estimated is not None:
        title = "Trained on one, measured by another" if estimated.aside else "Divergences"
        yield Block(matrix.ESTIMATED, title, estimated, heatmap(estimated, floors))
    if exact is not None:
        yield Block(matrix.EXACT, "Exact divergences", exact, heatmap(exact, {}))


def _floors(dataset: str, runs: pd.DataFrame) -> dict[str, float]:
    """The typical standard error of one run, for every estimated divergence that has one."""
    done = runs[(runs["dataset"] == dataset) & (runs["status"] == "done")]
    names = [name for name in done.columns if divergence_of(name) is not None and f"{name}_se" in done.columns]
    medians = {name: float(numbers(done[f"{name}_se"]).median()) for name in names}
    return {name: median for name, median in medians.items() if median > 0}


__all__ = ["KINDS", "content"]
