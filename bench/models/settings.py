"""The methods' blocks of a suite file: factors of the experiment and networks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveFloat, PositiveInt

from bench.identity import LATER
from bench.models.objective_names import Objective
from bench.spec import KnownDivergence, MethodSettings, Settings

Activation = Literal["relu", "leaky_relu", "elu", "silu", "tanh"]
Kind = Literal["mlp", "conv"]
Widths = tuple[PositiveInt, ...]


def _check_probes(probes: int) -> int:
    if probes == 1:
        raise ValueError("found 1; expected 0, or at least 2, since a variance is taken over them")
    return probes


Probes = Annotated[NonNegativeInt, AfterValidator(_check_probes)]


class AutoencoderNetwork(Settings):
    """The `network:` block of autoencoders and VAEs.

    For `kind: mlp` the lists are widths of hidden layers, for `kind: conv` channels of layers of stride 2.
    """

    kind: Kind = "mlp"
    latent: PositiveInt = 16
    encoder: Widths = (128, 128)
    decoder: Widths = (128, 128)
    activation: Activation = "relu"
    batch_norm: bool = False


class GANNetwork(Settings):
    """The `network:` block of f-GANs; the lists mean what they mean in `AutoencoderNetwork`."""

    kind: Kind = "mlp"
    latent: PositiveInt = 16
    prior: Literal["normal", "uniform"] = "normal"
    generator: Widths = (128, 128)
    critic: Widths = (128, 128)
    activation: Activation = "relu"
    critic_activation: Activation = "leaky_relu"
    batch_norm: bool = Field(False, description="Batch normalisation in the generator.")
    initialisation: Annotated[Literal["default", "identity"], LATER] = Field(
        "default",
        description="How the generator starts: as its layers do by default, or, for a linear one (generator: []) of as "
        "many latents as values, as the identity, at N(0, I).",
    )


class AutoencoderSettings(MethodSettings):
    """`family: autoencoder` (Ryu 2025, sec. 2.1)."""

    family: Literal["autoencoder"]
    latents: Annotated[Literal["standard_normal", "gaussian", "gaussian_mixture"], LATER] = Field(
        "gaussian",
        description="What samples are decoded from: N(0, I), or a Gaussian or a mixture of Gaussians that is fitted to "
        "the codes of the training data (Ghosh et al. 2020).",
    )
    components: Annotated[PositiveInt, LATER] = Field(10, description="Gaussians in the mixture of latents.")
    network: AutoencoderNetwork = AutoencoderNetwork()


class VAESettings(MethodSettings):
    """`family: vae` (Ryu 2025, sec. 2.2–2.4)."""

    family: Literal["vae"]
    likelihood: Literal["gaussian", "bernoulli"] = "gaussian"
    epsilon: PositiveFloat = Field(0.1, description="Standard deviation ε of the Gaussian likelihood N(x; g(z), ε²I).")
    binarisation: Literal["none", "static", "dynamic"] = Field(
        "none", description="How images become binary for the Bernoulli likelihood."
    )
    objective: Annotated[Objective, LATER] = Field(
        "elbo",
        description="What training maximises: elbo, iwae (Burda et al. 2016) or renyi(α) (Li & Turner 2016), α finite "
        "or -inf.",
    )
    draws: Annotated[PositiveInt, LATER] = Field(1, description="Draws of z an example in a training step.")
    gradient: Annotated[Literal["reparameterisation", "score_function"], LATER] = Field(
        "reparameterisation", description="How the gradient of the ELBO in the encoder's parameters is estimated."
    )
    kl: Annotated[Literal["analytic", "monte_carlo"], LATER] = Field(
        "analytic", description="analytic: the ELBO's KL term in closed form; monte_carlo: by the same draws of z."
    )
    posterior: Annotated[Literal["mean_field", "full_covariance"], LATER] = Field(
        "mean_field", description="Covariance of the Gaussian posterior q(z|x): diagonal, or of any form."
    )
    trained: Annotated[Literal["model", "encoder"], LATER] = Field(
        "model",
        description="model: encoder and decoder; encoder: the decoder keeps its initial parameters, so that the true "
        "posterior stays the same.",
    )
    gradient_probes: Annotated[Probes, LATER] = Field(
        0,
        description="Fresh draws of the noise, 0 or from 2 on, by which each training step also measures the variance "
        "of the encoder's gradient; each costs about as much as the step itself.",
    )
    network: AutoencoderNetwork = AutoencoderNetwork()


class MLESettings(MethodSettings):
    """`family: mle` (Ryu 2025, sec. 1): a Gaussian with a full covariance, for points."""

    family: Literal["mle"]


class FGANSettings(MethodSettings):
    """`family: fgan` (Ryu 2025, sec. 3.2; Nowozin et al. 2016)."""

    family: Literal["fgan"]
    divergence: KnownDivergence
    parameterisation: Literal["ratio", "fenchel"] = Field(
        "ratio", description="ratio: the critic outputs log r; fenchel: it outputs V with T = g_f(V)."
    )
    generator_objective: Literal["saturating", "nonsaturating"] = Field(
        "saturating", description="saturating: minimise the bound; nonsaturating: maximise E_Q[T]."
    )
    update: Literal["alternating", "single_step"] = "alternating"
    critic_steps: PositiveInt = Field(1, description="Critic updates for each generator update (alternating only).")
    critic_lr: PositiveFloat | None = Field(None, description="Learning rate of the critic; default: the generator's.")
    network: GANNetwork = GANNetwork()
