"""precision, recall, density and coverage of generated data in feature space, four protocols from one pass."""

from __future__ import annotations

from bench.errors import BenchError
from bench.metrics.base import Subject, register_metric
from bench.metrics.features.comparison import Comparison, comparison, feature_labels
from bench.metrics.features.manifold import K_DENSITY, manifold_figures, radii_of_data

LEAST = K_DENSITY + 1
"""Examples on each side that all four can be had from."""


def _register(name: str) -> None:
    @register_metric(name, version=1, labels=feature_labels)
    def figure(subject: Subject) -> dict[str, float]:
        features = comparison(subject)
        if features is None:
            return {}
        figures = subject.once("manifold figures", lambda: _figures(name, features))
        return {name: figures[name], f"{name}_n": float(features.n)}


def _figures(name: str, features: Comparison) -> dict[str, float]:
    if features.n < LEAST:
        raise BenchError(f"{name}: {features.n} examples of each side; expected at least {LEAST}")
    radii = features.real.once("radii", radii_of_data)
    return manifold_figures(features.real.features, radii, features.generated)


for _name in ("precision", "recall", "density", "coverage"):
    _register(_name)
