"""The VAE, composed of its parts."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.distributions import MultivariateNormal

from bench.errors import ArgumentError
from bench.models.base import GenerativeModel, Losses, Noise, register_method
from bench.models.curves import curve_column
from bench.models.linear import linear_law
from bench.models.networks import Layers, decoder, encoder
from bench.models.settings import VAESettings
from bench.models.vae.binarisation import BINARISATIONS
from bench.models.vae.gradient import Reparameterisation
from bench.models.vae.inference import Inference
from bench.models.vae.kl_term import Analytic
from bench.models.vae.likelihood import LIKELIHOODS
from bench.models.vae.objective import make_objective
from bench.models.vae.posterior import POSTERIORS, Posterior

_CURVES = (
    curve_column("elbo", "ELBO", unit="nats", order=1),
    curve_column("reconstruction", "Reconstruction", unit="nats", order=2),
    curve_column("kl", "KL term", unit="nats", order=3),
    curve_column("objective", "Training objective", unit="nats", order=3.2),
)


@register_method("vae", settings=VAESettings, columns=_CURVES)
class VAE(GenerativeModel):
    """Decoder p(x|z) and Gaussian encoder q(z|x) that maximise a bound on log p(x) (Ryu 2025, eq. 12 and 13).

    Args:
        settings: the method's block.
        shape: shape of one example.

    Raises:
        ArgumentError: if the likelihood or the binarisation is one of pixels and the examples are points, factors do
            not go with the objective, or convolutions do not fit the examples.
    """

    def __init__(self, settings: VAESettings, shape: Sequence[int]) -> None:
        super().__init__()
        net = settings.network
        self.settings = settings
        self.latent_dim = net.latent
        self._likelihood = LIKELIHOODS[settings.likelihood](settings, shape)
        self._binarisation = BINARISATIONS[settings.binarisation]()
        self._objective = make_objective(settings)
        self._posteriors = POSTERIORS[settings.posterior]
        if len(shape) != 3 and self.binarisation is not None:
            raise ArgumentError(
                f"family '{settings.family}': found examples of shape {tuple(shape)}; expected images with pixels in "
                f"[0, 1] for likelihood: {settings.likelihood}, binarisation: {settings.binarisation}; for points use "
                "likelihood: gaussian, binarisation: none"
            )
        self.noise = {"posterior": self._objective.noise(net.latent)} | self._binarisation.noise(shape)
        outputs = self._posteriors.outputs(net.latent)
        self.encoder = encoder(Layers(net.encoder, net.activation, net.kind, net.batch_norm), shape, outputs)
        self.decoder = decoder(Layers(net.decoder, net.activation, net.kind, net.batch_norm), net.latent, shape)

    def posterior(self, x: Tensor) -> Posterior:
        """q(z|x)."""
        return self._posteriors.of(self.encoder(x), self.latent_dim)

    def posterior_mean(self, x: Tensor) -> Tensor:
        """Mean of q(z|x), shape (batch, latent)."""
        return self.posterior(x).mean

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """Log p(x|z) in nats with every normalising constant.

        Args:
            x: examples, (batch, *shape).
            z: latents, (batch, latent), or (draws, batch, latent) for several draws an example.

        Returns:
            Shape of z without its last axis.
        """
        output: Tensor = self.decoder(z.reshape(-1, self.latent_dim)).reshape(*z.shape[:-1], *x.shape[1:])
        return self._likelihood.log_prob(x, output, tuple(range(z.ndim - 1, output.ndim)))

    def elbo_terms(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """E_q[log p(x|z)] by one draw of z, and KL(q(z|x) ‖ p(z)) in closed form, nats per example.

        It is what a model is measured by, whatever it was trained on.

        Args:
            x: examples, (batch, *shape).
            noise: standard normal v of z = μ + L v, (batch, latent).
        """
        return self._infer(x).elbo_terms(noise, Reparameterisation(), Analytic())

    def log_weights(self, x: Tensor, noise: Tensor) -> Tensor:
        """Log importance weights, see `Inference.log_weights`.

        Args:
            x: examples, (batch, *shape).
            noise: standard normal v, (draws, batch, latent).

        Returns:
            Shape (draws, batch), in nats.
        """
        inference = self._infer(x)
        return inference.log_weights(noise.to(inference.posterior.mean.dtype))

    @property
    def binarisation(self) -> str | None:
        """How examples become binary: none, static or dynamic; None for a Gaussian likelihood of grey pixels."""
        name = self._binarisation.name
        return name if self._likelihood.binary or name != "none" else None

    def observed(self, x: Tensor, split: str = "test") -> Tensor:
        """Examples as the likelihood sees them where it is measured: binarised by a fixed draw, or as they are.

        Args:
            x: all examples of a split, (n, *shape), values in [0, 1]; the draw depends on an example's place.
            split: name of the split; different splits have unrelated draws.
        """
        return self._binarisation.observed(x, split)

    def training_data(self, train: Tensor) -> Tensor:
        """Binarised once where the binarisation is static; dynamic binarisation draws anew at each training step."""
        return self._binarisation.training_data(train)

    def losses(self, x: Tensor, noise: Noise) -> tuple[Losses, dict[str, Tensor]]:
        """The negative objective."""
        x = self._binarisation.training_batch(x, noise)
        objective, values = self._objective.evaluate(self._infer(x), noise["posterior"])
        return {"model": -objective}, values

    def reconstruct(self, x: Tensor) -> Tensor:
        """The decoder's mean at the posterior mean, shape as x."""
        return self.sample(self.posterior_mean(x))

    def sample(self, z: Tensor) -> Tensor:
        """The decoder's mean: the noise of p(x|z) is left out (Ryu 2025, sec. 2.2)."""
        return self._likelihood.mean(self.decoder(z))

    def law(self) -> MultivariateNormal | None:
        """N(b, W Wᵀ) of the linear decoder W z + b (`decoder: []`), without the noise of p(x|z), as in `sample`."""
        return linear_law(self.decoder)

    def collect(self, x: Tensor, z: Tensor) -> None:
        """The encoder's statistics come from data as it is observed, the decoder's from generated batches."""
        self.encoder(self.observed(x, "train"))
        self.decoder(z)

    def _infer(self, x: Tensor) -> Inference:
        return Inference(self.posterior(x), lambda z: self.log_likelihood(x, z))
