"""The report on methods: a section per dataset, from the table of all metrics to the learning curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from bench.analysis.costs import COST
from bench.analysis.floors import compute_floors
from bench.analysis.measured import read_numbers
from bench.analysis.references import attach_references
from bench.analysis.statistics import (
    collect_figures,
    count_outcomes,
    list_datasets,
    list_methods,
    sort_names,
    summarise_figures,
)
from bench.analysis.variants import identify_runs
from bench.column import Columns, condition_of, divergence_of
from bench.published import PublishedFigure
from bench.reporting.figures.comparison import plot_headlines
from bench.reporting.figures.curves import plot_curves
from bench.reporting.figures.divergence_curves import NOISE, plot_divergence_curves
from bench.reporting.figures.gap_figure import plot_gap
from bench.reporting.figures.heatmap import plot_heatmap
from bench.reporting.figures.modes import MODES, plot_modes
from bench.reporting.figures.panels import Plot
from bench.reporting.figures.samples import DENSITIES, SAMPLES, plot_densities, plot_samples
from bench.reporting.figures.style import Look, assign_looks
from bench.reporting.page.answer import Compared, build_answer, build_costs, build_over_datasets, compare
from bench.reporting.page.failures import list_failures
from bench.reporting.page.overview import write_summary
from bench.reporting.page.sections import Block, Content, Frames, Section, assign_anchors
from bench.reporting.search.frames import Searched, read_search
from bench.reporting.search.sections import KINDS as SEARCH_KINDS
from bench.reporting.search.sections import build_sections
from bench.reporting.tables import matrix
from bench.reporting.tables.arranging import select
from bench.reporting.tables.building import build
from bench.reporting.tables.cells import Table
from bench.reporting.tables.gap import find_gaps
from bench.reporting.tables.gap_table import BOUND, GAP, build_gap_table
from bench.reporting.tables.pairs import PAIRS, build_pairs_table
from bench.reporting.tables.papers import read_published
from bench.reporting.tables.published import PUBLISHED, build_published_table
from bench.reporting.tables.references import describe_references, measure_real_data, place_floors

KINDS = ("comparison", PAIRS, PUBLISHED, DENSITIES, SAMPLES, MODES, *matrix.KINDS, NOISE, GAP, "curves")
"""Kinds of its tables and figures, for their files' names."""
_GUIDE = (
    "Tables give the mean over the seeds ± their standard deviation (n − 1), or — for a single seed, and mark the best "
    "mean of a column in bold where one end is better; what is significant, letters and the tables of pairs tell. An "
    "empty cell means that the metric does not apply. Only finished runs have figures; every other run is counted."
)
_FILES = (
    "Each table is also in tables/ as CSV, Markdown and LaTeX, each figure in figures/ as SVG, PNG and PDF, its data "
    "as CSV."
)


@dataclass(frozen=True)
class _Sources:
    """What the sections are made from."""

    frames: Frames
    runs: pd.DataFrame
    values: pd.DataFrame
    summary: pd.DataFrame
    counts: pd.DataFrame
    floors: pd.DataFrame
    published: Sequence[PublishedFigure]
    looks: Mapping[str, Look]
    references: pd.DataFrame
    measured: pd.DataFrame
    compared: Compared

    @property
    def columns(self) -> Columns:
        """The declared columns."""
        return self.frames.columns


def build_content(frames: Frames) -> Content:
    """What the page shows of methods on datasets."""
    runs, suite = identify_runs(frames.runs), frames.suite
    values, count = collect_figures(runs, frames.columns), count_outcomes(runs, suite)
    used = set(count["method"])
    methods = [name for name in sort_names(runs["method"], runs["method_name"], list_methods(suite)) if name in used]
    datasets = sort_names(runs["dataset"], runs["dataset_name"], list_datasets(suite))
    drawn = assign_looks(methods)
    beside = attach_references(frames.references, runs)
    perfect, published = compute_floors(runs, frames.columns), read_published(suite)
    summary = summarise_figures(values)
    compared = compare(frames.runs, values, datasets, frames.columns)
    measured = collect_figures(beside, frames.columns)
    sources = _Sources(frames, runs, values, summary, count, perfect, published, drawn, beside, measured, compared)
    searched = read_search(frames.search, suite, frames.choices, frames.columns)
    named, beside_named = _name_sections([name for name in datasets if name in set(count["dataset"])], searched)
    tables = {name: _build_whole(name, sources) for name in named}
    sections = [
        Section(name, anchor, tuple(_make_blocks(name, tables[name], sources)), dataset=name)
        for name, anchor in named.items()
    ]
    return Content(
        runs=runs,
        whole={named[name]: table for name, table in tables.items()},
        summary=summary,
        paragraph=write_summary(runs, count, suite),
        notes=tuple(str(note) for note in suite.get("notes") or ()),
        guide=" ".join(part for part in (_GUIDE, describe_references(tables.values()), _FILES) if part),
        failures=[
            *list_failures(runs, methods, datasets),
            *list_failures(beside, list(dict.fromkeys(beside["method"])), datasets),
        ],
        sections=(
            *_open(sources),
            *sections,
            *_build_search(searched, beside_named, sources),
            *build_costs(runs, count, frames.columns),
        ),
        looks=drawn,
        beside={} if searched is None else searched.files,
    )


def _open(sources: _Sources) -> list[Section]:
    """The sections on all datasets together; none where nothing has run."""
    if sources.runs.empty:
        return []
    compared, summary, counts, columns = sources.compared, sources.summary, sources.counts, sources.columns
    answer = build_answer(compared, sources.values, summary, counts, sources.looks, columns)
    return [answer, *build_over_datasets(compared, summary, counts, columns)]


def _name_sections(datasets: Sequence[str], searched: Searched | None) -> tuple[dict[str, str], dict[str, str]]:
    """Anchors of the sections on datasets, and of those on the search, by the datasets' names."""
    found = [] if searched is None else list(dict.fromkeys(searched.winners["dataset"]))
    of_search = [*(name for name in datasets if name in found), *(name for name in found if name not in datasets)]
    titles = {name: f"search {name}" for name in of_search if f"search {name}" not in datasets}
    anchors = assign_anchors([*datasets, *titles.values()], (*KINDS, *SEARCH_KINDS))
    return {name: anchors[name] for name in datasets}, {name: anchors[title] for name, title in titles.items()}


def _build_search(searched: Searched | None, anchors: Mapping[str, str], sources: _Sources) -> list[Section]:
    if searched is None:
        return []
    return build_sections(searched, anchors, sources.summary, sources.looks, sources.columns)


def _build_whole(dataset: str, sources: _Sources) -> Table:
    columns = sources.columns
    references = [
        *measure_real_data(dataset, sources.references, sources.runs, columns),
        *place_floors(dataset, sources.floors, columns),
    ]
    published = _choose_published(dataset, sources)
    return build(dataset, sources.summary, sources.counts, published, columns, references)


def _choose_published(dataset: str, sources: _Sources) -> list[PublishedFigure]:
    runs = sources.runs
    names = {None, dataset, *runs.loc[runs["dataset"] == dataset, "dataset_name"]}
    return [figure for figure in sources.published if figure.dataset in names]


def _make_blocks(dataset: str, whole: Table, sources: _Sources) -> Iterator[Block]:
    """What stands elsewhere in the section is left out of the opening table; the CSV file has it all."""
    columns = sources.columns
    found = find_gaps(dataset, sources.runs, sources.counts, columns)
    gap = build_gap_table(dataset, found, sources.counts, _choose_published(dataset, sources), columns)
    rest = select(
        whole, lambda column: not (column.divergence or column.group == COST or (gap and column.name == BOUND))
    )
    if any(header.column.printed for header in rest.headers) or not whole.headers:
        budget = str(sources.frames.suite.get("budget_note") or "")
        yield Block(table=replace(rest, notes=(*rest.notes, *([budget] if budget else []))))
    beside = build_published_table(
        dataset, _choose_published(dataset, sources), sources.runs, sources.summary, sources.counts, columns
    )
    if beside is not None:
        yield Block(PUBLISHED, "Ours beside published figures", beside)
    yield from _show(plot_headlines(dataset, sources.values, sources.looks, whole, columns))
    compared = sources.compared
    pairs = build_pairs_table(dataset, compared.chosen.get(dataset, ()), compared.pairs, compared.letters, columns)
    if pairs is not None:
        yield Block(PAIRS, "Pairs of methods", pairs)
    for plot in (plot_densities, plot_samples):
        yield from _show(plot(dataset, sources.runs, sources.frames.pictures, sources.looks))
    yield from _show(plot_modes(dataset, sources.values, sources.measured, sources.looks))
    yield from _show_matrices(whole, _find_typical_errors(dataset, sources.runs), columns)
    yield from _show(plot_divergence_curves(whole, sources.looks, columns, matrix.find_spread(whole)))
    if gap is not None:
        yield Block(GAP, "How loose the training bound is", gap, plot_gap(found, columns))
    yield from _show(plot_curves(dataset, sources.runs, sources.frames.curves, sources.looks, columns))


def _show(plot: Plot | None) -> Iterator[Block]:
    if plot is not None:
        yield Block(plot.kind, plot.title, plot=plot)


def _show_matrices(whole: Table, errors: Mapping[str, float], columns: Columns) -> Iterator[Block]:
    estimated, exact = matrix.select_estimates(whole, columns), matrix.select_exact(whole, columns)
    of_features = matrix.select_of_features(whole, columns)
    if estimated is not None:
        title = "Trained on one, measured by another" if estimated.aside else "Divergences"
        yield Block(matrix.ESTIMATED, title, estimated, plot_heatmap(estimated, errors, columns))
    if of_features is not None:
        heat = plot_heatmap(of_features, errors, columns)
        yield Block(matrix.OF_FEATURES, "Divergences of features", of_features, heat)
    if exact is not None:
        yield Block(matrix.EXACT, "Exact divergences", exact, plot_heatmap(exact, {}, columns))


def _find_typical_errors(dataset: str, runs: pd.DataFrame) -> dict[str, float]:
    """The typical standard error of one run, for every estimated divergence that has one."""
    done = runs[(runs["dataset"] == dataset) & (runs["status"] == "done")]
    estimates = (name for name in done.columns if divergence_of(name) or condition_of(name))
    names = [name for name in estimates if f"{name}_se" in done.columns]
    medians = {name: float(read_numbers(done[f"{name}_se"]).median()) for name in names}
    return {name: median for name, median in medians.items() if median > 0}


__all__ = ["KINDS", "build_content"]
