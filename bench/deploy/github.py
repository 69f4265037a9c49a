"""A workflow of GitHub Actions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Annotated, Any

from pydantic import Field

from bench.deploy.command import in_shell
from bench.deploy.documents import dump, quoted
from bench.deploy.targets import TARGETS, Choices, Document, Order, Target
from bench.errors import ArgumentError

_LEAST_SECONDS = 300
_MOST_MINUTES = 360
"""GitHub starts workflows every five minutes at the most, and ends jobs on its own machines after six hours."""


class GithubChoices(Choices):
    """Options of GitHub.

    Attributes:
        runner: label of the machines.
        python: version of Python.
        install: command that installs the harness.
        secret: names of repository secrets that become environment variables of the same name.
    """

    runner: str = "ubuntu-latest"
    python: Annotated[str, Field(pattern=r"^3\.\d+$")] = "3.12"
    install: str = "python -m pip install divergence-bench"
    secret: Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]*$")], ...], Field()] = ()


def render(order: Order, choices: GithubChoices) -> Sequence[Document]:
    """Write the workflow, docs.github.com/actions/reference/workflows-and-actions/workflow-syntax.

    Raises:
        ArgumentError: if it is to run more often than GitHub can, or the suite is not in the repository.
    """
    if order.timetable.shortest_period < _LEAST_SECONDS:
        raise ArgumentError(
            f"--cron '{order.timetable.text}': found {order.timetable.shortest_period} s between two times; "
            "expected at least 300 s on github"
        )
    if PurePath(order.command.suite).is_absolute():
        raise ArgumentError(f"SUITE: found {order.command.suite}; expected a path within the repository")
    event = {"cron": quoted(order.timetable.text), "timezone": order.timezone}
    workflow: dict[str, Any] = {
        "name": f"bench {order.command.name}",
        "on": {"schedule": [event], "workflow_dispatch": {}},
        "permissions": {"contents": "read"},
        "concurrency": {"group": order.name, "cancel-in-progress": False},
        "jobs": {
            "bench": {
                "runs-on": choices.runner,
                "timeout-minutes": min(_MOST_MINUTES, max(1, order.deadline // 60)),
                "env": {name: f"${{{{ secrets.{name} }}}}" for name in choices.secret} or None,
                "steps": _steps(order, choices),
            }
        },
    }
    head = f"# .github/workflows/{order.name}.yaml\n"
    return [Document(f"{order.name}.yaml", head + dump(workflow))]


def _steps(order: Order, choices: GithubChoices) -> list[dict[str, Any]]:
    command = order.command
    key = f"{order.name}-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}"
    steps: list[dict[str, Any]] = [
        {"uses": "actions/checkout@v4"},
        {"uses": "actions/setup-python@v5", "with": {"python-version": quoted(choices.python)}},
        {"run": choices.install},
    ]
    if "://" not in command.out:  # the machine is a new one each time
        steps.append(
            {
                "name": "Bring the results of the last time",
                "uses": "actions/cache/restore@v4",
                "with": {"path": command.out, "key": key, "restore-keys": f"{order.name}-"},
            }
        )
    steps += [
        {"name": "Run what is missing", "run": in_shell(command.run("--exclusive"))},
        {"name": "Compare with the last time", "run": in_shell(command.compare())},
    ]
    if "://" not in command.out:
        steps.append(
            {
                "name": "Keep the results for the next time",
                "if": quoted("always()"),  # above all where a metric got worse
                "uses": "actions/cache/save@v4",
                "with": {"path": command.out, "key": key},
            }
        )
    return steps


TARGETS.add("github", Target(GithubChoices, render, takes_timezone=True, is_elsewhere=True), __name__)
