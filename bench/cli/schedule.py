"""`bench schedule`: a suite by the clock, as files that are ready to be installed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from bench.cli.deploying import gather, give, make_command
from bench.cli.options import Budget, Out, Settings, SuiteFile
from bench.errors import ArgumentError
from bench.statuses import RESULTS

_KUBERNETES, _SLURM, _OTHERS = "Kubernetes", "SLURM", "systemd and GitHub"


def schedule(
    suite: SuiteFile,
    cron: Annotated[str, typer.Option(help="When: minute, hour, day, month, day of the week. '0 2 * * *', say.")],
    on: Annotated[str, typer.Option(help="Where: cron, github, kubernetes, slurm or systemd.")],
    timezone: Annotated[str | None, typer.Option(help="Time zone of --cron, such as Europe/Berlin.")] = None,
    budget: Budget = None,
    seeds: Annotated[int | None, typer.Option(help="Number of seeds, in place of the suite's.", min=1)] = None,
    settings: Settings = None,
    out: Out = "results",
    missing: Annotated[
        bool, typer.Option("--missing", help="Do only what is missing each time; by default everything, anew.")
    ] = False,
    bench: Annotated[
        str | None, typer.Option(metavar="COMMAND", help="How bench is called there, such as /opt/bench/bin/bench.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write the files there instead of printing them.")
    ] = None,
    cpus: Annotated[int | None, typer.Option(help="Cores of a pod or task.", rich_help_panel=_KUBERNETES)] = None,
    memory: Annotated[
        str | None, typer.Option(help="Memory of a pod or task: 16Gi; 16G on SLURM.", rich_help_panel=_KUBERNETES)
    ] = None,
    gpus: Annotated[str | None, typer.Option(help="GPUs of a pod or task.", rich_help_panel=_KUBERNETES)] = None,
    image: Annotated[
        str | None, typer.Option(help="Image with this package and Ray.", rich_help_panel=_KUBERNETES)
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="raycronjob, or cronjob, which creates RayJobs.", rich_help_panel=_KUBERNETES),
    ] = None,
    namespace: Annotated[str | None, typer.Option(help="Namespace.", rich_help_panel=_KUBERNETES)] = None,
    claim: Annotated[
        str | None,
        typer.Option(metavar="NAME:/PATH", help="Volume claim for --out.", rich_help_panel=_KUBERNETES),
    ] = None,
    secret: Annotated[
        list[str] | None,
        typer.Option(help="Secret that becomes environment variables. Repeatable.", rich_help_panel=_KUBERNETES),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker pods beside the head; none by default.", rich_help_panel=_KUBERNETES)
    ] = None,
    delete_after: Annotated[
        int | None,
        typer.Option(metavar="SECONDS", help="Delete ended RayJobs after that time.", rich_help_panel=_KUBERNETES),
    ] = None,
    kubectl_image: Annotated[
        str | None, typer.Option(help="Image with sh and kubectl, for cronjob.", rich_help_panel=_KUBERNETES)
    ] = None,
    shards: Annotated[int | None, typer.Option(help="Tasks to share the suite out to.", rich_help_panel=_SLURM)] = None,
    time: Annotated[str | None, typer.Option(help="The most that a task may take.", rich_help_panel=_SLURM)] = None,
    partition: Annotated[str | None, typer.Option(help="Partition.", rich_help_panel=_SLURM)] = None,
    sbatch: Annotated[
        list[str] | None,
        typer.Option(help="Further option of sbatch: --sbatch=--account=lab. Repeatable.", rich_help_panel=_SLURM),
    ] = None,
    user: Annotated[str | None, typer.Option(help="User of a system service.", rich_help_panel=_OTHERS)] = None,
    runner: Annotated[str | None, typer.Option(help="Label of GitHub's machines.", rich_help_panel=_OTHERS)] = None,
    python: Annotated[str | None, typer.Option(help="Version of Python.", rich_help_panel=_OTHERS)] = None,
    install: Annotated[str | None, typer.Option(help="Command that installs bench.", rich_help_panel=_OTHERS)] = None,
) -> None:
    """Print what runs a suite by the clock and compares it with the last time.

    Each time everything is run anew under a lock in the results (`bench run --exclusive`), the rows from before are
    kept, and `bench compare` ends with exit status 3 where a metric got worse beyond noise.
    """
    from bench.deploy import TARGETS, Order, Timetable
    from bench.suite import load_suite, parse_assignments

    target = TARGETS[on]
    timetable = Timetable.parse(cron)
    _check_timezone(timezone)
    loaded = load_suite(suite, budget=budget, seeds=seeds, settings=parse_assignments(settings or ()))
    given = {
        "cpus": cpus,
        "memory": memory,
        "gpus": gpus,
        "image": image,
        "kind": kind,
        "namespace": namespace,
        "claim": claim,
        "secret": tuple(secret or ()) or None,
        "workers": workers,
        "delete_after": delete_after,
        "kubectl_image": kubectl_image,
        "shards": shards,
        "time": time,
        "partition": partition,
        "sbatch": tuple(sbatch or ()) or None,
        "user": user,
        "runner": runner,
        "python": python,
        "install": install,
    }
    retry = () if missing else tuple(status.value for status in RESULTS)
    command = make_command(
        suite, loaded, out, seeds, settings or (), retry, bench=bench, is_elsewhere=target.is_elsewhere
    )
    order = Order(command, gather(suite), timetable, Path.cwd(), timezone)
    give(target.write(on, order, given), write)


def _check_timezone(name: str | None) -> None:
    if name is None:
        return
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise ArgumentError(f"--timezone: found '{name}'; expected a name such as Europe/Berlin or UTC") from None
