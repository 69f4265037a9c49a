"""`bench report`: what there is, as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.ending import telling_problems
from bench.cli.options import Results


def report(
    results: Results,
    out: Annotated[Path | None, typer.Option(help="Folder of the report; by default report/ in the results.")] = None,
) -> None:
    """Write the report: a page, tables (CSV, Markdown, LaTeX) and figures (SVG, PNG)."""
    from bench import reading

    with telling_problems():
        typer.echo(reading.report(results, out=out))
