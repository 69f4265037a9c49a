"""The suite metric `feature_divergences`: f-divergences between features of test and generated examples."""

from __future__ import annotations

from bench.column import FEATURES
from bench.divergences import DIVERGENCES
from bench.metrics.base import Subject, register_metric
from bench.metrics.divergence_figures import draw_seed, list_figures, list_names
from bench.metrics.estimation import estimate_divergences
from bench.metrics.estimation.estimate import MIN_POINTS
from bench.metrics.features.columns import DIVERGENCE
from bench.metrics.features.comparison import compare_features, make_feature_labels
from bench.metrics.features.extractors import EXTRACTORS

FEATURE_SPREAD = 0.0
"""Noise on features, in units of their own pooled standard deviations."""


@register_metric(
    "feature_divergences", version=1, columns=DIVERGENCE, labels=make_feature_labels, uses=(DIVERGENCES, EXTRACTORS)
)
def feature_divergences(subject: Subject) -> dict[str, float]:
    """Every f-divergence between features of test and generated examples: the features that `fid` compares.

    Columns `div_<name>@features` with `_se` and `_reach`, `feature_divergence_n` and `feature_divergence_spread`. Names
    are those of the metric `divergences`. Nothing for data that no feature extractor is for, nor where the features are
    the examples' own coordinates: that is what `divergences` is for.

    Raises:
        ArgumentError: if n is below `MIN_POINTS` or a sample is not finite.
    """
    features = compare_features(subject)
    if features is None:
        return {}
    features.require("feature_divergences", MIN_POINTS)
    ...
