"""Mean and standard deviation of what a model generates, on one-dimensional data (protocols, table A)."""

from __future__ import annotations

from bench.column import Column
from bench.metrics.base import Subject, register_metric
from bench.metrics.checks import draw_samples

COLUMNS = (
    Column("generator_mean", "Mean of samples", "Mean of the generated 1-D samples.", "Samples", order=0),
    Column(
        "generator_std", "Std of samples", "Standard deviation of the generated 1-D samples.", "Samples", lower=0.0,
        order=1,
    ),
)  # fmt: skip


@register_metric("moments", version=1, columns=COLUMNS)
def moments(subject: Subject) -> dict[str, float]:
    """`generator_mean` and `generator_std` (denominator n − 1) of `subject.samples` examples; nothing beyond 1-D data.

    Raises:
        ArgumentError: if a sample is not finite.
    """
    if subject.data.shape != (1,):
        return {}
    samples = draw_samples(subject, subject.samples, "moments").double().flatten()
    figures = {"generator_mean": float(samples.mean())}
    if len(samples) > 1:
        figures["generator_std"] = float(samples.std())
    return figures
