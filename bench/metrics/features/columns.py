"""The columns of the metrics in feature space, as they are declared."""

from __future__ import annotations

from dataclasses import replace

from bench.column import FEATURE_LABELS, Column, Floor
from bench.metrics.features.manifold import K_DENSITY

_FIGURE = Column("", "", "", "Features", lower=0.0, depends_on=FEATURE_LABELS)
_LABEL = Column("", "", "", "Features", role="label")
_SHARE = replace(_FIGURE, better="higher", upper=1.0, headline="page")

# An example is not covered if its k nearest of the n − 1 real and n generated others are all real.
_NOT_COVERED = " * ".join(f"(coverage_n - {i}) / (2 * coverage_n - {i})" for i in range(1, K_DENSITY + 1))

SOURCES = (
    replace(
        _LABEL, name="feature_extractor", label="Feature extractor", order=0,
        description="Network whose features are compared, with the beginning of its weights' hash.",
    ),
    replace(
        _LABEL, name="feature_rule", label="Examples before it", order=1,
        description="What happens to examples before the network sees them: how they are resized and quantised.",
    ),
    replace(
        _LABEL, name="feature_split", label="Reference split", order=2, told="against {}",
        description="Split that the real examples are from.",
    ),
    replace(
        _LABEL, name="feature_size", label="Features", order=3, told="", description="Dimension of the features.",
    ),
)  # fmt: skip
"""Texts that every metric in feature space stores beside its figures."""

FID = (
    replace(
        _FIGURE, name="fid", label="FID", order=0, better="lower", headline="line", short="fid",
        description="Fréchet distance between Gaussian fits of features of test and generated examples. Depends on the "
        "feature extractor and on the number of examples: it is > 0 even for a perfect model.",
    ),
    replace(
        _FIGURE, name="fid_infinity", label="FID∞", order=1, better="lower", lower=None, settings=(("fid_n", "n"),),
        description="FID extrapolated to infinitely many examples on both sides, so that models are not ranked by the "
        "bias of a finite number (Chong and Forsyth 2020). May be < 0 for a model near the data.",
    ),
    Column(
        "fid_n", "FID n", "Examples on each side that FID compares.", "Features", lower=2.0, order=7, fixed=True,
        printed=False,
    ),
    *SOURCES,
)  # fmt: skip

KID = (
    replace(
        _FIGURE, name="kid", label="KID", order=2, better="lower", lower=None,
        description="Kernel distance between features: the unbiased squared MMD, which may be < 0.",
        floor=Floor("0"),  # unbiased (Gretton et al. 2012, lemma 6)
    ),
    *SOURCES,
)  # fmt: skip

DIVERGENCE = (
    Column(
        "feature_divergence_spread", "Feature spread", "Standard deviation s of the Gaussian noise added to features "
        "of both sides before divergences are estimated, in units of the features' root mean square deviation.",
        "Features", lower=0.0, digits=2, order=8, fixed=True, printed=False,
    ),
    Column(
        "feature_divergence_n", "Feature divergence n", "Examples on each side whose features divergences are "
        "estimated from.", "Features", lower=1.0, order=9, fixed=True, printed=False,
    ),
    *SOURCES,
)  # fmt: skip
"""Those of the divergences, `div_<name>@features`, follow from how each is registered."""

FIDELITY = {
    "precision": replace(
        _SHARE, name="precision", label="Precision", order=3,
        description="Share of generated examples inside the data's feature manifold.",
    ),
    "recall": replace(
        _SHARE, name="recall", label="Recall", order=4,
        description="Share of test examples inside the model's feature manifold.",
    ),
    "density": replace(
        _FIGURE, name="density", label="Density", order=5,
        description="Precision that counts neighbourhoods (Naeem et al. 2020). A perfect model has 1; above it, "
        "samples are denser than the data. So more is not always better, and no best is marked.",
        floor=Floor("1"),  # a sample is in the neighbourhood of each of n examples with probability k/n; divided by k
    ),
    "coverage": replace(
        _SHARE, name="coverage", label="Coverage", order=6,
        description="Share of test examples with a generated one in their neighbourhood (Naeem et al. 2020). A perfect "
        "model has less than 1.",
        floor=Floor(f"1 - {_NOT_COVERED}"),
    ),
}  # fmt: skip
"""The figure of each of the four metrics, by name."""
