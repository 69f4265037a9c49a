"""The command line: one verb each, a few lines over the public face. Heavy imports wait until a verb needs them."""

from __future__ import annotations

import signal
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bench.errors import ArgumentError, BenchError
from bench.statuses import RESULTS, Status

if TYPE_CHECKING:
    from rich.console import Console

EXIT_FAILED, EXIT_BAD_INPUT = 1, 2

app = typer.Typer(
    help="Compare divergences for generative models: run suites of VAEs and f-GANs over datasets and seeds, report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

SuiteFile = Annotated[Path, typer.Argument(help="Suite file, such as suites/quickstart.yaml.", show_default=False)]
Results = Annotated[str, typer.Argument(help="A suite's results, such as results/quickstart.", show_default=False)]
Budget = Annotated[str | None, typer.Option(help="A budget the suite names, such as smoke.", show_default=False)]
Out = Annotated[str, typer.Option(help="Folder of all results.")]
Address = Annotated[str | None, typer.Option(help="A running ray cluster, such as auto.")]
Inline = Annotated[bool, typer.Option("--inline", help="Work in this process, without ray.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a key over everything else: training.steps=100. Repeatable."),
]


@app.command()
def run(
    suite: SuiteFile,
    budget: Budget = None,
    seeds: Annotated[int | None, typer.Option(help="Number of seeds, in place of the suite's.", min=1)] = None,
    settings: Settings = None,
    out: Out = "results",
    address: Address = None,
    inline: Inline = False,
    retry: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATUS",
            help="Run again what ended so: failed, timeout, …; or weights: whose weights are gone. Repeatable.",
        ),
    ] = None,
    checkpoint_seconds: Annotated[
        float, typer.Option(help="Least time between two checkpoints of a cohort.", min=0)
    ] = 30,
    weights: Annotated[
        bool, typer.Option("--weights/--no-weights", help="Keep trained weights, for bench evaluate.")
    ] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
) -> None:
    """Run what is missing of a suite. Running the same command again resumes it."""
    from rich.console import Console

    from bench.launch import Options
    from bench.session import prepare
    from bench.suite import parse_assignments

    launcher = _launcher(address, inline)
    console = Console(highlight=False)
    session = prepare(
        suite, out=out, budget=budget, seeds=seeds, settings=parse_assignments(settings or ()), retry=retry or ()
    )
    console.print(session.summary(), markup=False, soft_wrap=True)
    if dry_run:
        for plan in session.stage.plans:
            console.print(f"  {plan.label}", markup=False, soft_wrap=True)
        _conclude_reading(session.snapshot.problems)
        return
    _interruptible()
    try:
        session.execute(Options(launcher, address, checkpoint_seconds, weights), console)
    except KeyboardInterrupt:
        console.print("interrupted; finished runs are kept, and the same command goes on from here")
        raise typer.Exit(Status.INTERRUPTED.exit_status) from None
    _conclude(Counter(session.results()["status"]), len(session.specs), session.store.location, console)
    _conclude_reading(session.snapshot.problems)


@app.command()
def evaluate(
    results: Results,
    metrics: Annotated[
        list[str], typer.Option(help="Metrics to add, with commas between them: kid,parzen_log_likelihood. Repeatable.")
    ],
    recompute: Annotated[bool, typer.Option("--recompute", help="Measure again what is there already.")] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Other resources than in training: resources.gpu=0."),
    ] = None,
    address: Address = None,
    inline: Inline = False,
) -> None:
    """Add metrics to finished runs without training, from the weights that were kept."""
    from rich.console import Console

    from bench.launch import Options
    from bench.session import prepare_evaluation
    from bench.suite import parse_assignments

    launcher = _launcher(address, inline)
    asked = ",".join(metrics)
    session = prepare_evaluation(results, asked, recompute=recompute, settings=parse_assignments(settings or ()))
    console = Console(highlight=False)
    console.print(session.summary(), markup=False, soft_wrap=True)
    _interruptible()
    try:
        ended = session.execute(Options(launcher, address), console)
    except KeyboardInterrupt:
        console.print("interrupted; what was measured is kept, and the same command goes on from here")
        raise typer.Exit(Status.INTERRUPTED.exit_status) from None
    where = session.store.location
    console.print(f"results in {where}\nbench report {where}", markup=False, soft_wrap=True)
    if ended.total() > ended["done"]:
        raise typer.Exit(EXIT_FAILED)
    _conclude_reading(session.problems)


@app.command()
def report(
    results: Results,
    out: Annotated[Path | None, typer.Option(help="Folder of the report; by default report/ in the results.")] = None,
) -> None:
    """Write the report: a page, tables (CSV, Markdown, LaTeX) and figures (SVG, PNG)."""
    from bench import reading

    with _told_problems():
        typer.echo(reading.report(results, out=out))


@app.command()
def status(results: Results) -> None:
    """Show how many runs of each dataset and method ended how."""
    from bench import reading

    with _told_problems():
        found = reading.read_results(results)
        runs = found.rows()
        typer.echo(reading.count_statuses(runs).to_string())
        for rows in (runs, found.rows(references=True)):
            for row in rows[rows["status"] != Status.DONE].itertuples():
                reason = (str(row.error).strip().splitlines() or ["no message"])[-1]
                typer.echo(f"{row.status}: {row.dataset} · {row.variant} · seed {row.seed}: {reason}")
        if found.hidden:
            typer.echo(f'{found.hidden} runs of other settings are not counted: bench.load(…, variants="all") has them')


@app.command("list")
def list_(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="bijections, columns, datasets, divergences, estimators, extractors, families, metrics, shapes, tasks."
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


@app.command()
def check(suite: SuiteFile, settings: Settings = None) -> None:
    """Train every method for a few steps on the CPU and evaluate it, in under a minute."""
    from bench import api
    from bench.suite import parse_assignments

    runs = api.check(suite, settings=parse_assignments(settings or ()))
    for row in runs.itertuples():
        typer.echo(f"{row.status:<10}  {row.dataset} · {row.method}")
        if row.status == "failed":
            typer.echo(f"{row.error}\n", err=True)
    if (runs["status"] == "failed").any():
        raise typer.Exit(EXIT_FAILED)


@app.command()
def fetch(suite: SuiteFile) -> None:
    """Fetch the data of a suite ahead, for machines that will have no network."""
    from bench import api

    for name, folder in api.fetch(suite):
        typer.echo(f"{name}: {folder or 'nothing to fetch'}")


def main() -> NoReturn:
    """Entry point: bad input is one message on standard error and exit status 2."""
    try:
        app(standalone_mode=True)
    except BenchError as error:
        typer.echo(f"bench: {error}", err=True)
        sys.exit(EXIT_BAD_INPUT)
    sys.exit(0)


def _launcher(address: str | None, inline: bool) -> str:
    """Name of the launcher; both options at once are refused."""
    if address is not None and inline:
        raise ArgumentError("--address and --inline exclude each other; leave one out")
    return "inline" if inline else "ray"


@contextmanager
def _told_problems() -> Iterator[None]:
    """Say which files of a folder of results were left out, once; then the exit status is 1."""
    from bench.reading import ResultsWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResultsWarning)
        yield
    _conclude_reading(tuple(dict.fromkeys(str(w.message) for w in caught if w.category is ResultsWarning)))


def _conclude_reading(problems: Sequence[str]) -> None:
    for problem in problems:
        typer.echo(f"bench: left out: {problem}", err=True)
    if problems:
        raise typer.Exit(EXIT_FAILED)


def _interruptible() -> None:
    """A polite kill, as schedulers send it, ends the command as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def _conclude(counts: Counter[str], planned: int, location: str, console: Console) -> None:
    """Say how it ended; runs without a result or with an accident make the exit status 1."""
    told = ", ".join(f"{counts[status]} {status.value}" for status in RESULTS if counts[status])
    lines = [f"{told or 'no runs'}; results in {location}", f"bench report {location}"]
    missing = planned - counts.total()
    if missing:
        lines.append(f"{missing} runs have no result; the same command tries them again")
    accidents = [status.value for status in RESULTS if status.is_accident and counts[status]]
    if accidents:
        lines.append(f"`--retry {' --retry '.join(accidents)}` runs them again")
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
    if missing or accidents:
        raise typer.Exit(EXIT_FAILED)


if __name__ == "__main__":
    main()
