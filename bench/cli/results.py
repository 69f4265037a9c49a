"""`bench report` and `bench gallery`: what there is, as pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.ending import EXIT_FAILED, telling_problems
from bench.cli.options import Results


def report(
    results: Results,
    out: Annotated[Path | None, typer.Option(help="Folder of the report; by default report/ in the results.")] = None,
) -> None:
    """Write the report: a page, tables (CSV, Markdown, LaTeX) and figures (SVG, PNG)."""
    from bench import reading

    with telling_problems():
        typer.echo(reading.report(results, out=out))


def gallery(
    folder: Annotated[Path, typer.Argument(help="Holds folders of results, such as results/reference.")],
    out: Annotated[Path, typer.Argument(help="Folder of the gallery.")] = Path("gallery"),
) -> None:
    """Write the reports of all results in a folder, and a page that links them."""
    from bench.gallery import render_gallery

    with telling_problems():
        entries = render_gallery(folder, out)
        for entry in entries:
            typer.echo(f"{entry.name}: {entry.problem or 'done'}")
        if any(entry.problem for entry in entries):
            raise typer.Exit(EXIT_FAILED)
