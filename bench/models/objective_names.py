"""Names of the VAE's objectives: `elbo`, `iwae`, and `renyi(α)`, a whole family."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import AfterValidator

from bench.errors import ArgumentError

NAMED = ("elbo", "iwae")
"""Objectives without a parameter."""
_EXPECTED = "elbo, iwae or renyi(α) with a finite α or -inf, such as renyi(0.5)"


def canonical_objective(name: str) -> str:
    """The one name of an objective: renyi(0.50) is renyi(0.5).

    Raises:
        ArgumentError: if there is no such objective.
    """
    return name if name in NAMED else f"renyi({renyi_order(name)!r})"


def renyi_order(name: str) -> float:
    """The α of "renyi(α)": finite, or −∞, the limit at which the bound is the largest log-weight.

    Raises:
        ArgumentError: if the name is another, or α no such number.
    """
    text = name.removeprefix("renyi(").removesuffix(")")
    try:
        order = float(text) if name == f"renyi({text})" else math.nan
    except ValueError:
        order = math.nan
    if math.isnan(order) or order == math.inf:
        raise ArgumentError(f"objective: found '{name}'; expected {_EXPECTED}")
    return order + 0.0  # -0.0 is 0.0


Objective = Annotated[str, AfterValidator(canonical_objective)]
"""An objective, under its one name."""
