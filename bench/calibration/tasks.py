"""Tasks: joint laws of (X, Y) against the product of their marginals, where kl is the mutual information of X and Y.

A task is fixed: it has no strength. Maps of X alone and of Y alone change no divergence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

import torch
from torch import Tensor

from bench.registry import Registry

_DIGITS = 10  # of a task's size: as many as every machine agrees on, since a run's identity holds it

Pointwise = Callable[[Tensor], Tensor]


class JointLaw(Protocol):
    """A joint law of X and Y."""

    def sample(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw n points of X, (n, d), and of Y, (n, e), float64."""

    def log_ratio(self, x: Tensor, y: Tensor) -> Tensor:
        """Log of the joint density over the product of the marginal ones, at n pairs, shape (n,), float64."""

    def exact(self, name: str) -> float | None:
        """The divergence of the joint law from the product of its marginals; None where it is not known."""

    def __hash__(self) -> int:
        """Equal for equal laws."""


def leave(x: Tensor) -> Tensor:
    """Points as they are."""
    return x


@dataclass(frozen=True)
class Task:
    """A registered task.

    Attributes:
        name: registered name.
        title: what people call it.
        collection: the benchmark that it is from; naming it in a suite stands for all of its tasks.
        law: the joint law before the maps.
        map_x: injective map of points of X.
        map_y: injective map of points of Y.
    """

    name: str
    title: str
    collection: str
    law: JointLaw
    map_x: Pointwise = leave
    map_y: Pointwise = leave

    def sample(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw n points of X and of Y, paired, float64, mapped."""
        x, y = self.law.sample(n, generator)
        return self.map_x(x), self.map_y(y)

    def exact(self, name: str) -> float | None:
        """D_f(P_XY‖P_X P_Y), inf where it is infinite; None where it is not known. Computed once in a process."""
        return _exact(self.law, name)

    @cached_property
    def size(self) -> float:
        """The mutual information, in nats."""
        value = self.exact("kl")
        assert value is not None, f"task '{self.name}' has no exact mutual information"
        return float(f"{value:.{_DIGITS}g}")

    @property
    def dimensions(self) -> int:
        """Of X and Y together."""
        return sum(self._widths)

    @property
    def dimensions_x(self) -> int:
        """Of X, which comes first."""
        return self._widths[0]

    @cached_property
    def _widths(self) -> tuple[int, int]:
        x, y = self.sample(1, torch.Generator().manual_seed(0))
        return x.shape[1], y.shape[1]


TASKS: Registry[Task] = Registry("task")


def register_task(task: Task, origin: str) -> Task:
    """Make a task available to calibration suites under its name.

    Args:
        task: the task.
        origin: `__name__` of the module that makes it.
    """
    return TASKS.add(task.name, task, origin)


def expand_tasks(names: tuple[str, ...]) -> tuple[Task, ...]:
    """The tasks of a list of names, in which that of a collection stands for all of its tasks.

    Raises:
        UnknownNameError: if there is neither such a task nor such a collection.
    """
    found: dict[str, Task] = {}
    for name in names:
        mine = {task.name: task for task in TASKS.values() if task.collection == name}
        found |= mine or {name: TASKS[name]}
    return tuple(found.values())


@lru_cache(maxsize=4096)
def _exact(law: JointLaw, name: str) -> float | None:
    return law.exact(name)


__all__ = ["TASKS", "JointLaw", "Task", "expand_tasks", "leave", "register_task"]
