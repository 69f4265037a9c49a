"""The evidence lower bound of models that have one (protocols, section 3)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from bench.errors import ArgumentError
from bench.metrics.base import HasLikelihood, Subject, register_metric
from bench.metrics.checks import require_finite
from bench.metrics.likelihood import columns
from bench.metrics.likelihood.active_units import count_active_units
from bench.metrics.likelihood.interface import HasPosteriorMean, make_likelihood_labels, read_observed
from bench.metrics.likelihood.sums import average_with_error
from bench.metrics.precision import use_full_float32
from bench.metrics.samples import Samples, as_count, as_model_input, as_tensor

CHUNK = 1000
"""Examples that go through the model at once."""


class ELBO(Metric):
    """Mean evidence lower bound, E_q(z|x)[log p(x|z)] − KL(q(z|x) ‖ p(z)), and its terms, in nats per example.

    The state is sums in float64, which merge across processes.
    """

    higher_is_better = True
    is_differentiable = False
    full_state_update = False

    count: Tensor
    reconstruction_sum: Tensor
    kl_sum: Tensor
    square_sum: Tensor

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
        for name in ("reconstruction_sum", "kl_sum", "square_sum"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, reconstruction: Samples, kl: Samples) -> None:
        """Add a batch.

        Args:
            reconstruction: log p(x|z) of each example, shape (n,).
            kl: KL(q(z|x) ‖ p(z)) of each example, shape (n,).

        Raises:
            ArgumentError: if the shapes differ or a value is not finite.
        """
        first, second = as_tensor(reconstruction, "reconstruction term").double(), as_tensor(kl, "KL term").double()
        if first.shape != second.shape or second.ndim != 1:
            shapes = f"{tuple(first.shape)} and {tuple(second.shape)}"
            raise ArgumentError(f"ELBO: reconstruction and KL of shapes {shapes}; expected (n,) each")
        require_finite(first, "reconstruction term")
        require_finite(second, "KL term")
        self.count += len(second)
        self.reconstruction_sum += first.sum()
        self.kl_sum += second.sum()
        self.square_sum += (first - second).square().sum()

    def compute(self) -> dict[str, Tensor]:
        """`elbo`, `reconstruction`, `kl_term` and, from two examples on, `elbo_se`: float64 scalars, in nats.

        `elbo_se` is the standard error of the mean over examples, the noise in z included.

        Raises:
            ArgumentError: if there is no example.
        """
        total = self.reconstruction_sum - self.kl_sum
        terms = {"reconstruction": self.reconstruction_sum / self.count, "kl_term": self.kl_sum / self.count}
        return average_with_error("elbo", self.count, total, self.square_sum) | terms


@torch.no_grad()
def evaluate_elbo(model: HasLikelihood, x: Samples, generator: torch.Generator, *, chunk: int = CHUNK) -> ELBO:
    """The ELBO of `model` on the examples `x`, one latent draw for each.

    Args:
        model: the model, in evaluation mode.
        x: the whole test split, shape (n, *shape); if the model binarises examples, it does so here.
        generator: source of the latent noise, on the device of `x`. All of it is drawn at once, so that the noise of
            an example does not depend on `chunk`.
        chunk: examples that go through the model at once.

    Returns:
        The metric, ready to compute or to be merged with others.

    Raises:
        ArgumentError: if a term is not finite, or x does not hold numbers.
    """
    as_count(chunk, "ELBO: chunk =", unit="example")
    x = as_model_input(model, x, "x")
    noise = torch.randn(len(x), model.latent_dim, generator=generator, device=x.device).to(x.dtype)
    metric = ELBO().to(x.device)
    with use_full_float32():
        for examples, draws in zip(torch.split(read_observed(model, x), chunk), torch.split(noise, chunk), strict=True):
            metric.update(*model.elbo_terms(examples, draws))
    return metric


@register_metric("elbo", version=2, columns=columns.ELBO, labels=make_likelihood_labels)
def elbo(subject: Subject) -> dict[str, float]:
    """ELBO on the test split; nothing for models without a likelihood.

    Columns: `elbo`, `elbo_se`, `reconstruction`, `kl_term` and, for models with a posterior mean, `active_units`.
    Label: `binarisation`, as `make_likelihood_labels` has it.

    Raises:
        ArgumentError: if a term or a posterior mean is not finite.
    """
    model, test = subject.model, subject.data.test
    if not isinstance(model, HasLikelihood):
        return {}
    figures = {
        name: float(value) for name, value in evaluate_elbo(model, test, subject.stream("elbo")).compute().items()
    }
    if isinstance(model, HasPosteriorMean) and len(test) > 1:
        figures["active_units"] = float(count_active_units(model, test).compute())
    return figures
