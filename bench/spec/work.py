"""One run of any kind as data: the resolved settings, and the identity that follows from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any

from pydantic import Field

from bench.identity import IDENTITY_VERSION, LATER, digest, identity_of, variant_of
from bench.spec.settings import ResourceSettings, Settings


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
        sources: hashes of the plugin files that registered what is run, by what that is: {"family": "3fa9c1…"}.
    """

    suite: str
    method: str
    dataset: str
    dataset_sha256: str
    seed: int = Field(ge=0)
    protocols: dict[str, str]
    resources: ResourceSettings
    sources: Annotated[dict[str, str], LATER] = Field(default_factory=dict)

    @property
    @abstractmethod
    def family(self) -> str:
        """The kind of thing that is run."""

    @property
    def divergence(self) -> str | None:
        """The divergence that is trained on, if there is one."""
        return None

    @property
    def amends(self) -> bool:
        """Whether it adds to a record that is there already."""
        return False

    @property
    def is_trained(self) -> bool:
        """Whether its model was trained before, so that only measuring is left."""
        return False

    @property
    def added(self) -> tuple[str, ...]:
        """Names of the metrics that it adds to what is known already."""
        return ()

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
        labels = ("suite", "method", "dataset", "resources")
        decisive = {name: value for name, value in identity_of(self).items() if name not in labels}
        return decisive | {"identity_version": IDENTITY_VERSION}

    @property
    def config(self) -> dict[str, Any]:
        """What a record keeps: the identity, and the resources that were asked for."""
        return self.identity | {"resources": self.resources.model_dump(mode="json")}

    @property
    def variant(self) -> str:
        """Hash of the settings without the seed: equal for runs that may be averaged."""
        return variant_of(self.identity)

    @property
    def run_id(self) -> str:
        """Hash of the identity: 16 hexadecimal digits."""
        return digest(self.identity)

    @property
    def cohort_key(self) -> str:
        """Equal for runs that differ only in their seed."""
        return digest({k: v for k, v in self.identity.items() if k != "seed"} | {"method": self.method})
