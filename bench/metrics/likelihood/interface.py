"""What a model with an evidence lower bound may have besides: each method opens a further figure."""

from __future__ import annotations

from collections.abc import Mapping
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
class HasELBOGradients(HasLikelihood, Protocol):
    """A model whose encoder's gradient can be estimated in several ways."""

    def elbo_gradients(self, x: Tensor, noise: Tensor) -> Mapping[str, Tensor]:
        """Estimates of the gradient of the mean ELBO of x in the encoder's parameters, by the estimator's name.

        Args:
            x: examples, shape (n, *shape).
            noise: standard normal numbers that z is made of, shape (k, n, latent_dim).

        Returns:
            Shape (k, parameters) each: one from each draw.
        """


class GaussianPosterior(Protocol):
    """q(z|x), Gaussian."""

    @property
    def mean(self) -> Tensor:
        """Shape (n, latent_dim)."""

    def covariance(self) -> Tensor:
        """Shape (n, latent_dim, latent_dim)."""

    def log_volume(self) -> Tensor:
        """Half the log-determinant of the covariance, shape (n,)."""


@runtime_checkable
class HasLinearDecoder(HasLikelihood, Protocol):
    """A model with a Gaussian q(z|x), whose true posterior is known where its decoder is linear."""

    def posterior(self, x: Tensor) -> GaussianPosterior:
        """q(z|x) of examples (n, *shape)."""

    def linear_decoder(self) -> tuple[Tensor, Tensor, float] | None:
        """W, b and ε of p(x|z) = N(W z + b, ε²I); None if it is another.

        Returns:
            Shapes (d, latent_dim) and (d,), in float64 on the CPU, and a number.
        """


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
