"""`bench submit`: a suite as a job of a running Ray cluster, or of SLURM."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.deploying import gather, give, make_command
from bench.cli.options import Budget, Out, Settings, SuiteFile
from bench.errors import ArgumentError
from bench.statuses import Status

if TYPE_CHECKING:
    from bench.deploy import Bundle, Command

_RAY, _SLURM = "Ray", "SLURM"


def submit(
    suite: SuiteFile,
    address: Annotated[
        str | None, typer.Option(help="Dashboard of a running Ray cluster: http://HOST:8265.", rich_help_panel=_RAY)
    ] = None,
    on: Annotated[
        str | None, typer.Option(help="slurm: print a job script for sbatch.", rich_help_panel=_SLURM)
    ] = None,
    budget: Budget = None,
    seeds: Annotated[int | None, typer.Option(help="Number of seeds, in place of the suite's.", min=1)] = None,
    settings: Settings = None,
    out: Out = "results",
    retry: Annotated[
        list[str] | None, typer.Option(metavar="STATUS", help="Run again what ended so. Repeatable.")
    ] = None,
    bench: Annotated[
        str | None, typer.Option(metavar="COMMAND", help="How bench is called there; 'python -m bench' on Ray.")
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Do not follow the job to its end.", rich_help_panel=_RAY)
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Submit a plan again whose job has ended.", rich_help_panel=_RAY)
    ] = False,
    shards: Annotated[int, typer.Option(help="Tasks to share the suite out to.", min=1, rich_help_panel=_SLURM)] = 1,
    symmetric: Annotated[
        bool, typer.Option("--symmetric", help="One Ray over all nodes instead.", rich_help_panel=_SLURM)
    ] = False,
    nodes: Annotated[int, typer.Option(help="Nodes for --symmetric.", min=1, rich_help_panel=_SLURM)] = 2,
    time: Annotated[str | None, typer.Option(help="The most that a task may take.", rich_help_panel=_SLURM)] = None,
    partition: Annotated[str | None, typer.Option(help="Partition.", rich_help_panel=_SLURM)] = None,
    cpus: Annotated[int | None, typer.Option(help="Cores of a task.", rich_help_panel=_SLURM)] = None,
    gpus: Annotated[str | None, typer.Option(help="GPUs of a task: 1, or a100:2.", rich_help_panel=_SLURM)] = None,
    memory: Annotated[str | None, typer.Option(help="Memory of a task: 16G.", rich_help_panel=_SLURM)] = None,
    sbatch: Annotated[
        list[str] | None,
        typer.Option(help="Further option of sbatch: --sbatch=--account=lab. Repeatable.", rich_help_panel=_SLURM),
    ] = None,
    write: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write the script there instead.", rich_help_panel=_SLURM)
    ] = None,
) -> None:
    """Submit a suite to a running Ray cluster and follow it, or write a job script for SLURM.

    On Ray the suite file and its plugins are uploaded, and the exit status is that of the job. Its id follows from the
    plan, so the same plan is not submitted twice.
    """
    from bench.deploy import SlurmChoices, read_choices, slurm_job
    from bench.suite import load_suite, parse_assignments

    if (address is None) == (on is None):
        raise ArgumentError("bench submit: expected either --address http://HOST:8265 or --on slurm")
    if on not in (None, "slurm"):
        raise ArgumentError(f"--on: found '{on}'; expected slurm")
    loaded = load_suite(suite, budget=budget, seeds=seeds, settings=parse_assignments(settings or ()))

    def command(path: Path, usual: str | None) -> Command:
        return make_command(
            path, loaded, out, seeds, settings or (), retry or (), bench=bench or usual, is_elsewhere=usual is not None
        )

    if address is not None:
        files = gather(suite)
        _submit_to_ray(command(Path(files.suite), "python -m bench"), files, loaded.plan_id(), address, no_wait, again)
        return
    given = {"time": time, "partition": partition, "cpus": cpus, "gpus": gpus, "memory": memory, "shards": shards}
    choices = read_choices(SlurmChoices, "slurm", given | {"sbatch": tuple(sbatch or ())})
    give([slurm_job(command(suite, None), choices, nodes if symmetric else None)], write)


def _submit_to_ray(command: Command, files: Bundle, plan: str, address: str, no_wait: bool, again: bool) -> None:
    from bench.deploy import in_shell, job_name
    from bench.launch.ray_jobs import RayJob, RayJobs

    if "://" not in command.out and not Path(command.out).is_absolute():
        raise ArgumentError(
            f"--out: found '{command.out}', which would lie in the job's own working directory and go with it; "
            "expected a URI, or an absolute path that all nodes share"
        )
    jobs = RayJobs(address)
    name = f"{job_name(command.name)}-{plan}"
    with tempfile.TemporaryDirectory(prefix="bench-submit-") as folder:
        files.write(Path(folder))
        job = RayJob(name, in_shell(command.run("--address", "auto")), Path(folder), {})
        jobs.submit(job, again=again)
    typer.echo(f"submitted {name}; it goes on without this command; {jobs.stop_command(name)} ends it")
    if no_wait:
        typer.echo(f"{jobs.follow_command(name)} shows its output")
        return
    try:
        code = jobs.follow(name, lambda text: typer.echo(text, nl=False))
    except KeyboardInterrupt:
        typer.echo(f"no longer followed, but still running; {jobs.follow_command(name)}", err=True)
        raise typer.Exit(Status.INTERRUPTED.exit_status) from None
    if code:
        raise typer.Exit(code)
