"""The suite metric `feature_divergences`: f-divergences between features of test and generated examples."""

from __future__ import annotations

from collections.abc import Sequence

from bench.column import FEATURES
from bench.divergences import DIVERGENCES
from bench.metrics.base import Subject, register_metric
from bench.metrics.divergence_figures import draw_seed, list_figures, list_names
from bench.metrics.estimation import Estimate
from bench.metrics.estimation.estimate import MIN_POINTS
from bench.metrics.estimation.noise import NoisyRatios
from bench.metrics.features.columns import DIVERGENCE
from bench.metrics.features.comparison import Comparison, compare_features, make_feature_labels
from bench.metrics.features.extractors import EXTRACTORS, extractor_for

STREAM = "feature divergences"
FEATURE_SPREAD = 1.4
"""Noise on features, in units of the root mean square of their standard deviations over real examples.

By the 64 features of MNIST's classifier f-GANs of 2,000 steps are told from digits perfectly: js is at 99 % of its
ceiling. Under this noise it is at 77 %, and kl at 65 %.
"""


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
    extractor = extractor_for(subject.data, subject.evaluation.extractor)
    features = compare_features(subject)
    if features is None or extractor is None or extractor.size is None:
        return {}
    features.require("feature_divergences", MIN_POINTS)
    estimates = _estimate(features, list_names(subject), draw_seed(subject, STREAM))
    return {
        "feature_divergence_n": float(features.n),
        "feature_divergence_spread": FEATURE_SPREAD,
        **list_figures(estimates, FEATURES),
    }


def _estimate(features: Comparison, names: Sequence[str], seed: int) -> dict[str, Estimate]:
    """Under noise relative to the root mean square deviation of a feature of the real examples."""
    deviation = float(features.real.once("deviation", lambda real: real.var(0).mean().sqrt())) or 1.0
    x, y = features.real.features / deviation, features.generated / deviation
    return NoisyRatios(x, y, [FEATURE_SPREAD], seed).estimate(names, FEATURE_SPREAD)
