"""What a launcher is, and which there are: one file each."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol

from bench.errors import UnknownNameError
from bench.launch.estimates import Estimates
from bench.launch.events import Emit
from bench.launch.options import Options
from bench.launch.plan import CohortPlan
from bench.results import RunStore


@dataclass(frozen=True)
class Job:
    """Work to be launched.

    Attributes:
        plans: the cohorts.
        store: where records go; for several machines, a folder that all of them see.
        options: how to work.
        estimates: what cohorts take.
        launch_id: what tells this launch from others.
    """

    plans: Sequence[CohortPlan]
    store: RunStore
    options: Options
    estimates: Estimates
    launch_id: str = field(default_factory=lambda: uuid.uuid4().hex)


class Launcher(Protocol):
    """Executes cohorts somewhere.

    What is done is what has a file in the store: a launcher keeps no books of its own.
    """

    def launch(self, job: Job, emit: Emit) -> None:
        """Execute all cohorts of a job, and tell in this process what happens.

        Args:
            job: the work.
            emit: takes the events.

        Raises:
            BenchError: if they cannot be executed.
            KeyboardInterrupt: if the user interrupts; finished runs are kept.
        """


_LAUNCHERS: Mapping[str, str] = {
    "inline": "bench.launch.inline:InlineLauncher",
    "ray": "bench.launch.ray_launcher:RayLauncher",
}
"""Where each launcher is; imported when it is asked for, since each needs what others can do without."""


def make_launcher(name: str) -> Launcher:
    """The launcher registered as `name`.

    Raises:
        UnknownNameError: if there is no such launcher.
        BenchError: if what it needs cannot be imported.
    """
    if name not in _LAUNCHERS:
        raise UnknownNameError("launcher", name, _LAUNCHERS)
    module, _, attribute = _LAUNCHERS[name].partition(":")
    make: Callable[[], Launcher] = getattr(import_module(module), attribute)
    return make()
