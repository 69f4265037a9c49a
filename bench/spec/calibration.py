"""Runs that compare an estimator with exact values."""

from __future__ import annotations

from typing import Any

from pydantic import PositiveFloat, PositiveInt

from bench.spec.settings import Settings
from bench.spec.work import WorkSpec


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

    def _identity(self) -> dict[str, Any]:
        return super()._identity() | {"kind": "calibration"}
