"""How many latent dimensions a model uses (Burda et al. 2016, sec. 5)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from bench.errors import ArgumentError
from bench.metrics.checks import require_finite
from bench.metrics.likelihood.interface import HasPosteriorMean, read_observed
from bench.metrics.precision import use_full_float32
from bench.metrics.samples import Samples, as_count, as_model_input, as_tensor

ACTIVE = 0.01
"""A unit is active above this variance of its posterior mean (Burda et al. 2016, sec. 5)."""

CHUNK = 1000
"""Examples that go through the encoder at once."""


class ActiveUnits(Metric):
    """Number of latent dimensions u with Var_x(E_q(u|x)[u]) > 0.01 (Burda et al. 2016, sec. 5).

    The state is sums in float64, which merge across processes. Squares are summed about zero, the prior's mean: of a
    unit whose mean is m the variance is exact to about 1e-16 m², far below the threshold.

    Args:
        latent_dim: dimension of the latent variable.
        kwargs: arguments of `torchmetrics.Metric`.

    Raises:
        ArgumentError: if `latent_dim` is not positive.
    """

    is_differentiable = False
    full_state_update = False

    count: Tensor
    mean_sum: Tensor
    square_sum: Tensor

    def __init__(self, latent_dim: int, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.latent_dim = as_count(latent_dim, "ActiveUnits: latent_dim")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
        for name in ("mean_sum", "square_sum"):
            self.add_state(name, torch.zeros(latent_dim, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, posterior_mean: Samples) -> None:
        """Add a batch.

        Args:
            posterior_mean: E_q(z|x)[z] of each example, shape (n, latent_dim).

        Raises:
            ArgumentError: if the shape is another or a value is not finite.
        """
        means = as_tensor(posterior_mean, "posterior mean").double()
        if means.ndim != 2 or means.shape[1] != self.latent_dim:
            shape = tuple(means.shape)
            raise ArgumentError(f"ActiveUnits: posterior means of shape {shape}; expected (n, {self.latent_dim})")
        require_finite(means, "posterior mean")
        self.count += len(means)
        self.mean_sum += means.sum(0)
        self.square_sum += means.square().sum(0)

    def compute(self) -> Tensor:
        """Number of active units, an int64 scalar.

        Raises:
            ArgumentError: if there are fewer than two examples.
        """
        n = int(self.count)
        if n < 2:
            raise ArgumentError(f"ActiveUnits: {n} examples; expected at least 2, since a variance is taken over them")
        variance = (self.square_sum - self.mean_sum.square() / n) / (n - 1)
        return (variance > ACTIVE).sum()


@torch.no_grad()
def count_active_units(model: HasPosteriorMean, x: Samples, *, chunk: int = CHUNK) -> ActiveUnits:
    """The active units of `model` on the examples `x`.

    Args:
        model: the model, in evaluation mode.
        x: the whole test split, shape (n, *shape); if the model binarises examples, it does so here.
        chunk: examples that go through the model at once.

    Returns:
        The metric, ready to compute or to be merged with others.

    Raises:
        ArgumentError: if a posterior mean is not finite or of the wrong shape, or x does not hold numbers.
    """
    as_count(chunk, "ActiveUnits: chunk =", unit="example")
    x = as_model_input(model, x, "x")
    metric = ActiveUnits(model.latent_dim).to(x.device)
    with use_full_float32():
        for examples in torch.split(read_observed(model, x), chunk):
            metric.update(model.posterior_mean(examples))
    return metric
