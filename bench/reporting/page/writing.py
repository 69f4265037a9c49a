"""The report as files: tables, figures and the page, laid out by the templates and put in place at once."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from bench.analysis.dictionary import read_columns
from bench.analysis.references import split_references
from bench.column import Columns
from bench.errors import BenchError, ReportWarning
from bench.reporting.calibration import by_estimator
from bench.reporting.figures.panels import draw_inline, save
from bench.reporting.page import by_dataset
from bench.reporting.page.failures import choose_failures, tabulate_failures
from bench.reporting.page.provenance import list_data, list_environments
from bench.reporting.page.readings import GROUP_NOTES, collect_readings
from bench.reporting.page.replacing import GENERATOR, PAGE, replace_report
from bench.reporting.page.sections import Block, Content, Frames
from bench.reporting.page.switches import offer_switches
from bench.reporting.tables.arranging import split_bands
from bench.reporting.tables.cells import Table
from bench.reporting.tables.export import to_csv, to_latex, to_markdown

CONTENT: Mapping[str, Callable[[Frames], Content]] = {
    "calibration": by_estimator.build_content,
    "methods": by_dataset.build_content,
}
"""What the page shows, by the `kind` of the suite; a suite that gives none compares methods."""
_MOST_CHARACTERS = 20
_WRITERS = {"csv": to_csv, "md": to_markdown, "tex": to_latex}


def render(
    runs: pd.DataFrame,
    curves: pd.DataFrame,
    pictures: pd.DataFrame,
    suite: Mapping[str, Any],
    out: Path,
    references: pd.DataFrame | None = None,
    columns: pd.DataFrame | None = None,
    search: pd.DataFrame | None = None,
    choices: Mapping[str, Any] | None = None,
) -> Path:
    """Write the report; see `bench.reporting.render`."""
    declared = read_columns(columns)
    methods, beside = split_references(runs, references)
    trials = pd.DataFrame() if search is None else search
    frames = Frames(methods, curves, pictures, suite, beside, declared, trials, choices or {})
    content = _choose_builder(suite)(frames)
    with replace_report(out) as draft:
        _write_tables(content, draft / "tables")
        _save_figures(content, draft / "figures")
        (draft / PAGE).write_text(_lay_out(content, suite, declared), encoding="utf-8")
    return out / PAGE


def _choose_builder(suite: Mapping[str, Any]) -> Callable[[Frames], Content]:
    kind = suite.get("kind") or "methods"
    if kind not in CONTENT:
        raise BenchError(f"cannot report on a suite of kind {kind!r}: expected one of {', '.join(sorted(CONTENT))}")
    return CONTENT[kind]


def _write_tables(content: Content, folder: Path) -> None:
    texts = {"summary.csv": content.summary.to_csv(index=False, lineterminator="\n")}
    texts |= {f"{name}.csv": own.to_csv(index=False, lineterminator="\n") for name, own in content.beside.items()}
    if content.failures:
        texts["failures.csv"] = tabulate_failures(content.failures).to_csv(index=False, lineterminator="\n")
    for section in content.sections:
        for table in section.tables:
            name = _name_file(section.anchor, table.kind)
            texts |= {f"{name}.{suffix}": write(table) for suffix, write in _WRITERS.items()}
    texts |= {f"{anchor}.csv": to_csv(table) for anchor, table in content.whole.items()}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _save_figures(content: Content, folder: Path) -> None:
    """Write the figures; one warning tells of all characters that no font has."""
    missing: set[str] = set()
    for section in content.sections:
        for plot in section.plots:
            name = _name_file(section.anchor, plot.kind)
            missing |= save(plot, folder, name)
            if plot.data is not None:
                (folder / f"{name}.csv").write_text(
                    plot.data.to_csv(index=False, lineterminator="\n"), encoding="utf-8"
                )
    if missing:
        shown = "".join(sorted(missing)[:_MOST_CHARACTERS]) + ("…" if len(missing) > _MOST_CHARACTERS else "")
        warnings.warn(
            f"figures/*.png: found {shown}, which no installed font has, so boxes stand for them; the page and the SVG "
            "files are as they should be; install a font of that script, such as Noto Sans CJK",
            ReportWarning,
            stacklevel=2,
        )


def _name_file(anchor: str, kind: str) -> str:
    return f"{anchor}-{kind}" if kind else anchor


def _find_data(block: Block, anchor: str) -> str:
    """The file with what a block's figure shows: one of its own, or its table's; empty for pictures."""
    if block.plot is not None and block.plot.data is not None:
        return f"figures/{_name_file(anchor, block.plot.kind)}.csv"
    return f"tables/{_name_file(anchor, block.table.kind)}.csv" if block.table is not None else ""


def mark_code(text: str) -> Markup:
    """Text for the page, what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _measure_spreads(table: Table) -> list[tuple[int, int]]:
    """Characters of the widest spread and letters in each column, so that the ± stand under each other."""
    return [
        (max((len(c.texts[1]) for c in column if c), default=0), max((len(c.ties) for c in column if c), default=0))
        for column in zip(*(r.cells for r in table.rows), strict=True)
    ]


def _lay_out(content: Content, suite: Mapping[str, Any], columns: Columns) -> str:
    readings = collect_readings((table for section in content.sections for table in section.tables), columns)
    environment = Environment(
        loader=PackageLoader("bench.reporting.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        title=str(suite.get("title") or suite.get("name") or "Report"),
        suite_name=str(suite.get("name") or ""),
        generator=Markup(GENERATOR),
        content=content,
        mark_code=mark_code,
        failures=choose_failures(content.failures),
        bands=split_bands,
        file=_name_file,
        inline=draw_inline,
        data_of=_find_data,
        spread_widths=_measure_spreads,
        switches=offer_switches(content.sections, readings),
        describe=columns.describe,
        group_notes=GROUP_NOTES,
        readings=readings,
        environments=list_environments(content.runs),
        sources=list_data(content.runs, columns),
        settings=json.dumps(suite, indent=2, ensure_ascii=False, default=str),
    )


__all__ = ["CONTENT", "render"]
