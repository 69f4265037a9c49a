"""One run of any kind as data: the resolved settings, and the identity that follows from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Self

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
        stage: "search" for a run that settings are chosen by, else None; a label.
        trial: number of the search's configuration that it has, or None; a label.
        sources: hashes of the plugin files that registered what is run, by what that is: {"family": "3fa9c1…"}.
    """

    suite: str
    method: str
    dataset: str
    dataset_sha256: str
    seed: int = Field(ge=0)
    protocols: dict[str, str]
    resources: ResourceSettings
    stage: str | None = None
    trial: int | None = None
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

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """What decides the result, and nothing else: no labels, paths, devices or worker counts; not to be changed."""
        return self._identity()

    @property
    def config(self) -> dict[str, Any]:
        """What a record keeps: the identity, and the resources that were asked for."""
        return {**self.identity, "resources": self.resources.model_dump(mode="json")}

    @cached_property
    def variant(self) -> str:
        """Hash of the settings without the seed: equal for runs that may be averaged."""
        return variant_of(self.identity)

    @cached_property
    def run_id(self) -> str:
        """Hash of the identity: 16 hexadecimal digits."""
        return self._run_id()

    @cached_property
    def cohort_key(self) -> str:
        """Equal for runs that differ only in their seed."""
        return self._cohort_key()

    def with_seed(self, seed: int) -> Self:
        """The same run with another seed, whose identity is not worked out again: suites have thousands of these."""
        copy = self.model_copy(update={"seed": seed})
        copy.__dict__.update(identity={**self.identity, "seed": seed}, variant=self.variant, cohort_key=self.cohort_key)
        return copy

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """See pydantic; what was worked out of the original does not hold of the copy."""
        copy = super().model_copy(update=update, deep=deep)
        for name in set(copy.__dict__) - set(type(self).model_fields):
            del copy.__dict__[name]
        return copy

    def _identity(self) -> dict[str, Any]:
        labels = ("suite", "method", "dataset", "resources", "stage", "trial")
        decisive = {name: value for name, value in identity_of(self).items() if name not in labels}
        return decisive | {"identity_version": IDENTITY_VERSION}

    def _run_id(self) -> str:
        return digest(self.identity)

    def _cohort_key(self) -> str:
        return digest({k: v for k, v in self.identity.items() if k != "seed"} | {"method": self.method})
