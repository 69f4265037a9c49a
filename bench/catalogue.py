"""What suites can name, with a line on each."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from bench.calibration import SHAPES
from bench.datasets import DATASETS
from bench.divergences import DIVERGENCES
from bench.errors import UnknownNameError
from bench.metrics import ESTIMATORS, EXTRACTORS, METRICS
from bench.models import METHODS
from bench.registry import load_entry_points


def catalogue(kind: str | None = None) -> dict[str, dict[str, str]]:
    """Names and descriptions by kind: datasets, divergences, estimators, extractors, families, metrics, shapes.

    Args:
        kind: one of the kinds, or None for all.

    Raises:
        UnknownNameError: if there is no such kind.
    """
    load_entry_points()
    if kind is not None and kind not in _KINDS:
        raise UnknownNameError("kind", kind, _KINDS)
    return {name: describe() for name, describe in _KINDS.items() if kind in (None, name)}


def _datasets() -> dict[str, str]:
    return {name: _first_line(factory) for name, factory in DATASETS.items()}


def _divergences() -> dict[str, str]:
    known = {
        name: f"{d.direction}, in [{d.lower:.4g}, {d.upper:.4g}]  {d.also}".rstrip() for name, d in DIVERGENCES.items()
    }
    return known | {"alpha(a)": "the alpha family, any real a"}


def _estimators() -> dict[str, str]:
    return {name: f"version {how.version}  {_first_line(how.compute)}".rstrip() for name, how in ESTIMATORS.items()}


def _extractors() -> dict[str, str]:
    return {name: rule.about for name, rule in EXTRACTORS.items()}


def _families() -> dict[str, str]:
    return {name: _first_line(family.build) for name, family in METHODS.items()}


def _metrics() -> dict[str, str]:
    return {
        name: f"version {protocol.version}  {_first_line(protocol.measure)}".rstrip()
        for name, protocol in METRICS.items()
    }


def _shapes() -> dict[str, str]:
    return {name: _first_line(shape.build) for name, shape in SHAPES.items()}


def _first_line(entry: object) -> str:
    return (inspect.getdoc(entry) or "").partition("\n")[0]


_KINDS: dict[str, Callable[[], dict[str, str]]] = {
    "datasets": _datasets,
    "divergences": _divergences,
    "estimators": _estimators,
    "extractors": _extractors,
    "families": _families,
    "metrics": _metrics,
    "shapes": _shapes,
}
