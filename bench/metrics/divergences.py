"""The suite metric `divergences`: every f-divergence between test data and fresh samples (protocols, section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from bench.divergences import DIVERGENCES
from bench.metrics.base import Subject, register_metric
from bench.metrics.checks import draw
from bench.metrics.estimate import Estimate, estimate_divergences

STREAM = "divergences"


class EstimatedDivergences(Metric):
    """f-divergences between two samples that come in batches.

    Args:
        names: divergences.
        seed: see `estimate_divergences`.
        spread: see `estimate_divergences`.
    """

    full_state_update = False
    real: list[Tensor]
    generated: list[Tensor]

    def __init__(self, names: Sequence[str], seed: int = 0, spread: float = 0.0) -> None:
        super().__init__()
        self.names = tuple(names)
        self.seed = seed
        self.spread = spread
        self.add_state("real", default=[], dist_reduce_fx="cat")
        self.add_state("generated", default=[], dist_reduce_fx="cat")

    def update(self, examples: Tensor, real: bool) -> None:
        """Take in a batch of examples (n, ...), of P if `real`, of Q otherwise."""
        (self.real if real else self.generated).append(examples.detach())

    def compute(self) -> dict[str, Tensor]:
        """`div_<name>` and `div_<name>_se` for each name, scalars in float64."""
        x, y = (dim_zero_cat(part) for part in (self.real, self.generated))
        estimates = estimate_divergences(x, y, self.names, self.seed, spread=self.spread)
        return {column: torch.tensor(value, dtype=torch.float64) for column, value in _columns(estimates).items()}


@register_metric("divergences", version=1)
def measure_divergences(subject: Subject) -> dict[str, float]:
    """Every f-divergence of test data from fresh samples, by cross-fitted critics.

    Columns `div_<name>` and `div_<name>_se`, `divergence_n` (points on each side) and, where noise was added to both
    sides, `divergence_spread`.
    """
    n = min(len(subject.data.test), subject.samples)
    generated = draw(subject, n, STREAM)
    seed = int(torch.randint(2**62, (), generator=subject.stream(f"{STREAM}/critics"), device=generated.device))
    estimates = estimate_divergences(subject.data.test[:n], generated, list(DIVERGENCES), seed, spread=subject.spread)
    figures = {"divergence_n": float(n)} | ({"divergence_spread": subject.spread} if subject.spread else {})
    return figures | _columns(estimates)


def _columns(estimates: Mapping[str, Estimate]) -> dict[str, float]:
    values = {f"div_{name}": estimate.value for name, estimate in estimates.items()}
    return values | {f"div_{name}_se": estimate.stderr for name, estimate in estimates.items()}
