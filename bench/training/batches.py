"""Mini-batches and noise of a cohort: functions of the members' seeds and the position, so nothing to checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import torch
from torch import Tensor

from bench.models.base import NoiseSpec
from bench.streams import random_stream, stream_seed

_BLOCK_NUMBERS = 1 << 18  # drawn at once for one member: few generator calls, 1 MiB


class NoiseStream:
    """Noise in batches, each member's drawn from its own seed.

    Numbers are drawn in blocks of several batches. A block is a function of seed, name and block number, so `at` can be
    asked for any position, and the same numbers come whatever cohort a seed is in.

    Args:
        seeds: the members' seeds, K of them.
        name: the stream's name.
        spec: shape and distribution for one example.
        batch_size: examples in a batch.
        device: where the numbers are drawn and stay.
    """

    def __init__(self, seeds: Sequence[int], name: str, spec: NoiseSpec, batch_size: int, device: torch.device) -> None:
        self._seeds = tuple(seeds)
        self._name = f"noise/{name}"
        self._spec = spec
        self._batch = batch_size
        self._length = max(1, _BLOCK_NUMBERS // (batch_size * prod(spec.shape)))
        self._generator = torch.Generator(device)
        self._block: int | None = None
        self._numbers = torch.empty(0)

    def at(self, position: int) -> Tensor:
        """The batch at `position`, shape (K, batch, *shape)."""
        block, offset = divmod(position, self._length)
        if block != self._block:
            self._numbers = torch.stack([self._draw(seed, block) for seed in self._seeds])
            self._block = block
        return self._numbers[:, offset]

    def _draw(self, seed: int, block: int) -> Tensor:
        self._generator.manual_seed(stream_seed(seed, self._name, block))
        return self._spec.draw(self._length, self._batch, generator=self._generator)


class IndexStream:
    """Indices of training examples in batches: an endless row of epochs, each a permutation of its own.

    Args:
        seeds: the members' seeds, K of them.
        examples: number of training examples.
        batch_size: examples in a batch; a batch may span epochs.
        device: where the permutations are drawn and stay.
    """

    def __init__(self, seeds: Sequence[int], examples: int, batch_size: int, device: torch.device) -> None:
        self._seeds = tuple(seeds)
        self._examples = examples
        self._batch = batch_size
        self._device = device
        self._epoch: int | None = None
        self._order = torch.empty(0)

    def at(self, position: int) -> Tensor:
        """The indices at `position`, shape (K, batch)."""
        start, stop = position * self._batch, (position + 1) * self._batch
        pieces = []
        while start < stop:
            epoch, offset = divmod(start, self._examples)
            taken = min(self._examples - offset, stop - start)
            pieces.append(self._permutations(epoch)[:, offset : offset + taken])
            start += taken
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=1)

    def _permutations(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            self._order = torch.stack([self._permutation(seed, epoch) for seed in self._seeds])
            self._epoch = epoch
        return self._order

    def _permutation(self, seed: int, epoch: int) -> Tensor:
        generator = random_stream(seed, "order", self._device, epoch)
        return torch.randperm(self._examples, generator=generator, device=self._device)


class Batches:
    """Data and noise for every move of every step.

    Args:
        data: training examples (n, *shape), shared by all members.
        noise: what a move's noise holds, by name.
        seeds: the members' seeds.
        batch_size: examples that a member sees in a move.
        moves: moves in a step.
    """

    def __init__(
        self, data: Tensor, noise: Mapping[str, NoiseSpec], seeds: Sequence[int], batch_size: int, moves: int
    ) -> None:
        self._data = data
        self._moves = moves
        self._indices = IndexStream(seeds, len(data), batch_size, data.device)
        self._noise = {name: NoiseStream(seeds, name, spec, batch_size, data.device) for name, spec in noise.items()}

    def at(self, step: int, move: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Examples (K, batch, *shape) and noise (K, batch, ...) for a move of a step."""
        position = step * self._moves + move
        x = self._data[self._indices.at(position)]
        return x, {name: stream.at(position) for name, stream in self._noise.items()}
