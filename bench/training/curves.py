"""Learning curves of a cohort, gathered on the device and fetched once per point."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bench.training.ranks import ALONE, Ranks


class Curves:
    """Means over the steps between recorded points, and the step at which a member's values ceased to be finite.

    Args:
        members: number of members K.
        steps: number of training steps.
        points: number of points to record, at even distances; the last is the last step.
        ranks: whose values, summed, are the batch's.
    """

    def __init__(self, members: int, steps: int, points: int, ranks: Ranks = ALONE) -> None:
        self._steps = steps
        self._ranks = ranks
        self._points = min(points, steps)
        self._names: list[str] = []
        self._rows: list[tuple[int, list[list[float]]]] = []
        self._diverged: list[int | None] = [None] * members
        self._sums: Tensor | None = None
        self._finite: Tensor | None = None
        self._since = 0

    def add(self, values: dict[str, Tensor]) -> None:
        """Take in one step's values, shape (K,) each; nothing is fetched from the device."""
        stacked = torch.stack(list(values.values()))
        if self._sums is None or self._finite is None:
            self._names = list(values)
            self._sums = torch.zeros_like(stacked)
            self._finite = torch.zeros_like(stacked[0])
        self._sums += stacked
        # a sum that is not finite stays so, hence this counts the steps before the first such value
        self._finite += self._sums.isfinite().all(0)
        self._since += 1

    def due(self, step: int) -> bool:
        """Whether a point ends with this step."""
        return (step + 1) * self._points // self._steps > step * self._points // self._steps

    def record(self, step: int) -> None:
        """End a point with this step: the one place where the host waits for the device."""
        if self._sums is None or self._finite is None:
            return
        finite = self._ranks.least(self._finite).tolist()
        (sums,) = self._ranks.sum([self._sums])
        self._rows.append((step + 1, (sums / self._since).T.tolist()))
        for member, count in enumerate(finite):
            if count < self._since and self._diverged[member] is None:
                self._diverged[member] = step + 1 - self._since + int(count)
        self._sums.zero_()
        self._finite.zero_()
        self._since = 0

    @property
    def all_diverged(self) -> bool:
        """Whether there is no member left to train."""
        return all(step is not None for step in self._diverged)

    def diverged_at(self, member: int) -> int | None:
        """The step (from 0) at which a member's values ceased to be finite, or None."""
        return self._diverged[member]

    def rows(self, member: int) -> list[tuple[int, str, float]]:
        """A member's curves as (steps done, name, value), up to where it diverged."""
        end = self._diverged[member]
        kept = [(step, values[member]) for step, values in self._rows if end is None or step <= end]
        return [(step, name, value) for step, row in kept for name, value in zip(self._names, row, strict=True)]

    def state(self) -> dict[str, Any]:
        """What a checkpoint needs."""
        return {
            "names": self._names,
            "rows": self._rows,
            "diverged": self._diverged,
            "sums": self._sums,
            "finite": self._finite,
            "since": self._since,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave.

        Raises:
            ValueError: if they are not the curves of as many members.
        """
        names, rows, diverged = list(state["names"]), list(state["rows"]), list(state["diverged"])
        members = len(self._diverged)
        widths = {len(values) for _, row in rows for values in row}
        if len(diverged) != members or any(len(row) != members for _, row in rows) or not widths <= {len(names)}:
            raise ValueError(f"found learning curves that are not those of {members} members")
        self._names, self._rows, self._diverged = names, rows, diverged
        self._sums, self._finite = (None if state[key] is None else state[key].clone() for key in ("sums", "finite"))
        self._since = int(state["since"])
