"""The page: everything that the frames say, laid out by the templates and put in place at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bench.errors import BenchError
from bench.reporting import by_dataset, by_estimator, overview
from bench.reporting.cells import Table
from bench.reporting.columns import GROUP_NOTES, describe, sort_key
from bench.reporting.export import to_csv, to_latex, to_markdown
from bench.reporting.figures import inline, save
from bench.reporting.publish import GENERATOR, PAGE, replacing
from bench.reporting.references import apart
from bench.reporting.sections import Content, Frames
from bench.reporting.tables import bands

CONTENT: Mapping[str, Callable[[Frames], Content]] = {
    "calibration": by_estimator.content,
    "methods": by_dataset.content,
}
"""What the page shows, by the `kind` of the suite; a suite that gives none compares methods."""
_NAMES = {
    "hostname": "Host",
    "device": "Device",
    "python": "Python",
    "git_commit": "Commit",
    "dataset": "Dataset",
    "dataset_sha256": "SHA-256",
    "feature_extractor": "Feature extractor",
    "feature_rule": "Examples before it",
    "feature_split": "Reference split",
    "feature_size": "Features",
    "binarisation": "Binarisation",
    "mode_classifier": "Classifier of modes",
}


def render(
    runs: pd.DataFrame,
    curves: pd.DataFrame,
    pictures: pd.DataFrame,
    suite: Mapping[str, Any],
    out: Path,
    references: pd.DataFrame | None = None,
) -> Path:
    """Write the report; see `bench.reporting.render`."""
    methods, beside = apart(runs, references)
    content = _builder(suite)(Frames(methods, curves, pictures, suite, beside))
    with replacing(out) as draft:
        _write_files(content, draft)
        (draft / PAGE).write_text(_page(content, suite), encoding="utf-8")
    return out / PAGE


def _builder(suite: Mapping[str, Any]) -> Callable[[Frames], Content]:
    kind = suite.get("kind") or "methods"
    if kind not in CONTENT:
        raise BenchError(f"cannot report on a suite of kind {kind!r}: expected one of {', '.join(sorted(CONTENT))}")
    return CONTENT[kind]


def _write_files(content: Content, draft: Path) -> None:
    tables = draft / "tables"
    (tables / "summary.csv").write_text(content.summary.to_csv(index=False, lineterminator="\n"), encoding="utf-8")
    for section in content.sections:
        for table in section.tables:
            name = _file(section.anchor, table.kind)
            for suffix, write in (("csv", to_csv), ("md", to_markdown), ("tex", to_latex)):
                (tables / f"{name}.{suffix}").write_text(write(table), encoding="utf-8")
        for plot in section.plots:
            save(plot, draft / "figures", _file(section.anchor, plot.kind))
    for anchor, table in content.whole.items():
        (tables / f"{anchor}.csv").write_text(to_csv(table), encoding="utf-8")


def _file(anchor: str, kind: str) -> str:
    return f"{anchor}-{kind}" if kind else anchor


def _spread_widths(table: Table) -> list[int]:
    """Characters of the widest spread in each column, so that the ± stand under each other."""
    return [
        max((len(c.texts[1]) for c in column if c), default=0)
        for column in zip(*(r.cells for r in table.rows), strict=True)
    ]


def _readings(content: Content) -> list[tuple[str, list[overview.Reading]]]:
    """How to read the metrics in the tables; columns that only one table knows are explained beside it."""
    shown = [header for section in content.sections for table in section.tables for header in table.headers]
    keys = [(h.column.name, h.protocol) for h in shown if h.column.printed and h.column == describe(h.column.name)]
    return overview.readings(sorted(dict.fromkeys(keys), key=lambda key: sort_key(key[0])))


def _page(content: Content, suite: Mapping[str, Any]) -> str:
    environment = Environment(
        loader=PackageLoader("bench.reporting"),
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
        bands=bands,
        file=_file,
        inline=inline,
        spread_widths=_spread_widths,
        names=_NAMES,
        group_notes=GROUP_NOTES,
        readings=_readings(content),
        environments=overview.environments(content.runs),
        sources=overview.data_sources(content.runs),
        settings=json.dumps(suite, indent=2, ensure_ascii=False, default=str),
    )


__all__ = ["CONTENT", "render"]
