"""FID: the Fréchet distance in feature space between test data and generated data (protocols, section 4)."""

from __future__ import annotations

from bench.metrics.base import Subject, register_metric
from bench.metrics.checks import draw
from bench.metrics.features.extractors import extractor_for, extractor_labels, reference_subset, split_features
from bench.metrics.features.frechet import frechet_distance


@register_metric("fid", version=1, labels=extractor_labels)
def fid(subject: Subject) -> dict[str, float]:
    """`fid` of n test against n generated examples and `fid_n` = n = min(test examples, `subject.samples`).

    Nothing for data that no feature extractor is for.

    Raises:
        BenchError: if n < 2 or a sample is not finite.
    """
    data = subject.data
    extractor = extractor_for(data)
    if extractor is None:
        return {}
    n = min(len(data.test), subject.samples)
    chosen = reference_subset(len(data.test), n).to(data.test.device)
    generated = extractor(draw(subject, n, "features"))
    return {"fid": frechet_distance(split_features(data, extractor)[chosen], generated), "fid_n": float(n)}
