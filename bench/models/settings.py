"""The methods' blocks of a suite file: factors of the experiment and networks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from bench.identity import LATER
from bench.spec import KnownDivergence, MethodSettings, Settings

Activation = Literal["relu", "leaky_relu", "elu", "silu", "tanh"]
CriticActivation = Literal["relu", "leaky_relu", "leaky_relu_0.2", "elu", "silu", "tanh", "maxout"]
Kind = Literal["mlp", "conv"]
Widths = tuple[PositiveInt, ...]


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
    """The `network:` block of GANs; the lists mean what they mean in `AutoencoderNetwork`."""

    kind: Kind = "mlp"
    latent: PositiveInt = 16
    prior: Literal["normal", "uniform"] = "normal"
    generator: Widths = (128, 128)
    critic: Widths = (128, 128)
    activation: Activation = "relu"
    critic_activation: CriticActivation = Field(
        "leaky_relu",
        description="Activation of the critic's hidden layers: leaky_relu has the slope 0.01, leaky_relu_0.2 that of "
        "DCGAN; maxout is the largest of five linear maps (Goodfellow et al. 2013).",
    )
    batch_norm: bool = Field(False, description="Batch normalisation in the generator.")
    critic_batch_norm: Annotated[bool, LATER] = Field(
        False,
        description="Batch normalisation in the critic's hidden layers after the first, of data and of generated "
        "examples apart (Radford et al. 2016).",
    )
    kernel: Annotated[Literal[4, 5], LATER] = Field(
        4, description="Height and width of the kernels of convolutions; DCGAN's are 5."
    )
    initialisation: Annotated[Literal["default", "dcgan"], LATER] = Field(
        "default",
        description="default: torch's own; dcgan: weights from N(0, 0.02²), biases 0 (Radford et al. 2016).",
    )


class AutoencoderSettings(MethodSettings):
    """`family: autoencoder` (Ryu 2025, sec. 2.1). Samples come from a Gaussian fitted to the training latents."""

    family: Literal["autoencoder"]
    network: AutoencoderNetwork = AutoencoderNetwork()


class VAESettings(MethodSettings):
    """`family: vae` (Ryu 2025, sec. 2.2–2.4)."""

    family: Literal["vae"]
    likelihood: Literal["gaussian", "bernoulli"] = "gaussian"
    epsilon: PositiveFloat = Field(0.1, description="Standard deviation ε of the Gaussian likelihood N(x; g(z), ε²I).")
    binarisation: Literal["none", "static", "dynamic"] = Field(
        "none", description="How images become binary for the Bernoulli likelihood."
    )
    network: AutoencoderNetwork = AutoencoderNetwork()


class MLESettings(MethodSettings):
    """`family: mle` (Ryu 2025, sec. 1): a Gaussian with a full covariance, for points."""

    family: Literal["mle"]


class AdversarialSettings(MethodSettings):
    """What all methods have that train a generator against a critic."""

    update: Literal["alternating", "single_step"] = "alternating"
    critic_steps: PositiveInt = Field(1, description="Critic updates for each generator update (alternating only).")
    generator_steps: Annotated[PositiveInt, LATER] = Field(
        1, description="Generator updates in each training step (alternating only); training.steps counts the steps."
    )
    critic_lr: PositiveFloat | None = Field(None, description="Learning rate of the critic; default: the generator's.")
    pack: Annotated[PositiveInt, LATER] = Field(
        1,
        description="Examples that the critic sees at once (PacGAN, Lin et al. 2018); a batch is a multiple of it. Any "
        "bound that training reaches is then one of the product laws, not of the divergence itself.",
    )
    instance_noise: Annotated[NonNegativeFloat, LATER] = Field(
        0,
        description="Standard deviation of Gaussian noise on all that the critic sees in training (Sønderby et al. "
        "2017); any bound is then one of the noisy laws.",
    )
    r1: Annotated[NonNegativeFloat, LATER] = Field(
        0, description="Weight γ of the gradient penalty γ/2 E_P‖∇D(x)‖² of the critic (Mescheder et al. 2018)."
    )
    spectral_norm: Annotated[bool, LATER] = Field(
        False, description="Spectral normalisation of the critic's layers (Miyato et al. 2018)."
    )
    ema: Annotated[Annotated[float, Field(ge=0, lt=1)] | None, LATER] = Field(
        None,
        description="Decay of an exponential moving average of the generator, which is then the model that is "
        "evaluated; default: the generator as the last step left it.",
    )
    network: GANNetwork = GANNetwork()


class FGANSettings(AdversarialSettings):
    """`family: fgan` (Ryu 2025, sec. 3.2; Nowozin et al. 2016)."""

    family: Literal["fgan"]
    divergence: KnownDivergence
    parameterisation: Literal["ratio", "fenchel"] = Field(
        "ratio", description="ratio: the critic outputs log r; fenchel: it outputs V with T = g_f(V)."
    )
    generator_objective: Literal["saturating", "nonsaturating"] = Field(
        "saturating", description="saturating: minimise the bound; nonsaturating: maximise E_Q[T]."
    )


class HingeGANSettings(AdversarialSettings):
    """`family: hinge_gan` (Lim & Ye 2017)."""

    family: Literal["hinge_gan"]


class KLWGANSettings(AdversarialSettings):
    """`family: kl_wgan` (Song & Ermon 2020)."""

    family: Literal["kl_wgan"]

    @property
    def divergence(self) -> str:
        """What its critic bounds; no setting."""
        return "kl"
