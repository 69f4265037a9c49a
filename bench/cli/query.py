"""`bench query`: results by SQL."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.compare import Format
from bench.cli.ending import telling_problems

if TYPE_CHECKING:
    import pandas as pd


def query(
    asked: Annotated[
        list[str],
        typer.Argument(metavar='RESULTS… "SELECT …"', help="Results, one or several, then one SQL statement.",
                       show_default=False),
    ],
    every: Annotated[
        bool, typer.Option("--all-variants", help="Also runs that a suite was run with before under other settings.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
) -> None:  # fmt: skip
    """Query results with SQL (DuckDB): tables runs, trials, curves, real_data (references) and columns.

    bench query results/quickstart "SELECT method, avg(fid) FROM runs GROUP BY method"
    """
    from bench.errors import ArgumentError
    from bench.sql import query as run

    *results, sql = asked
    if not results:
        raise ArgumentError(
            f'query: found one argument ({sql}); expected results and a statement: bench query RESULTS "SELECT …"'
        )
    with telling_problems():
        found = run(results, sql, variants="all" if every else "suite")
    sys.stdout.write(_WRITERS[form](found).rstrip("\n") + "\n")


def _write_table(found: pd.DataFrame) -> str:
    from tabulate import tabulate

    plain = found.astype(object).where(found.notna(), "")
    return str(tabulate(plain, headers="keys", showindex=False, tablefmt="simple", floatfmt=".6g"))


def _write_markdown(found: pd.DataFrame) -> str:
    return str(found.to_markdown(index=False))


_WRITERS: Mapping[Format, Callable[[pd.DataFrame], str]] = {
    Format.TABLE: _write_table,
    Format.CSV: lambda found: str(found.to_csv(index=False, lineterminator="\n")),
    Format.JSON: lambda found: str(found.to_json(orient="records", date_format="iso", force_ascii=False)),
    Format.MARKDOWN: _write_markdown,
}
