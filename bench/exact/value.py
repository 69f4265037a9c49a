"""A float that knows how it was computed."""

from __future__ import annotations

import math
from typing import Literal, NoReturn

from bench.divergences import Divergence
from bench.errors import ArgumentError

Method = Literal["closed form", "quadrature", "sum", "monte carlo"]


class Exact(float):
    """A divergence in nats; a float in every respect, with how it was computed.

    Attributes:
        method: "closed form", "quadrature", "sum" (of a finite discrete law) or "monte carlo".
        error: absolute error as the quadrature estimates it; None for the other methods and where the value is inf.
        stderr: standard error of a Monte Carlo value; None for the other methods and where the value is inf.
    """

    __slots__ = ("error", "method", "stderr")

    method: Method
    error: float | None
    stderr: float | None

    def __new__(cls, value: float, method: Method, *, error: float | None = None, stderr: float | None = None) -> Exact:
        """Make one."""
        self = super().__new__(cls, value)
        for name, attribute in (("method", method), ("error", error), ("stderr", stderr)):
            object.__setattr__(self, name, attribute)
        return self

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: a number does not change."""
        raise AttributeError(f"Exact is immutable: cannot set '{name}'")

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse: a number does not change."""
        raise AttributeError(f"Exact is immutable: cannot delete '{name}'")

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (float(self), self.method, self.error, self.stderr)

    def __repr__(self) -> str:
        figures = (
            f", {name}={value:.2g}" for name in ("error", "stderr") if (value := getattr(self, name)) is not None
        )
        return f"Exact({float(self)!r}, {self.method!r}{''.join(figures)})"

    def __str__(self) -> str:
        return float.__repr__(self)


def infinite(d: Divergence) -> Exact:
    """Infinity, of quadrature.

    Raises:
        ArgumentError: if the divergence has a bound.
    """
    if math.isfinite(d.upper):
        raise ArgumentError(
            f"exact_divergence('{d.name}'): its value is at most {d.upper:.6g}, yet the integrand does not decay; "
            "expected densities that vanish far out and at the ends of their supports"
        )
    return Exact(math.inf, "quadrature")


def within_range(d: Divergence, value: float, method: Method, error: float) -> Exact:
    """A value with its error, moved into the range of the divergence where the error alone put it outside.

    Raises:
        ArgumentError: if it lies outside by more than that.
    """
    inside = min(max(value, d.lower), d.upper)
    if abs(value - inside) > error:
        raise ArgumentError(
            f"exact_divergence('{d.name}'): {method} gives {value:.8g}, outside [{d.lower:.6g}, {d.upper:.6g}] "
            f"by more than its error of {error:.1g}; expected densities that integrate to 1"
        )
    return Exact(inside, method, error=error)


def _restore(value: float, method: Method, error: float | None, stderr: float | None) -> Exact:
    return Exact(value, method, error=error, stderr=stderr)
