"""The command line: one verb each, a few lines over the public face. Heavy imports wait until a verb needs them."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

from bench.cli.compare import compare
from bench.cli.ending import EXIT_BAD_INPUT
from bench.cli.query import query
from bench.cli.results import gallery, report
from bench.cli.run import evaluate, run
from bench.cli.schedule import schedule
from bench.cli.status import status
from bench.cli.submit import submit
from bench.cli.suites import check, fetch, list_
from bench.errors import BenchError

app = typer.Typer(
    help="Compare divergences for generative models: run suites of VAEs and f-GANs over datasets and seeds, report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for verb in (run, evaluate, report, gallery, query, status, compare, check, fetch, submit, schedule):
    app.command()(verb)
app.command("list")(list_)


def main() -> NoReturn:
    """Entry point: bad input is one message on standard error and exit status 2."""
    try:
        app(standalone_mode=True)
    except BenchError as error:
        typer.echo(f"bench: {error}", err=True)
        sys.exit(EXIT_BAD_INPUT)
    sys.exit(0)
