"""`bench compare`: what became better or worse between two sets of results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.ending import EXIT_WORSE, telling_problems
from bench.cli.options import Results

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

_WIDTH = 140  # where the output is no terminal
_STYLES = {"worse": "bold red", "better": "green", "different": "yellow", "not comparable": "dim"}


class Format(StrEnum):
    """What a comparison is printed as."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"


def compare(
    results: Results,
    later: Annotated[
        str | None, typer.Argument(help="Later results, to compare with the first.", show_default=False)
    ] = None,
    with_last: Annotated[
        bool, typer.Option("--with-last", help="Compare rows with those that they replaced, in one folder of results.")
    ] = False,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            help="Columns to compare by, with commas: fid,elbo; by default all with a better end. Repeatable."
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
) -> None:
    """Compare the same runs in two results: code versions, machines, suites. Exit status 3 if something got worse.

    Differences are paired by seed; one is claimed only where its 95 % interval and the sign-flip test, after Holm's
    correction over all rows, exclude 0. With one seed standard errors decide. Fewer metrics need fewer seeds.
    """
    from bench import reading
    from bench.analysis.comparison import describe_origin, find_worse

    asked = [name.strip() for text in metrics or () for name in text.split(",") if name.strip()]
    worse: list[str] = []
    try:
        with telling_problems():
            pair = reading.read_both(results, later, with_last=with_last)
            told = pair.compare(asked or None)
            for name, rows in zip(pair.names, (pair.before, pair.after), strict=True):
                typer.echo(f"{name}: {describe_origin(rows)}", err=True)
            if pair.before.empty:
                typer.echo("there is nothing earlier to compare with", err=True)
            _WRITERS[form](told)
            worse = find_worse(told)
    except typer.Exit:
        if not worse:  # what got worse weighs more than a file that was left out
            raise
    for line in worse:
        typer.echo(f"worse: {line}", err=True)
    if worse:
        raise typer.Exit(EXIT_WORSE)


def _print_table(told: pd.DataFrame) -> None:
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    shown = told[told["verdict"] != "same"]
    for dataset, rows in shown.groupby("dataset", sort=False):
        console.print(_make_table(str(dataset), rows))
    for line in (*_explain(told), summarise(told)):
        console.print(line, markup=False, soft_wrap=True)


def _make_table(dataset: str, rows: pd.DataFrame) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(dataset), title_justify="left")
    for name in ("method", "metric"):
        table.add_column(name, overflow="fold")
    for name in ("seeds", "before", "after", "difference", "95 % interval", "p (Holm)"):
        table.add_column(name, justify="right")
    table.add_column("verdict", overflow="fold")
    for row in rows.to_dict(orient="records"):
        table.add_row(*(escape(cell) for cell in _write_row(row)), style=_STYLES.get(row["verdict"]))
    return table


def _write_row(row: dict[Any, Any]) -> list[str]:
    from bench.analysis.verdicts import count_seeds

    arrow = {"higher": " ↑", "lower": " ↓"}.get(row["better"], "")
    numbers = [_write(row["before"]), _write(row["after"]), _write(row["difference"], "+")]
    interval = f"[{_write(row['low'], '+')}, {_write(row['high'], '+')}]" if row["interval"] else "–"
    p = f"{row['p_holm']:.2g}" if row["p_holm"] == row["p_holm"] else "–"
    told = f"{row['verdict']}: {row['why']}" if row["why"] else row["verdict"]
    verdict = f"{row['verdict']} with {count_seeds(row['n'])}" if _lacks_seeds(row) else told
    return [row["method"], f"{row['metric'] or '–'}{arrow}", str(row["n"]), *numbers, interval, p, verdict]


def _lacks_seeds(row: dict[Any, Any]) -> bool:
    """Whether nothing but the number of seeds stands in the way of a verdict."""
    from bench.analysis.verdicts import tell_seeds

    return bool(row["why"] == tell_seeds(row["n"], row["comparisons"]))


def _explain(told: pd.DataFrame) -> list[str]:
    """How many seeds it would take, in a line, where there are too few."""
    from bench.analysis.significance import pairs_needed

    lacking = [row for row in told.to_dict(orient="records") if _lacks_seeds(row)]
    if not lacking:
        return []
    comparisons = lacking[0]["comparisons"]
    needed = pairs_needed(comparisons)
    return [f"To tell anything by {comparisons} comparisons takes {needed} seeds at least; fewer --metrics need fewer."]


def _write(number: float, sign: str = "") -> str:
    return f"{number:{sign}.4g}" if number == number else "–"  # NaN is not itself


def summarise(told: pd.DataFrame) -> str:
    """How many rows have which verdict, in a line."""
    counts = told["verdict"].value_counts()
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items()) or "nothing compared"


_WRITERS: Mapping[Format, Callable[[pd.DataFrame], None]] = {
    Format.TABLE: _print_table,
    Format.CSV: lambda told: typer.echo(told.to_csv(index=False), nl=False),
    Format.JSON: lambda told: typer.echo(told.to_json(orient="records", force_ascii=False, double_precision=15)),
    Format.MARKDOWN: lambda told: typer.echo(told.to_markdown(index=False)),
}
