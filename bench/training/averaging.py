"""Exponential moving averages of parameters over training."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from bench.models.cohort import Cohort, load_tensors


class Averages:
    """Averages of a cohort's parameters, kept beside them: θ̄ ← β θ̄ + (1 − β) θ after each step, from the initial θ.

    They are elementwise, so members never touch each other, and all ranks have the same.

    Args:
        cohort: the models.
        decays: β by the prefix of the parameters' names.
    """

    def __init__(self, cohort: Cohort, decays: Mapping[str, float]) -> None:
        self._parameters = {prefix: cohort.parameters(prefix) for prefix in decays}
        self._averages = {
            prefix: [parameter.detach().clone() for parameter in parameters]
            for prefix, parameters in self._parameters.items()
        }
        self._updates = {
            prefix: get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
            for prefix, decay in decays.items()
        }

    def update(self) -> None:
        """Take in the parameters after a step, without waiting for the device."""
        for prefix, update in self._updates.items():
            update(self._averages[prefix], self._parameters[prefix], None)

    @torch.no_grad()
    def put(self) -> None:
        """Put the averages in the parameters' place, once training has ended."""
        for prefix, averages in self._averages.items():
            for parameter, average in zip(self._parameters[prefix], averages, strict=True):
                parameter.copy_(average)

    def state(self) -> dict[str, Tensor]:
        """The averages, for a checkpoint."""
        return {
            f"{prefix}{i}": tensor for prefix, tensors in self._averages.items() for i, tensor in enumerate(tensors)
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` gave.

        Raises:
            ValueError: if it is not the state of such averages; nothing is taken over then.
        """
        load_tensors(self.state(), state)
