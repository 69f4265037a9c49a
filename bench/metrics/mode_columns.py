"""The columns of mode coverage, as they are declared."""

from __future__ import annotations

from dataclasses import replace

from bench.column import Column, Floor
from bench.metrics.mode_assigners import RADIUS

_PLANAR = ("ring", "grid")
"""Datasets whose modes, by default, are isotropic, in two dimensions and far apart."""
_FIGURE = Column("", "", "", "Modes", lower=0.0, depends_on=("mode_classifier",), settings=(("mode_n", "n"),))

COLUMNS = (
    replace(
        _FIGURE, name="modes_covered", label="Modes covered", order=0, better="higher", headline="line", short="modes",
        description="Modes that hold at least one high-quality sample.", floor=Floor("modes_total"),
    ),
    replace(
        _FIGURE, name="modes_total", label="Modes", order=1, lower=1.0, fixed=True,
        description="Modes of the data; the same for every method.",
    ),
    replace(
        _FIGURE, name="high_quality_fraction", label="High quality", order=2, better="higher", upper=1.0,
        description="Share of samples within 3 standard deviations of their mode. A perfect model of a 2-D mixture has "
        "0.989: one above that is narrower than the data. A model collapsed to one mode can be near the top.",
        floor=Floor(f"1 - exp(-{RADIUS**2 / 2!r})", _PLANAR),  # chi-square with two degrees of freedom, at RADIUS²
    ),
    replace(
        _FIGURE, name="mode_kl", label="Mode KL", order=3, unit="nats", better="lower", headline="page",
        description="KL(mode histogram of the high-quality samples ‖ that of the data). A perfect model has about "
        "(modes − 1)/(2 · samples). Empty where no sample is of high quality.",
        # To first order in 1/n, where an example's mode is the one that it was drawn from, up to a classifier's errors.
        floor=Floor("(modes_total - 1) / (2 * mode_n)", _PLANAR, ("mode_classifier",)),
    ),
    Column(
        "mode_n", "Modes n", "Generated examples that are given to modes.", "Modes", lower=1.0, order=4, fixed=True,
        printed=False,
    ),
    Column(
        "mode_classifier", "Classifier of modes", "Classifier that tells the mode of an image, with the beginning of "
        "its weights' hash.", "Modes", role="label",
    ),
)  # fmt: skip
