"""precision, recall, density and coverage of generated data in feature space, four protocols from one pass."""

from __future__ import annotations

from bench.metrics.base import Subject, register_metric
from bench.metrics.features.columns import FIDELITY, SOURCES
from bench.metrics.features.comparison import Comparison, compare_features, make_feature_labels
from bench.metrics.features.extractors import EXTRACTORS
from bench.metrics.features.manifold import K_DENSITY, compute_manifold_figures, measure_data_radii

LEAST = K_DENSITY + 1
"""Examples on each side that all four can be had from."""


ABOUT = {
    "precision": "Share of generated examples near real ones (Kynkäänniemi et al. 2019).",
    "recall": "Share of real examples near generated ones (Kynkäänniemi et al. 2019).",
    "density": "Generated examples around real ones, 1 for equal laws (Naeem et al. 2020).",
    "coverage": "Share of real examples with generated ones around them (Naeem et al. 2020).",
}
"""The protocols, and what each measures."""


def _register(name: str, about: str) -> None:
    def figure(subject: Subject) -> dict[str, float]:
        features = compare_features(subject)
        if features is None:
            return {}
        figures = subject.once("manifold figures", lambda: _measure(name, features))
        return {name: figures[name], f"{name}_n": float(features.n)}

    figure.__doc__ = about
    columns = (FIDELITY[name], *SOURCES)
    register_metric(name, version=1, columns=columns, labels=make_feature_labels, uses=(EXTRACTORS,))(figure)


def _measure(name: str, features: Comparison) -> dict[str, float]:
    features.require(name, LEAST)
    radii = features.real.once("radii", measure_data_radii)
    return compute_manifold_figures(features.real.features, radii, features.generated)


for _name, _about in ABOUT.items():
    _register(_name, _about)
