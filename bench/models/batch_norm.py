"""Batch normalisation that trains on batch statistics and evaluates with statistics fixed once, after training."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.errors import BenchError

EPSILON = 1e-5


class BatchNorm(nn.Module):
    """Batch normalisation (Ioffe & Szegedy 2015) over all dimensions but the second.

    In training mode it uses the statistics of the batch and keeps no running average, so it works under
    `torch.func.vmap`. In evaluation mode it uses `mean` and `variance`, which `fix_statistics` sets: a sample then
    never depends on the samples beside it.

    Args:
        features: size of the second dimension.
    """

    mean: Tensor
    variance: Tensor
    batches: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("variance", torch.ones(features))
        self.register_buffer("batches", torch.zeros((), dtype=torch.long))
        self._collecting = False
        self._sum_over_ranks: Callable[[Tensor], Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x, shape (batch, features, ...)."""
        if self._collecting:
            self._collect(x)
        if self.training and not self._collecting and self._sum_over_ranks is not None:
            return self._normalise_over_ranks(x, self._sum_over_ranks)
        if self.training or self._collecting:
            return F.batch_norm(x, None, None, self.weight, self.bias, training=True, eps=EPSILON)
        return F.batch_norm(x, self.mean, self.variance, self.weight, self.bias, eps=EPSILON)

    def _normalise_over_ranks(self, x: Tensor, sum_over_ranks: Callable[[Tensor], Tensor]) -> Tensor:
        """By the statistics of the batch of which each rank has a part; every rank must be here."""
        over = [d for d in range(x.ndim) if d != 1]
        shape = [1 if d != 1 else -1 for d in range(x.ndim)]
        count = sum_over_ranks(x.new_tensor([x.numel() / x.shape[1]]))
        centred = x - (sum_over_ranks(x.sum(over)) / count).view(shape)
        variance = sum_over_ranks(centred.square().sum(over)) / count
        scale = self.weight * (variance + EPSILON).rsqrt()
        return centred * scale.view(shape) + self.bias.view(shape)

    def _collect(self, x: Tensor) -> None:
        variance, mean = torch.var_mean(x, dim=[d for d in range(x.ndim) if d != 1], correction=1)
        self.batches += 1
        self.mean += (mean - self.mean) / self.batches
        self.variance += (variance - self.variance) / self.batches


def synchronise(model: nn.Module, sum_over_ranks: Callable[[Tensor], Tensor]) -> None:
    """Let every layer, in training, use the statistics of batches that are split over processes."""
    for layer in _layers(model):
        layer._sum_over_ranks = sum_over_ranks


def has_batch_norm(model: nn.Module) -> bool:
    """Whether any layer's statistics must be fixed before evaluation."""
    return any(True for _ in _layers(model))


@torch.no_grad()
def fix_statistics(model: nn.Module, passes: Iterator[Callable[[], None]]) -> None:
    """Set every layer's statistics to their averages over forward passes in which each batch normalises itself.

    Args:
        model: the model; its mode is left as it was.
        passes: forward passes to run, one batch each.
    """
    layers = list(_layers(model))
    for layer in layers:
        layer.batches.zero_()
        layer.mean.zero_()
        layer.variance.zero_()
        layer._collecting = True
    try:
        for forward in passes:
            forward()
    finally:
        for layer in layers:
            layer._collecting = False
    if any(int(layer.batches) == 0 for layer in layers):
        raise BenchError("batch normalisation: a layer took no part in the model's `collect`, so it has no statistics")


def _layers(model: nn.Module) -> Iterator[BatchNorm]:
    return (module for module in model.modules() if isinstance(module, BatchNorm))
