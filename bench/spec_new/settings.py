"""One run as data: the resolved settings, and the identity that follows from them."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from bench.divergences import divergence
from bench.errors import BenchError

IDENTITY_VERSION = 1
"""Raised when the same settings come to mean something else; old runs are then no longer found."""


class Settings(BaseModel):
    """A block of a suite file: frozen, and no key but the declared ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TrainingSettings(Settings):
    """The `training:` block."""

    steps: PositiveInt = Field(2000, description="Generator or model updates.")
    batch_size: PositiveInt = Field(256, description="Examples a seed sees in an update.")
    lr: PositiveFloat = Field(1e-3, description="Learning rate.")
    betas: tuple[NonNegativeFloat, NonNegativeFloat] = Field((0.5, 0.999), description="Adam's decay rates.")
    optimizer: Literal["adam", "sgd"] = Field("adam", description="Update rule.")
    curve_points: PositiveInt = Field(100, description="Points at which learning curves are recorded.")


def _known_divergence(name: str) -> str:
    try:
        return divergence(name).name
    except BenchError as error:
        raise ValueError(str(error)) from None


KnownDivergence = Annotated[str, AfterValidator(_known_divergence)]
"""A divergence, under the one name that columns have: alpha(0.30) is alpha(0.3)."""


LATER_SETTINGS = ("divergences", "extractor", "importance_samples")
"""Keys of the `evaluation:` block that runs of the first version do not have."""


class EvaluationSettings(Settings):
    """The `evaluation:` block."""

    samples: PositiveInt = Field(10_000, description="Generated examples, where the protocol leaves the number open.")
    spread: NonNegativeFloat | None = Field(
        None,
        description="Noise added to both sides before divergences are estimated; default 0 for points, 0.1 for images.",
    )
    divergences: tuple[KnownDivergence, ...] = Field(
        (), description="Divergences to estimate beside the registered ones and the method's own, such as alpha(0.3)."
    )
    extractor: str | None = Field(
        None, description="Feature extractor of fid, kid, precision, …: inception-v3-fid; default: the dataset's own."
    )
    importance_samples: PositiveInt = Field(
        100, description="Draws of z an example in the importance-weighted bound log_likelihood_iw."
    )


class ResourceSettings(Settings):
    """The `resources:` block, for one cohort. Never part of a run's identity."""

    cpu: PositiveFloat = Field(1, description="CPU cores.")
    gpu: NonNegativeFloat = Field(0, description="GPUs; a fraction lets cohorts share one.")
    cohort: PositiveInt | None = Field(
        None, description="Seeds trained together as one tensor dimension; default 1 on a CPU, all seeds on a GPU."
    )
    timeout: PositiveFloat | None = Field(None, description="Seconds after which training ends with status timeout.")


class MethodSettings(Settings):
    """What every method's block has; each family adds its own factors."""

    family: str = Field(description="Registered family: autoencoder, vae, fgan, mle, or one of a plugin.")


class WorkSpec(Settings, ABC):
    """One run of any kind, with everything that decides its result.

    Attributes:
        suite: name of the suite it was planned by; a label.
        method: what the suite calls what is run; a label.
        dataset: what the suite calls what it is run on; a label.
        dataset_sha256: fingerprint of the examples, or of what decides them.
        seed: seed of all that is random.
        protocols: name and version of each protocol that figures follow: {"fid": "fid/1"}.
        resources: what a cohort of such runs needs.
    """

    suite: str
    method: str
    dataset: str
    dataset_sha256: str
    seed: int = Field(ge=0)
    protocols: dict[str, str]
    resources: ResourceSettings

    @property
    @abstractmethod
    def family(self) -> str:
        """The kind of thing that is run."""

    @property
    def divergence(self) -> str | None:
        """The divergence that is trained on, if there is one."""
        return None

    @property
    @abstractmethod
    def steps(self) -> int:
        """Units in which progress is told."""

    @property
    def expected_seconds(self) -> float | None:
        """A rough guess at the time that a run takes on one core, or None if there is no telling."""
        return None

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the result, and nothing else: no labels, paths, devices or worker counts."""
        decisive = self.model_dump(mode="json", exclude={"suite", "method", "dataset", "resources"})
        return decisive | {"identity_version": IDENTITY_VERSION}

    @property
    def run_id(self) -> str:
        """Hash of the identity: 16 hexadecimal digits."""
        return _digest(self.identity)

    @property
    def cohort_key(self) -> str:
        """Equal for runs that differ only in their seed."""
        return _digest({k: v for k, v in self.identity.items() if k != "seed"} | {"method": self.method})


class RunSpec(WorkSpec):
    """One generative model: a method on one dataset with one seed.

    Attributes:
        dataset_name: registered name of the dataset.
        dataset_parameters: keyword arguments of the dataset.
        model: the method's settings, validated by its family.
        training: the training budget.
        evaluation: sample sizes.
        metrics: names of the metrics to measure.
    """

    dataset_name: str
    dataset_parameters: dict[str, Any]
    model: dict[str, Any]
    training: TrainingSettings
    evaluation: EvaluationSettings
    metrics: tuple[str, ...]

    @property
    def family(self) -> str:
        """The registered family of the method."""
        return str(self.model["family"])

    @property
    def divergence(self) -> str | None:
        """The divergence that it is trained on, if it is trained on one."""
        given = self.model.get("divergence")
        return None if given is None else str(given)

    @property
    def steps(self) -> int:
        """Training steps."""
        return self.training.steps

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the result; see `WorkSpec.identity`.

        Settings of the evaluation that came later count only where they are not what they were before they could be
        set, so that earlier runs are found.
        """
        identity = super().identity
        fields = EvaluationSettings.model_fields
        for name in LATER_SETTINGS:
            if getattr(self.evaluation, name) == fields[name].default:
                del identity["evaluation"][name]
        return identity


class PairSettings(Settings):
    """A pair of known laws.

    Attributes:
        shape: registered name of the shape.
        dimensions: of the points.
        size: KL(P‖Q) in nats.
    """

    shape: str
    dimensions: PositiveInt
    size: PositiveFloat

    @property
    def label(self) -> str:
        """What tables call it: shifted d=10 kl=0.5."""
        return f"{self.shape} d={self.dimensions} kl={self.size!r}"


class CalibrationSpec(WorkSpec):
    """One estimate: an estimator on samples of one pair of known laws.

    Attributes:
        estimator: registered name; its version is among the protocols.
        pair: the laws.
        points: on each side.
        divergences: what is estimated, in one call.
    """

    estimator: str
    pair: PairSettings
    points: PositiveInt
    divergences: tuple[str, ...]

    @property
    def family(self) -> str:
        """The same for all."""
        return "estimator"

    @property
    def steps(self) -> int:
        """The one call."""
        return 1

    @property
    def expected_seconds(self) -> float:
        """About what cross-fitted critics take; others are told by what they took before."""
        return 0.7 + 2.3e-4 * self.points

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the result; see `WorkSpec.identity`."""
        return super().identity | {"kind": "calibration"}


def _digest(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


__all__ = [
    "CalibrationSpec",
    "EvaluationSettings",
    "KnownDivergence",
    "MethodSettings",
    "PairSettings",
    "ResourceSettings",
    "RunSpec",
    "Settings",
    "TrainingSettings",
    "WorkSpec",
]
