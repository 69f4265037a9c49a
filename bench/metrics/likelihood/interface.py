"""What a model with an evidence lower bound may have besides: each method opens a further figure."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor

from bench.metrics.base import HasLikelihood, Subject


@runtime_checkable
class HasLogWeights(HasLikelihood, Protocol):
    """A model with an importance-weighted bound."""

    def log_weights(self, x: Tensor, noise: Tensor) -> Tensor:
        """Log p(x, z) − log q(z|x), in nats, for z drawn from q(z|x).

        Args:
            x: examples, shape (n, *shape).
            noise: standard normal numbers that z is made of, shape (k, n, latent_dim): k draws of each example.

        Returns:
            Shape (k, n).
        """


@runtime_checkable
class HasPosteriorMean(HasLikelihood, Protocol):
    """A model with active units."""

    def posterior_mean(self, x: Tensor) -> Tensor:
        """E_q(z|x)[z], shape (n, latent_dim)."""


@runtime_checkable
class HasObserved(Protocol):
    """A model of something other than the examples as they are, such as binarised images."""

    def observed(self, x: Tensor) -> Tensor:
        """The examples of the whole test split as the likelihood sees them, shape as x: a fixed function of them."""


def read_observed(model: object, x: Tensor) -> Tensor:
    """The test split as the model's likelihood sees it.

    Args:
        model: any model.
        x: the whole split, shape (n, *shape).
    """
    return model.observed(x) if isinstance(model, HasObserved) else x


def make_likelihood_labels(subject: Subject) -> dict[str, str]:
    """`binarisation`: none, static or dynamic, where the model has an attribute of that name that is not None."""
    binarisation = getattr(subject.model, "binarisation", None)
    return {} if binarisation is None else {"binarisation": str(binarisation)}
