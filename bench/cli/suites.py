"""`bench list`, `bench check` and `bench fetch`: what suites can name, and whether one would run."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli.ending import EXIT_FAILED
from bench.cli.options import Settings, SuiteFile
from bench.statuses import SEARCH_STAGES


def list_(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="bijections, columns, datasets, divergences, estimators, extractors, families, loggers, metrics, "
            "shapes, tasks."
        ),
    ] = None,
) -> None:
    """List what suites can name, and what the columns of results mean."""
    from bench.catalogue import catalogue

    for title, entries in catalogue(kind).items():
        typer.echo(typer.style(title, bold=True))
        width = max(len(name) for name in entries)
        for name, text in entries.items():
            typer.echo(f"  {name:<{width}}  {text}".rstrip())


def check(suite: SuiteFile, settings: Settings = None) -> None:
    """Train every method for a few steps on the CPU and evaluate it, in under a minute."""
    from bench import api
    from bench.suite import parse_assignments

    runs = api.check(suite, settings=parse_assignments(settings or ()))
    for row in runs.itertuples():
        of_search = " (search)" if row.stage in SEARCH_STAGES else ""
        typer.echo(f"{row.status:<10}  {row.dataset} · {row.method}{of_search}")
        if row.status == "failed":
            typer.echo(f"{row.error}\n", err=True)
    if (runs["status"] == "failed").any():
        raise typer.Exit(EXIT_FAILED)


def fetch(suite: SuiteFile) -> None:
    """Fetch the data of a suite ahead, for machines that will have no network."""
    from bench import api

    for name, folder in api.fetch(suite):
        typer.echo(f"{name}: {folder or 'nothing to fetch'}")
