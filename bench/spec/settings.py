"""The blocks of a suite file, with their defaults."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from bench.divergences import divergence
from bench.identity import LATER


class Settings(BaseModel):
    """A block of a suite file: frozen, and no key but the declared ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TrainingSettings(Settings):
    """The `training:` block."""

    steps: PositiveInt = Field(2000, description="Generator or model updates.")
    batch_size: PositiveInt = Field(256, description="Examples a seed sees in an update.")
    lr: PositiveFloat = Field(1e-3, description="Learning rate.")
    betas: tuple[NonNegativeFloat, NonNegativeFloat] = Field((0.5, 0.999), description="Adam's decay rates.")
    optimizer: Literal["adam", "rmsprop", "sgd"] = Field("adam", description="Update rule.")
    curve_points: PositiveInt = Field(100, description="Points at which learning curves are recorded.")


def _check_divergence(name: str) -> str:
    return divergence(name).name


KnownDivergence = Annotated[str, AfterValidator(_check_divergence)]
"""A divergence, under the one name that columns have: alpha(0.30) is alpha(0.3)."""


Effort = Literal["quick", "thorough"]
"""How much work an estimator of divergences puts into an estimate."""


Split = Literal["test", "validation"]
"""Examples that figures are measured on."""


class EvaluationSettings(Settings):
    """The `evaluation:` block."""

    samples: PositiveInt = Field(10_000, description="Generated examples, where the protocol leaves the number open.")
    spread: NonNegativeFloat | None = Field(
        None,
        description="Noise added to both sides before divergences are estimated; default 0 for points and √d/20 for "
        "images of d values: 1.4 at 28 × 28.",
    )
    spreads: Annotated[tuple[PositiveFloat, ...] | None, LATER] = Field(
        None,
        description="Levels of noise of divergence_curve; default eight from 0.1 to 2 for images, none for points.",
    )
    effort: Annotated[Effort, LATER] = Field(
        "quick",
        description="What estimating divergences may cost where no noise is added: quick, or thorough, up to a minute "
        "for 10,000 points.",
    )
    divergences: Annotated[tuple[KnownDivergence, ...], LATER] = Field(
        (), description="Divergences to estimate beside the registered ones and the method's own, such as alpha(0.3)."
    )
    extractor: Annotated[str | None, LATER] = Field(
        None, description="Feature extractor of fid, kid, precision, …: inception-v3-fid; default: the dataset's own."
    )
    split: Annotated[Split, LATER] = Field(
        "test", description="Examples that figures are measured on: test, or validation, as in a search."
    )
    importance_samples: Annotated[PositiveInt, LATER] = Field(
        100, description="Draws of z an example in the importance-weighted bound log_likelihood_iw."
    )


class ResourceSettings(Settings):
    """The `resources:` block, for one cohort. Never part of a run's identity."""

    cpu: PositiveFloat = Field(1, description="CPU cores.")
    gpu: NonNegativeFloat = Field(0, description="GPUs; a fraction lets cohorts share one.")
    cohort: PositiveInt | None = Field(
        None, description="Seeds trained together as one tensor dimension; default 1 on a CPU, all seeds on a GPU."
    )
    ranks: PositiveInt | None = Field(
        None,
        description="Processes that share each batch of a cohort (data parallelism); default one for each whole GPU.",
    )
    timeout: PositiveFloat | None = Field(
        None,
        description="Seconds that a run may take, training and evaluation together; it then ends with status timeout.",
    )

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        if self.gpu > 1 and self.gpu != int(self.gpu):
            raise ValueError(f"gpu: found {self.gpu:g}; expected a fraction of one GPU, or a whole number of them")
        if self.gpu and self.processes > max(1, self.gpu):
            raise ValueError(f"ranks: found {self.processes} on {self.gpu:g} GPUs; expected at most one for each")
        return self

    @property
    def processes(self) -> int:
        """How many processes train a cohort together."""
        return self.ranks if self.ranks is not None else max(1, int(self.gpu))


class MethodSettings(Settings):
    """What every method's block has; each family adds its own factors."""

    family: str = Field(
        description="Registered family: autoencoder, vae, fgan, hinge_gan, kl_wgan, mle, or one of a plugin."
    )
