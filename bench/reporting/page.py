"""The page: everything that the frames say, laid out by the templates and put in place at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bench.reporting import overview
from bench.reporting.columns import GROUP_NOTES, sort_key
from bench.reporting.comparison import headline_dots, train_test_matrix
from bench.reporting.curves import learning_curves
from bench.reporting.export import to_csv, to_latex, to_markdown
from bench.reporting.figures import Plot, inline, save
from bench.reporting.publish import GENERATOR, PAGE, replacing
from bench.reporting.published import published_figures
from bench.reporting.samples import sample_pictures
from bench.reporting.statistics import counts, dataset_names, figures, method_names, order, summary_of
from bench.reporting.style import Look, looks
from bench.reporting.tables import Table, bands, build
from bench.reporting.text import slug
from bench.reporting.variants import identified

_NAMES = {
    "hostname": "Host",
    "device": "Device",
    "python": "Python",
    "git_commit": "Commit",
    "dataset": "Dataset",
    "dataset_sha256": "SHA-256",
    "feature_extractor": "Feature extractor",
    "mode_classifier": "Classifier of modes",
}


@dataclass(frozen=True)
class Section:
    """What the page shows of one dataset."""

    dataset: str
    anchor: str
    table: Table
    plots: tuple[Plot, ...]


@dataclass(frozen=True)
class Content:
    """Everything that the page and its files show.

    Attributes:
        runs: the runs, told apart.
        summary: a row per dataset, method, metric and protocol.
        counts: how the seeds ended.
        methods: all methods, in the order of printing.
        datasets: all datasets, likewise.
        looks: how each method is drawn.
        sections: one per dataset that has runs or is planned.
    """

    runs: pd.DataFrame
    summary: pd.DataFrame
    counts: pd.DataFrame
    methods: list[str]
    datasets: list[str]
    looks: dict[str, Look]
    sections: tuple[Section, ...]


def render(
    runs: pd.DataFrame, curves: pd.DataFrame, pictures: pd.DataFrame, suite: Mapping[str, Any], out: Path
) -> Path:
    """Write the report; see `bench.reporting.render`."""
    content = _content(identified(runs), curves, pictures, suite)
    with replacing(out) as draft:
        _write_files(content, draft)
        (draft / PAGE).write_text(_page(content, suite), encoding="utf-8")
    return out / PAGE


def _content(runs: pd.DataFrame, curves: pd.DataFrame, pictures: pd.DataFrame, suite: Mapping[str, Any]) -> Content:
    values, count = figures(runs), counts(runs, suite)
    summary, published = summary_of(values), published_figures(suite)
    used = set(count["method"])
    methods = [name for name in order(runs["method"], runs["method_name"], method_names(suite)) if name in used]
    datasets = order(runs["dataset"], runs["dataset_name"], dataset_names(suite))
    drawn = looks(methods)
    sections = []
    for dataset, anchor in _anchors([name for name in datasets if name in set(count["dataset"])]).items():
        names = {"", dataset, *runs.loc[runs["dataset"] == dataset, "dataset_name"]}
        plots = (
            headline_dots(dataset, values, drawn),
            sample_pictures(dataset, runs, pictures, drawn),
            train_test_matrix(dataset, summary, count, methods),
            learning_curves(dataset, runs, curves, drawn),
        )
        table = build(dataset, summary, count, [figure for figure in published if figure.dataset in names])
        sections.append(Section(dataset, anchor, table, tuple(plot for plot in plots if plot is not None)))
    return Content(runs, summary, count, methods, datasets, drawn, tuple(sections))


def _anchors(names: Sequence[str]) -> dict[str, str]:
    """A file name for each name, no two alike even where letter case does not count."""
    taken: dict[str, str] = {}
    for name in names:
        base, number = slug(name), 1
        candidate = base
        while candidate.casefold() in (used.casefold() for used in taken.values()):
            number += 1
            candidate = f"{base}-{number}"
        taken[name] = candidate
    return taken


def _write_files(content: Content, draft: Path) -> None:
    tables = draft / "tables"
    (tables / "summary.csv").write_text(content.summary.to_csv(index=False, lineterminator="\n"), encoding="utf-8")
    writers: dict[str, Callable[[Table], str]] = {"csv": to_csv, "md": to_markdown, "tex": to_latex}
    for section in content.sections:
        for suffix, write in writers.items():
            (tables / f"{section.anchor}.{suffix}").write_text(write(section.table), encoding="utf-8")
        for plot in section.plots:
            save(plot, draft / "figures", f"{section.anchor}-{plot.kind}")


def _spread_widths(table: Table) -> list[int]:
    """Characters of the widest spread in each column, so that the ± stand under each other."""
    return [
        max((len(c.texts[1]) for c in column if c), default=0)
        for column in zip(*(r.cells for r in table.rows), strict=True)
    ]


def _page(content: Content, suite: Mapping[str, Any]) -> str:
    environment = Environment(
        loader=PackageLoader("bench.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    runs, keys = (
        content.runs,
        [(h.column.name, h.protocol) for s in content.sections for h in s.table.headers if h.column.printed],
    )
    return environment.get_template("page.html.j2").render(
        title=str(suite.get("title") or suite.get("name") or "Report"),
        suite_name=str(suite.get("name") or ""),
        generator=Markup(GENERATOR),
        summary=overview.summary_paragraph(runs, content.counts, suite),
        content=content,
        bands=bands,
        inline=inline,
        spread_widths=_spread_widths,
        names=_NAMES,
        failures=overview.failures(runs, content.methods, content.datasets),
        group_notes=GROUP_NOTES,
        readings=overview.readings(sorted(dict.fromkeys(keys), key=lambda key: sort_key(key[0]))),
        environments=overview.environments(runs),
        sources=overview.data_sources(runs),
        settings=json.dumps(suite, indent=2, ensure_ascii=False, default=str),
    )


__all__ = ["Content", "Section", "render"]
