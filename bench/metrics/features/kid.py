"""KID: the kernel distance in feature space between test data and generated data (protocols, section 4)."""

from __future__ import annotations

from bench.metrics.base import Subject, register_metric
from bench.metrics.features.columns import KID
from bench.metrics.features.comparison import compare_features, make_feature_labels
from bench.metrics.features.extractors import EXTRACTORS
from bench.metrics.features.kernel import compare_within, estimate_discrepancy


@register_metric("kid", version=1, columns=KID, labels=make_feature_labels, uses=(EXTRACTORS,))
def kid(subject: Subject) -> dict[str, float]:
    """Kernel distance (KID) of generated from test examples, unbiased, not scaled by 1,000.

    Columns `kid`, `kid_se` and `kid_n`, the number on each side: min(test examples, `subject.samples`), the same
    examples as those of `fid`. Nothing for data that no feature extractor is for.

    Raises:
        ArgumentError: if n < 2 or a sample is not finite.
    """
    features = compare_features(subject)
    if features is None:
        return {}
    features.require("kid", 2)
    real = features.real.once("kernel within", compare_within)
    result = estimate_discrepancy(features.real.features, real, features.generated)
    return {"kid": result.value, "kid_se": result.stderr, "kid_n": float(features.n)}
