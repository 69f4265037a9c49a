"""One training step of a cohort: the model's moves, each an update of its players."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from bench.errors import BenchError
from bench.models.base import GenerativeModel, Player
from bench.models.cohort import Cohort
from bench.spec import TrainingSettings
from bench.training.batches import Batches
from bench.training.ranks import ALONE, Ranks


class Game:
    """The players of a cohort with their optimisers.

    Every optimiser works elementwise, so members never touch each other: one that diverges leaves the rest alone.

    Args:
        cohort: the models.
        model: one of them, for its players and moves.
        training: learning rates and update rule.
        ranks: who takes the same steps.
    """

    def __init__(
        self, cohort: Cohort, model: GenerativeModel, training: TrainingSettings, ranks: Ranks = ALONE
    ) -> None:
        self._cohort = cohort
        self._ranks = ranks
        self._moves = model.moves
        self._together = model.batch_multiple
        self._parameters = {p.name: _parameters(cohort, p) for p in model.players}
        self._optimizers = {p.name: _optimizer(self._parameters[p.name], p, training) for p in model.players}
        self._slots = {p.name: _slots(p, training) for p in model.players}

    def step(self, batches: Batches, step: int) -> dict[str, Tensor]:
        """Play all moves once, without waiting for the device.

        Returns:
            The values to record, shape (K,) each, by name: over all ranks they sum to the batch's.
        """
        recorded: dict[str, Tensor] = {}
        for number, move in enumerate(self._moves):
            x, noise = batches.at(step, number)
            part = {name: self._ranks.split(tensor, self._together) for name, tensor in noise.items()}
            losses, values = self._cohort.call(move.method, self._ranks.split(x, self._together), part)
            recorded |= self._ranks.weigh(values, x.shape[1], self._together)
            self._update(move.players, self._ranks.weigh(losses, x.shape[1], self._together))
        return recorded

    def state(self) -> dict[str, Any]:
        """The optimisers' state, for a checkpoint."""
        return {name: optimizer.state_dict() for name, optimizer in self._optimizers.items()}

    def load(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave.

        Raises:
            ValueError: if it is not the state of such optimisers.
        """
        for name, optimizer in self._optimizers.items():
            self._check(name, state[name])
            optimizer.load_state_dict(state[name])

    def _check(self, name: str, saved: Mapping[str, Any]) -> None:
        """Look at what optimisers themselves take over unseen and only fail on, or compute nonsense with, in a step."""
        if saved["param_groups"] != self._optimizers[name].state_dict()["param_groups"]:
            raise ValueError(f"optimiser of player '{name}': found the settings or parameters of another one")
        slots = self._slots[name]
        for index, parameter in enumerate(self._parameters[name]):
            found = {slot: tensor.shape for slot, tensor in saved["state"].get(index, {}).items()}
            expected = {slot: parameter.shape if elementwise else torch.Size() for slot, elementwise in slots.items()}
            if found != expected:
                raise ValueError(f"optimiser of player '{name}', parameter {index}: found {found}; expected {expected}")

    def _update(self, players: Sequence[str], losses: dict[str, Tensor]) -> None:
        """Differentiate every player's loss before any of them moves."""
        for name in players:
            parameters = self._parameters[name]
            gradients = torch.autograd.grad(losses[name].sum(), parameters, retain_graph=name != players[-1])
            for parameter, gradient in zip(parameters, self._ranks.sum(gradients), strict=True):
                # fused optimisers walk memory in order, so a gradient must be laid out like its parameter
                parameter.grad = gradient.contiguous()
        for name in players:
            self._optimizers[name].step()


def _parameters(cohort: Cohort, player: Player) -> list[Tensor]:
    parameters = cohort.parameters(player.prefix)
    if not parameters:
        raise BenchError(f"player '{player.name}': the model has no parameters named '{player.prefix}…'")
    return parameters


def _slots(player: Player, training: TrainingSettings) -> dict[str, bool]:
    """What the optimiser keeps for a parameter after a step: names, and whether it has the parameter's shape."""
    probe = torch.zeros(2, requires_grad=True)
    probe.grad = torch.zeros(2)
    optimizer = _optimizer([probe], player, training)
    optimizer.step()
    return {slot: tensor.shape == probe.shape for slot, tensor in optimizer.state[probe].items()}


def _optimizer(parameters: list[Tensor], player: Player, training: TrainingSettings) -> torch.optim.Optimizer:
    return _OPTIMIZERS[training.optimizer](parameters, training.lr if player.lr is None else player.lr, training)


_OPTIMIZERS: Mapping[str, Callable[[list[Tensor], float, TrainingSettings], torch.optim.Optimizer]] = {
    "adam": lambda parameters, lr, training: torch.optim.Adam(parameters, lr=lr, betas=training.betas, fused=True),
    "rmsprop": lambda parameters, lr, training: torch.optim.RMSprop(parameters, lr=lr),
    "sgd": lambda parameters, lr, training: torch.optim.SGD(parameters, lr=lr),
}
"""Elementwise optimisers by the value of `training.optimizer`; what is not a setting is torch's default."""
