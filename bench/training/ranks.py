"""Data-parallel training: every rank holds all members and sees its part of each batch, and all take the same steps.

Losses are means over the batch, so that the loss of a batch is the mean of its parts' losses, weighted by their sizes.
Batches and noise are drawn whole by every rank, from the members' own streams, and then split: the numbers that a seed
meets do not depend on the number of ranks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.distributed as dist
from torch import Tensor, nn

from bench.models.batch_norm import synchronise


class Ranks(Protocol):
    """Processes that train together, as one of them sees it."""

    @property
    def rank(self) -> int:
        """This process's number, from 0."""

    @property
    def size(self) -> int:
        """Number of processes."""

    def split(self, batch: Tensor, together: int = 1) -> Tensor:
        """This rank's part of a batch (K, b, …), in which each `together` examples stay together; b is a multiple."""

    def weigh(self, values: Mapping[str, Tensor], batch: int, together: int = 1) -> dict[str, Tensor]:
        """Means over this rank's part of a batch of b examples as summands of the means over the batch."""

    def sum(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """The tensors' sums over ranks, of one type all."""

    def least(self, tensor: Tensor) -> Tensor:
        """The elementwise least over ranks."""

    def prepare(self, model: nn.Module) -> None:
        """Let a model's layers see the whole batch."""


@dataclass(frozen=True)
class Alone:
    """One process, which sees whole batches."""

    rank: int = 0
    size: int = 1

    def split(self, batch: Tensor, together: int = 1) -> Tensor:
        """See `Ranks`."""
        return batch

    def weigh(self, values: Mapping[str, Tensor], batch: int, together: int = 1) -> dict[str, Tensor]:
        """See `Ranks`."""
        return dict(values)

    def sum(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """See `Ranks`."""
        return list(tensors)

    def least(self, tensor: Tensor) -> Tensor:
        """See `Ranks`."""
        return tensor

    def prepare(self, model: nn.Module) -> None:
        """See `Ranks`."""


@dataclass(frozen=True)
class Group:
    """The processes of torch.distributed's default group, which exists.

    Attributes:
        rank: this process's number, from 0.
        size: number of processes.
    """

    rank: int
    size: int

    def split(self, batch: Tensor, together: int = 1) -> Tensor:
        """See `Ranks`; parts differ by one group at the most."""
        ends = [together * self._groups_before(rank, batch.shape[1] // together) for rank in range(1, self.size)]
        return batch.tensor_split(ends, dim=1)[self.rank]

    def weigh(self, values: Mapping[str, Tensor], batch: int, together: int = 1) -> dict[str, Tensor]:
        """See `Ranks`."""
        groups = batch // together
        part = self._groups_before(self.rank + 1, groups) - self._groups_before(self.rank, groups)
        return {name: value * (part / groups) for name, value in values.items()}

    def _groups_before(self, rank: int, groups: int) -> int:
        """How many groups the ranks before one have: the first ranks have one more where they cannot be equal."""
        return rank * (groups // self.size) + min(rank, groups % self.size)

    def sum(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """See `Ranks`; sent as one."""
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        return [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]

    def least(self, tensor: Tensor) -> Tensor:
        """See `Ranks`."""
        least = tensor.clone()
        dist.all_reduce(least, op=dist.ReduceOp.MIN)
        return least

    def prepare(self, model: nn.Module) -> None:
        """See `Ranks`."""
        synchronise(model, sum_over_ranks)


class _SumOverRanks(torch.autograd.Function):
    """A sum over ranks that can be differentiated and vectorised: its gradient is the sum of all ranks' gradients."""

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        total = x.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def setup_context(ctx: object, inputs: tuple[Tensor], output: Tensor) -> None:
        """Nothing of the forward pass is needed."""

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return sum_over_ranks(gradient)

    @staticmethod
    def vmap(info: object, in_dims: tuple[int | None], x: Tensor) -> tuple[Tensor, int | None]:
        return sum_over_ranks(x), in_dims[0]


def sum_over_ranks(x: Tensor) -> Tensor:
    """The sum of a tensor over all ranks, which all must ask for in the same order."""
    total: Tensor = _SumOverRanks.apply(x)  # type: ignore[no-untyped-call]
    return total


ALONE = Alone()
