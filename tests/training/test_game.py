"""The optimisers' updates against their formulas."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from bench.models import GenerativeModel, make_cohort
from bench.models.base import Losses, Noise
from bench.spec import TrainingSettings
from bench.training.batches import Batches
from bench.training.game import Game


class Quadratic(GenerativeModel):
    """½ Σ cᵢ wᵢ², whose gradient is c w."""

    def __init__(self) -> None:
        super().__init__()
        self.latent_dim = 1
        self.noise = {}
        self.weight = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5]))
        self.register_buffer("curvature", torch.tensor([1.0, 3.0, 0.1]))

    def losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """The quadratic."""
        loss = 0.5 * (self.curvature * self.weight.square()).sum()
        return {"model": loss}, {"loss": loss}


def trained(optimizer: str, steps: int) -> Tensor:
    model = Quadratic()
    game = Game(make_cohort([model]), model, TrainingSettings(lr=0.01, optimizer=optimizer))  # type: ignore[arg-type]
    for step in range(steps):
        game.step(Batches(torch.zeros(4, 1), {}, [0], 2, 1), step)
    return model.weight.detach()


def by_formula(update: Callable[[Tensor, Tensor], Tensor], steps: int) -> Tensor:
    weight, curvature = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([1.0, 3.0, 0.1])
    for _ in range(steps):
        weight = weight - update(weight, curvature * weight)
    return weight


def test_rmsprop_divides_by_the_root_of_the_mean_square() -> None:
    """Tieleman & Hinton 2012: v = 0.99 v + 0.01 g², w = w − lr g / (√v + 1e-8), from v = 0."""
    square = torch.zeros(3)

    def update(weight: Tensor, gradient: Tensor) -> Tensor:
        square.mul_(0.99).add_(0.01 * gradient.square())
        return 0.01 * gradient / (square.sqrt() + 1e-8)

    torch.testing.assert_close(trained("rmsprop", 20), by_formula(update, 20))


def test_sgd_follows_the_gradient() -> None:
    torch.testing.assert_close(trained("sgd", 20), by_formula(lambda _, gradient: 0.01 * gradient, 20))
