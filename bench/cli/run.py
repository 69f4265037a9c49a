"""`bench run` and `bench evaluate`: work that takes long."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from typing import Annotated

import typer

from bench.cli.ending import EXIT_FAILED, conclude_reading, conclude_runs, let_interrupt
from bench.cli.options import Address, Budget, Inline, Out, Results, Settings, SuiteFile
from bench.errors import ArgumentError
from bench.statuses import Status


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
            help="Run again what ended so: failed, timeout, …, done; or weights: whose weights are gone. Repeatable.",
        ),
    ] = None,
    checkpoint_seconds: Annotated[
        float, typer.Option(help="Least time between two checkpoints of a cohort.", min=0)
    ] = 30,
    weights: Annotated[
        bool, typer.Option("--weights/--no-weights", help="Keep trained weights, for bench evaluate.")
    ] = True,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Do only part I of N; all parts together are the suite.")
    ] = None,
    exclusive: Annotated[
        bool, typer.Option("--exclusive", help="Lock the results, and refuse where another such command has.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
) -> None:
    """Run what is missing of a suite. Running the same command again resumes it."""
    from rich.console import Console

    from bench.launch import Options, Shard
    from bench.session import prepare
    from bench.suite import parse_assignments

    launcher = choose_launcher(address, inline)
    console = Console(highlight=False)
    session = prepare(
        suite,
        out=out,
        budget=budget,
        seeds=seeds,
        settings=parse_assignments(settings or ()),
        retry=retry or (),
        shard=None if shard is None else Shard.parse(shard),
    )
    console.print(session.summary(), markup=False, soft_wrap=True)
    if dry_run:
        for plan in session.stage.plans:
            console.print(f"  {plan.label}", markup=False, soft_wrap=True)
        conclude_reading(session.snapshot.problems)
        return
    let_interrupt()
    try:
        with session.alone() if exclusive else nullcontext():
            session.execute(Options(launcher, address, checkpoint_seconds, weights), console)
    except KeyboardInterrupt:
        console.print("interrupted; finished runs are kept, and the same command goes on from here")
        raise typer.Exit(Status.INTERRUPTED.exit_status) from None
    conclude_runs(Counter(session.results()["status"]), len(session.specs), session.store.location, console)
    conclude_reading(session.snapshot.problems)


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

    launcher = choose_launcher(address, inline)
    asked = ",".join(metrics)
    session = prepare_evaluation(results, asked, recompute=recompute, settings=parse_assignments(settings or ()))
    console = Console(highlight=False)
    console.print(session.summary(), markup=False, soft_wrap=True)
    let_interrupt()
    try:
        ended = session.execute(Options(launcher, address), console)
    except KeyboardInterrupt:
        console.print("interrupted; what was measured is kept, and the same command goes on from here")
        raise typer.Exit(Status.INTERRUPTED.exit_status) from None
    where = session.store.location
    console.print(f"results in {where}\nbench report {where}", markup=False, soft_wrap=True)
    if ended.total() > ended["done"]:
        raise typer.Exit(EXIT_FAILED)
    conclude_reading(session.problems)


def choose_launcher(address: str | None, inline: bool) -> str:
    """Name of the launcher; both options at once are refused."""
    if address is not None and inline:
        raise ArgumentError("--address and --inline exclude each other; leave one out")
    return "inline" if inline else "ray"
