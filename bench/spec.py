"""One run as data: the resolved settings, and the identity that follows from them."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt

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


class EvaluationSettings(Settings):
    """The `evaluation:` block."""

    samples: PositiveInt = Field(10_000, description="Generated examples, where the protocol leaves the number open.")
    spread: NonNegativeFloat | None = Field(
        None,
        description="Noise added to both sides before divergences are estimated; default 0 for points, 0.1 for images.",
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

    family: str = Field(description="Registered family: autoencoder, vae, fgan, or one of a plugin.")


class RunSpec(Settings):
    """One method on one dataset with one seed, with everything that decides the result.

    Attributes:
        suite: name of the suite it was planned by; a label.
        method: name of the method within the suite; a label.
        dataset: how the suite calls the dataset; a label.
        dataset_name: registered name of the dataset.
        dataset_parameters: keyword arguments of the dataset.
        dataset_sha256: fingerprint of the examples.
        seed: training seed.
        model: the method's settings, validated by its family.
        training: the training budget.
        evaluation: sample sizes.
        metrics: names of the metrics to measure.
        protocols: name and version of each metric, by name: {"fid": "fid/1"}.
        resources: what a cohort of such runs needs.
    """

    suite: str
    method: str
    dataset: str
    dataset_name: str
    dataset_parameters: dict[str, Any]
    dataset_sha256: str
    seed: int = Field(ge=0)
    model: dict[str, Any]
    training: TrainingSettings
    evaluation: EvaluationSettings
    metrics: tuple[str, ...]
    protocols: dict[str, str]
    resources: ResourceSettings

    @property
    def family(self) -> str:
        """The registered family of the method."""
        return str(self.model["family"])

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


def _digest(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


__all__ = [
    "EvaluationSettings",
    "MethodSettings",
    "ResourceSettings",
    "RunSpec",
    "Settings",
    "TrainingSettings",
]
