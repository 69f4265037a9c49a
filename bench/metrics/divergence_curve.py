"""The suite metric `divergence_curve`: f-divergences under noise of many levels, from one fit."""

from __future__ import annotations

from torch import Tensor

from bench.column import Column
from bench.divergences import DIVERGENCES
from bench.metrics.base import Subject, register_metric
from bench.metrics.checks import choose_reference_subset, draw_samples
from bench.metrics.divergence_figures import draw_seed, list_figures, list_names
from bench.metrics.estimation.noise import NoisyRatios

STREAM = "divergences"

COLUMNS = (
    Column(
        "divergence_curve_n", "Curve n", "Examples on each side that divergences are estimated from as a curve.",
        "Divergences", lower=1.0, order=900, fixed=True, printed=False,
    ),
)  # fmt: skip
"""Those of the divergences, `div_<name>@s=<level>`, follow from how each is registered."""


@register_metric("divergence_curve", version=1, columns=COLUMNS, uses=(DIVERGENCES,))
def measure_divergence_curve(subject: Subject) -> dict[str, float]:
    """Divergences of test data from fresh samples with Gaussian noise of many levels on both sides.

    Columns `div_<name>@s=<level>` with `_se` and `_reach` for each level of `evaluation.spreads`, and
    `divergence_curve_n`, points on each side. Names are those of the report's headlines, those of
    `evaluation.divergences` and the one that the model was trained on. Nothing where no levels are given: points have
    none by default.
    """
    if not subject.spreads:
        return {}
    names, ratios = list_names(subject, headlines=True), fit_noisy_ratios(subject)
    figures = {"divergence_curve_n": float(min(len(subject.data.test), subject.samples))}
    for spread in subject.spreads:
        figures |= list_figures(ratios.estimate(names, spread), f"s={spread:.12g}")
    return figures


def fit_noisy_ratios(subject: Subject) -> NoisyRatios:
    """Log-ratios at every level of noise that a metric of the subject may ask for, fitted once."""
    levels = {*subject.spreads, *([subject.spread] if subject.spread else [])}

    def fit() -> NoisyRatios:
        return NoisyRatios(*draw_both_sides(subject), sorted(levels), draw_seed(subject, STREAM))

    return subject.once("noisy ratios", fit)


def draw_both_sides(subject: Subject) -> tuple[Tensor, Tensor]:
    """As many test examples, the same ones always, as fresh samples: n = min(test examples, `subject.samples`) each."""
    n = min(len(subject.data.test), subject.samples)
    generated = draw_samples(subject, n, STREAM)
    test = subject.data.test
    return test[choose_reference_subset(len(test), n).to(test.device)], generated
