"""The commands that jobs and schedules run: the names of verbs and options are here and nowhere else."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

RUN, COMPARE = "run", "compare"
WITH_LAST = "--with-last"
INSTALLED = ("bench",)
"""How the harness is called where its image or environment puts it on the path."""


def called_here() -> tuple[str, ...]:
    """How this very installation is called from a shell that knows nothing of it, such as cron's."""
    return (sys.executable, "-m", "bench")


@dataclass(frozen=True)
class Command:
    """A suite to be run.

    Attributes:
        suite: path of the suite file, as the command is to have it.
        name: the suite's name.
        out: folder or URI of all results.
        options: options of `bench run` for what is run: budget, seeds, settings.
        bench: how the harness is called.
    """

    suite: str
    name: str
    out: str
    options: tuple[str, ...] = ()
    bench: tuple[str, ...] = field(default_factory=called_here)

    @property
    def results(self) -> str:
        """Where the suite's results are."""
        return f"{self.out.rstrip('/')}/{self.name}"

    def run(self, *further: str) -> list[str]:
        """`bench run …`, with some more options."""
        return [*self.bench, RUN, self.suite, "--out", self.out, *self.options, *further]

    def compare(self) -> list[str]:
        """`bench compare …`: exit status 3 where a metric got worse than the last time, beyond noise."""
        return [*self.bench, COMPARE, self.results, WITH_LAST]


def job_name(suite: str) -> str:
    """What to call a job of a suite: lower-case letters, digits and dashes, 36 characters at most.

    That is the most that KubeRay takes for a RayCronJob, whose children's names are longer.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", suite.lower()).strip("-")
    return f"bench-{slug}"[:36].rstrip("-")


def in_shell(command: Sequence[str]) -> str:
    """A command as a line of a POSIX shell."""
    return shlex.join(command)
