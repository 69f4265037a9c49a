"""Ways to estimate f-divergences from two samples, behind one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.metrics.estimation.points import Scaling
from bench.registry import Registry

DEFAULT = "cross_fitted_critic"
DEFAULT_EFFORT = "quick"

Given = Literal["points", "joint", "log_ratios"]
"""What an estimator looks at: two samples, one joint sample of X and Y, or the true log p/q at the points of two."""


@dataclass(frozen=True)
class Value:
    """What an estimator says of one divergence.

    Attributes:
        value: the estimate, in the divergence's own unit (nats for most).
        stderr: its standard error, None where the estimator has none.
        growth: by how much it exceeds the estimate of critics that were given half as much; None where none was made.
        converged: whether the standard error tells how near the estimate is, see `bench.convergence`; None likewise.
    """

    value: float
    stderr: float | None
    growth: float | None = None
    converged: bool | None = None


Compute = Callable[..., Mapping[str, Value]]
"""From points of P (n, d) and of Q (m, d), float32 on one device, the divergences and a generator to a value for each
divergence, by its name. Where an estimator has efforts, `effort=` names one of them.

Both samples come centred and scaled alike, see `bench.metrics.estimation.points`. An estimator that is given a joint
sample has the points of P in two parts instead: X (n, d) and Y (n, e), paired. One that is given log-ratios has, in
place of points, log p/q at those of P (n,) and of Q (m,), float64, which may be infinite.
"""


@dataclass(frozen=True)
class Estimator:
    """A registered way to estimate divergences.

    Attributes:
        name: registered name.
        versions: by effort, raised whenever its figures change; estimators without a choice know the default alone.
        compute: estimates all divergences asked for from one pair of samples.
        only: the divergences that it can estimate; None for every one.
        scaling: "common" where distances matter to it, as they do to nearest neighbours; "columns" where it makes no
            difference to it how each coordinate is scaled, or a well-scaled one serves it better.
        takes_effort: whether `compute` takes `effort=`.
        given: what it looks at; a joint sample is that of P, and the estimate is of the dependence of X and Y.
        require: raises where what it needs is not installed; None where it needs nothing.
    """

    name: str
    versions: Mapping[str, int]
    compute: Compute
    only: tuple[str, ...] | None = None
    scaling: Scaling = "common"
    takes_effort: bool = False
    given: Given = "points"
    require: Callable[[], None] | None = None


ESTIMATORS: Registry[Estimator] = Registry("estimator")


def register_estimator(
    name: str,
    *,
    version: int | Mapping[str, int],
    only: Sequence[str] | None = None,
    scaling: Scaling = "common",
    given: Given = "points",
    require: Callable[[], None] | None = None,
) -> Callable[[Compute], Compute]:
    """Decorator: make a function available to `estimate_divergences` and to calibration suites under `name`.

    Args:
        name: the name that suites use.
        version: raised whenever its figures change. Where it can be asked for more than one effort, a version for each
            of these; it then takes `effort=`, one of their names.
        only: the divergences that it can estimate; None for every one.
        scaling: see `Estimator`.
        given: "joint" where it estimates mutual information, KL(P_XY ‖ P_X P_Y), from a joint sample.
        require: raises an error that says how to install what it needs, where that is missing: a suite asks it before
            it begins.
    """
    takes_effort = not isinstance(version, int)
    versions = {DEFAULT_EFFORT: version} if isinstance(version, int) else dict(version)

    def decorate(compute: Compute) -> Compute:
        kinds = None if only is None else tuple(only)
        made = Estimator(name, versions, compute, kinds, scaling, takes_effort, given, require)
        ESTIMATORS.add(name, made, compute.__module__)
        return compute

    return decorate
