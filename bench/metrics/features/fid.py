"""FID: the Fréchet distance in feature space between test data and generated data (protocols, section 4)."""

from __future__ import annotations

from bench.metrics.base import Subject, register_metric
from bench.metrics.features.columns import FID
from bench.metrics.features.comparison import Comparison, compare_features, make_feature_labels
from bench.metrics.features.extractors import EXTRACTORS
from bench.metrics.features.extrapolation import extrapolate, is_enough, leave_out
from bench.metrics.features.frechet import Gaussian


@register_metric("fid", version=2, columns=FID, labels=make_feature_labels, uses=(EXTRACTORS,))
def fid(subject: Subject) -> dict[str, float]:
    """Fréchet distance (FID) of generated from test examples, and what it tends to as there are more of both.

    Columns `fid`, `fid_n` = min(test examples, `subject.samples`), the number on each side, and `fid_infinity` with
    `fid_infinity_se`, left out where there are too few for the dimension. Nothing for data that no feature extractor is
    for.

    Raises:
        ArgumentError: if n < 2 or a sample is not finite.
    """
    features = compare_features(subject)
    if features is None:
        return {}
    features.require("fid", 2)  # to have a covariance
    real = features.real.once("Gaussian fit", Gaussian.fit)
    distance = float(real.distance(Gaussian.fit(features.generated)))
    return {"fid": distance, "fid_n": float(features.n), **_extrapolate(features)}


def _extrapolate(features: Comparison) -> dict[str, float]:
    if not is_enough(*features.generated.shape):
        return {}
    limit = extrapolate(features.real.once("moments without a group", leave_out), features.generated)
    return {"fid_infinity": limit.value, "fid_infinity_se": limit.stderr}
