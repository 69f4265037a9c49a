"""Looks up the columns of a results frame by name, divergences among them, and puts them in order."""

from __future__ import annotations

import math
import re

from bench.reporting.schema import (
    EXTRACTOR,
    GROUP_NOTES,
    GROUPS,
    IDENTITY,
    LABELS,
    PROVENANCE,
    SCHEMA,
    SOURCES,
    Column,
    Direction,
)

_DIVERGENCES = {
    "kl": ("KL(P‖Q)", "nats", "KL(P‖Q), forward: grows where the model lacks mass that the data has."),
    "reverse_kl": ("KL(Q‖P)", "nats", "KL(Q‖P), reverse: grows where the model has mass that the data lacks."),
    "js": (
        "JS",
        "nats",
        "Jensen–Shannon, KL(P‖M) + KL(Q‖M), M = (P + Q)/2, without the factor ½: in [0, 2 log 2].",
    ),
    "gan": ("GAN", "nats", "Value of the vanilla GAN: JS − 2 log 2, in [−2 log 2, 0]."),
    "jeffreys": ("Jeffreys", "nats", "KL(P‖Q) + KL(Q‖P)."),
    "pearson": ("Pearson χ²", "", "∫(p − q)²/q."),
    "neyman": ("Neyman χ²", "", "∫(p − q)²/p."),
    "squared_hellinger": ("Hellinger²", "", "∫(√p − √q)², in [0, 2]."),
    "total_variation": ("TV", "", "Total variation, in [0, 1]."),
}
_LOWER_ENDS = {"gan": -2 * math.log(2)}
_ESTIMATE_SETTINGS = (("divergence_spread", "s"), ("divergence_n", "n"))
_ESTIMATE = re.compile(r"div_(?P<name>(?!.*_(?:se|n|exact)$).+)")
_EXACT = re.compile(r"div_(?P<name>.+)_exact")


def describe(name: str) -> Column:
    """The column called `name`: from the schema, a divergence by its name, or as little as can be said of any other."""
    if name in SCHEMA:
        return SCHEMA[name]
    estimated, exact = divergence_of(name), exact_divergence_of(name)
    if estimated is not None:
        label, unit, text = _about(estimated)
        return Column(
            name, label, "Divergences", text, unit, "lower", 3, "divergences",
            settings=_ESTIMATE_SETTINGS, divergence=estimated,
        )  # fmt: skip
    if exact is not None:
        label, unit, _ = _about(exact)
        text = f"{label} by closed form or quadrature."
        return Column(
            name, f"{label} exact", "Divergences", text, unit, "lower", protocol="divergences", divergence=exact
        )
    if name.startswith("training_"):
        text = f"Last value of the learning curve {name.removeprefix('training_')}, on training data."
        return Column(name, name.replace("_", " ").capitalize(), "Training", text, printed=False)
    return Column(name, name.replace("_", " "), "Other", "Metric of the user's; no better end is known.")


def divergence_of(column: str) -> str | None:
    """The divergence that a column `div_<name>` estimates, or None if it is no such column."""
    match = _ESTIMATE.fullmatch(column)
    return match["name"] if match else None


def exact_divergence_of(column: str) -> str | None:
    """The divergence whose exact value a column `div_<name>_exact` holds, or None if it is no such column."""
    match = _EXACT.fullmatch(column)
    return match["name"] if match else None


def divergence_label(divergence: str) -> str:
    """Name of a divergence in print: KL(P‖Q) for kl; empty for the empty name."""
    return _about(divergence)[0]


def lower_end(divergence: str) -> float:
    """Its value for P = Q: −2 log 2 for gan, else 0."""
    return _LOWER_ENDS.get(divergence, 0.0)


def sort_key(name: str) -> tuple[int, bool, int]:
    """Position of a column in print: by group, exact values last, then by the schema; unknown ones last."""
    exact = exact_divergence_of(name)
    order = [*SCHEMA, *(f"div_{divergence}" for divergence in _DIVERGENCES)]
    known = name if exact is None else f"div_{exact}"
    position = order.index(known) if known in order else len(order)
    return GROUPS.index(describe(name).group), exact is not None, position


def _about(divergence: str) -> tuple[str, str, str]:
    plain = divergence.replace("_", " ")
    return _DIVERGENCES.get(divergence, (plain, "", f"The f-divergence {plain}."))


__all__ = [
    "EXTRACTOR",
    "GROUPS",
    "GROUP_NOTES",
    "IDENTITY",
    "LABELS",
    "PROVENANCE",
    "SCHEMA",
    "SOURCES",
    "Column",
    "Direction",
    "describe",
    "divergence_label",
    "divergence_of",
    "exact_divergence_of",
    "lower_end",
    "sort_key",
]
