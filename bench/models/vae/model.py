"""The VAE, composed of its parts."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.distributions import MultivariateNormal

from bench.errors import ArgumentError
from bench.models.base import GenerativeModel, Losses, Noise, Player, register_method
from bench.models.curves import curve_column
from bench.models.linear import linear_law, linear_map
from bench.models.networks import Layers, decoder, encoder
from bench.models.settings import VAESettings
from bench.models.vae.binarisation import BINARISATIONS
from bench.models.vae.gradient import GRADIENT_ESTIMATORS, Reparameterisation
from bench.models.vae.inference import Inference
from bench.models.vae.kl_term import KL_TERMS, Analytic
from bench.models.vae.likelihood import LIKELIHOODS
from bench.models.vae.objective import ELBO, Objective, make_objective
from bench.models.vae.posterior import POSTERIORS, Posterior
from bench.models.vae.probes import PROBED, find_gradients, make_probes, measure_spread

_CURVES = (
    curve_column("elbo", "ELBO", unit="nats", order=1),
    curve_column("reconstruction", "Reconstruction", unit="nats", order=2),
    curve_column("kl", "KL term", unit="nats", order=3),
    curve_column("objective", "Training objective", unit="nats", order=3.2),
    *PROBED,
)
_PREFIXES = {"model": "", "encoder": "encoder"}
"""What the names of trained parameters start with, by the value of `trained:`."""


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
        draws = self._objective.noise(net.latent)
        probes = make_probes(settings.gradient_probes, draws)
        self.noise = {"posterior": draws} | probes | self._binarisation.noise(shape)
        self.players = (Player("model", _PREFIXES[settings.trained]),)
        outputs = self._posteriors.outputs(net.latent)
        self.encoder = encoder(Layers(net.encoder, net.activation, net.kind, net.batch_norm), shape, outputs)
        self.decoder = decoder(Layers(net.decoder, net.activation, net.kind, net.batch_norm), net.latent, shape)

    def posterior(self, x: Tensor) -> Posterior:
        """q(z|x)."""
        return self._infer(x).posterior

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

    def elbo_gradients(self, x: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """The gradient of the batch's mean ELBO in the encoder's parameters, by each of `GRADIENT_ESTIMATORS`.

        Args:
            x: examples, (batch, *shape).
            noise: standard normal v, (probes, batch, latent): one gradient is had from each.

        Returns:
            Shape (probes, parameters) each.
        """
        kl = KL_TERMS[self.settings.kl]()
        objectives = {name: ELBO(1, estimator(), kl) for name, estimator in GRADIENT_ESTIMATORS.items()}
        return {name: self._encoder_gradients(elbo, x, noise) for name, elbo in objectives.items()}

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
        if "probes" in noise:
            values |= measure_spread(self._encoder_gradients(self._objective, x, noise["probes"].movedim(1, 0)))
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

    def linear_decoder(self) -> tuple[Tensor, Tensor, float] | None:
        """W, b and ε of p(x|z) = N(W z + b, ε²I) for points, as `linear_map` has them; None for any other p(x|z)."""
        found = None if self._likelihood.binary else linear_map(self.decoder)
        return None if found is None else (*found, self.settings.epsilon)

    def collect(self, x: Tensor, z: Tensor) -> None:
        """The encoder's statistics come from data as it is observed, the decoder's from generated batches."""
        self.encoder(self.observed(x, "train"))
        self.decoder(z)

    def _infer(self, x: Tensor) -> Inference:
        return self._infer_from(self.encoder(x), x)

    def _infer_from(self, output: Tensor, x: Tensor) -> Inference:
        posterior = self._posteriors.of(output, self.latent_dim)
        return Inference(posterior, lambda z: self.log_likelihood(x, z))

    def _encoder_gradients(self, objective: Objective, x: Tensor, noise: Tensor) -> Tensor:
        """The gradient of an objective in the encoder's parameters from each noise (probes, batch, ...)."""

        def evaluate(output: Tensor, x: Tensor, noise: Tensor) -> Tensor:
            return objective.evaluate(self._infer_from(output, x), noise)[0]

        return find_gradients(self.encoder, x, evaluate, noise)
