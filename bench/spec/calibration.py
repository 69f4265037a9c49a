"""Runs that compare an estimator with exact values."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from bench.identity import LATER
from bench.spec.settings import Effort, Settings
from bench.spec.work import WorkSpec


class PairSettings(Settings):
    """A pair of known laws.

    Attributes:
        shape: registered name of the shape, or of the task, which fixes dimensions and size.
        dimensions: of the points, before a bijection that may add one.
        size: how far the laws are apart, in nats.
        measure: in what: KL(P‖Q), or the Rényi divergence of order ½ where that is infinite.
        bijection: registered name of the map of both samples.
    """

    shape: str
    dimensions: PositiveInt
    size: PositiveFloat
    measure: Annotated[Literal["kl", "renyi"], LATER] = Field("kl", description="In what the size is told.")
    bijection: Annotated[str, LATER] = Field("none", description="Map of both samples, which changes no divergence.")

    @property
    def label(self) -> str:
        """What tables call it: shifted d=10 kl=0.5, or exp of shifted d=10 kl=0.5."""
        before = "" if self.bijection == "none" else f"{self.bijection} of "
        return f"{before}{self.shape} d={self.dimensions} {self.measure}={self.size!r}"


class CalibrationSpec(WorkSpec):
    """One estimate: an estimator on samples of one pair of known laws.

    Attributes:
        estimator: registered name; its version is among the protocols.
        pair: the laws.
        points: on each side.
        divergences: what is estimated, in one call.
        effort: how much work the estimator puts into it.
    """

    estimator: str
    pair: PairSettings
    points: PositiveInt
    divergences: tuple[str, ...]
    effort: Annotated[Effort, LATER] = Field("quick", description="How much work the estimator puts into an estimate.")

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
        """About what cross-fitted critics take on one core; others are told by what they took before."""
        return {"quick": 1.0 + 1e-3 * self.points, "thorough": 5.0 + 3e-3 * self.points}[self.effort]

    def _identity(self) -> dict[str, Any]:
        return super()._identity() | {"kind": "calibration"}
