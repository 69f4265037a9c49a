"""`bench report` and `bench status`: what there is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.ending import telling_problems
from bench.cli.options import Results
from bench.statuses import Status


def report(
    results: Results,
    out: Annotated[Path | None, typer.Option(help="Folder of the report; by default report/ in the results.")] = None,
) -> None:
    """Write the report: a page, tables (CSV, Markdown, LaTeX) and figures (SVG, PNG)."""
    from bench import reading

    with telling_problems():
        typer.echo(reading.report(results, out=out))


def status(results: Results) -> None:
    """Show how many runs of each dataset and method ended how."""
    from bench import reading

    with telling_problems():
        found = reading.read_results(results)
        runs = found.rows()
        typer.echo(reading.count_statuses(runs).to_string())
        searched = found.rows(stage="search")
        if len(searched):
            typer.echo(f"search:\n{reading.count_statuses(searched.assign(variant=searched['method'])).to_string()}")
        for rows in (runs, found.rows(references=True)):
            for row in rows[rows["status"] != Status.DONE].itertuples():
                reason = (str(row.error).strip().splitlines() or ["no message"])[-1]
                typer.echo(f"{row.status}: {row.dataset} · {row.variant} · seed {row.seed}: {reason}")
        if found.hidden:
            typer.echo(f'{found.hidden} runs of other settings are not counted: bench.load(…, variants="all") has them')
