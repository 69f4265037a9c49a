"""SLURM: an array of one-node runs over shards of the plan, one Ray over several nodes, and scrontab.

The array is what to take by default: runs are independent and results are files, so its tasks need no ports between
nodes, start whenever there is room, and a task that fails or is preempted is run again alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from bench.deploy.command import Command, in_shell, job_name
from bench.deploy.targets import TARGETS, Choices, Document, Order, Target
from bench.errors import ArgumentError

_PORT = 6379


def _check_time(text: str) -> str:
    """A time as sbatch(1) takes it."""
    if not re.fullmatch(r"\d+(:\d{1,2}){0,2}|\d+-\d{1,2}(:\d{1,2}){0,2}", text):
        raise ValueError("expected minutes, H:MM:SS or D-HH:MM:SS, as sbatch takes it")
    return text


def _check_lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    for line in lines:
        if not line.startswith("--") or "\n" in line:
            raise ValueError(f"found {line!r}; expected an option of sbatch, such as --account=lab")
    return lines


class SlurmChoices(Choices):
    """Options of SLURM.

    Attributes:
        shards: number of parts of the plan, each a task of its own.
        time: the most that a task may take.
        partition: name of the partition.
        cpus: cores of a task.
        gpus: GPUs of a task, such as 1 or a100:2.
        memory: memory of a task, such as 16G.
        sbatch: further options of sbatch, each on a line of its own.
    """

    shards: Annotated[int, Field(ge=1)] = 1
    time: Annotated[str, AfterValidator(_check_time)] = "1-00:00:00"
    partition: Annotated[str | None, Field(pattern=r"^\S+$")] = None
    cpus: Annotated[int | None, Field(ge=1)] = None
    gpus: Annotated[str | None, Field(pattern=r"^\S+$")] = None
    memory: Annotated[str | None, Field(pattern=r"^\S+$")] = None
    sbatch: Annotated[tuple[str, ...], AfterValidator(_check_lines)] = ()

    def lines(self, name: str) -> list[str]:
        """Options of sbatch for one task."""
        given = {
            "--job-name": name,
            "--time": self.time,
            "--partition": self.partition,
            "--cpus-per-task": self.cpus,
            "--gpus-per-node": self.gpus,
            "--mem": self.memory,
        }
        return [*(f"{option}={value}" for option, value in given.items() if value is not None), *self.sbatch]


def slurm_job(command: Command, choices: SlurmChoices, nodes: int | None) -> Document:
    """A job script for sbatch.

    Args:
        command: the suite.
        choices: what a task or node gets.
        nodes: number of nodes of one Ray over all of them; None for an array of independent tasks.

    Raises:
        ArgumentError: if both several shards and one Ray are asked for.
    """
    name = job_name(command.name)
    if nodes is None:
        return Document(f"{name}.sh", array_script(command, name, choices))
    if choices.shards > 1:
        raise ArgumentError("--shards and --symmetric exclude each other; leave one out")
    return Document(f"{name}.sh", symmetric_script(command, name, choices, nodes))


def array_script(command: Command, name: str, choices: SlurmChoices, *further: str) -> str:
    """A job array: each task does one shard on one node with a Ray of its own.

    Args:
        command: the suite.
        name: of the job.
        choices: what a task gets.
        *further: further options of `bench run`.
    """
    shard = f'"$SLURM_ARRAY_TASK_ID/{choices.shards}"'
    options = [
        *choices.lines(name),
        f"--array=1-{choices.shards}",
        "--nodes=1",
        "--ntasks=1",
        f"--output={name}-%A_%a.log",
        "--signal=B:TERM@120",
    ]
    return _script(
        options,
        "# One task for each shard; shards are the same whenever they start, and a task that is run again resumes.",
        f"exec {in_shell(command.run(*further))} --shard {shard}",
    )


def symmetric_script(command: Command, name: str, choices: SlurmChoices, nodes: int) -> str:
    """One Ray over several nodes, for runs that need more than one. Needs Ray 2.49; not for nodes that are shared.

    Args:
        command: the suite.
        name: of the job.
        choices: what a node gets.
        nodes: number of nodes.
    """
    options = [
        *choices.lines(name),
        f"--nodes={nodes}",
        "--ntasks-per-node=1",
        "--exclusive",
        f"--output={name}-%j.log",
        "--signal=TERM@120",
    ]
    ray = ["ray", "symmetric-run", "--min-nodes", str(nodes), "--address"]
    return _script(
        options,
        "# One Ray over all nodes: they must reach each other's ports, and no other job may start a Ray on them.",
        'head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)',
        f'exec srun {in_shell(ray)} "$head:{_PORT}" -- {in_shell(command.run("--address", "auto"))}',
    )


def render(order: Order, choices: SlurmChoices) -> Sequence[Document]:
    """Write what scrontab(1) takes. It has no arrays: several shards are an array that the scheduled job waits for."""
    command, script = order.command, f"{order.name}.sh"
    compare = in_shell(command.compare())
    documents = []
    run = in_shell(command.run("--exclusive"))
    if choices.shards > 1:
        array = f"{order.name}-array.sh"
        documents.append(Document(array, array_script(command, order.name, choices, "--exclusive")))
        run = in_shell(["sbatch", "--wait", array])
    body = ["#!/bin/bash", "set -euo pipefail", f"cd {in_shell([str(order.folder)])}", run, compare]
    documents.append(Document(script, "\n".join(body) + "\n"))
    options = SlurmChoices(time=choices.time, partition=choices.partition) if choices.shards > 1 else choices
    entry = [
        f"# {command.name}: append to `scrontab -e`; {script} lies in {order.folder}",
        *(f"#SCRON {line}" for line in (*options.lines(order.name), f"--output={order.folder}/{order.name}.log")),
        "#SCRON --open-mode=append",
        f"{order.timetable.text} bash {in_shell([str(order.folder / script)])}",
    ]
    documents.append(Document(f"{order.name}.scrontab", "\n".join(entry) + "\n"))
    return documents


def _script(options: Sequence[str], *lines: str) -> str:
    head = ["#!/bin/bash", *(f"#SBATCH {option}" for option in options)]
    # the environment that submits it is the one that it runs in, as is sbatch's way
    return "\n".join([*head, "", "set -euo pipefail", 'cd "$SLURM_SUBMIT_DIR"', *lines, ""])


TARGETS.add("slurm", Target(SlurmChoices, render, takes_timezone=False, is_elsewhere=False), __name__)
