"""Columns as metrics declare them, to analyse and report made-up frames with."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd

from bench.column import Better, Column, Columns, Floor, Headline, divergence_column

_EXTRACTED = ("feature_extractor", "feature_rule", "feature_split")
_HEADLINES: dict[str, Headline] = {
    "elbo": "line", "parzen_log_likelihood": "line", "fid": "line", "modes_covered": "line",
    "log_likelihood_iw": "page", "precision": "page", "recall": "page", "coverage": "page", "mode_kl": "page",
}  # fmt: skip
_SHORT = {"elbo": "elbo", "parzen_log_likelihood": "parzen", "fid": "fid", "modes_covered": "modes"}
_COVERAGE = "1 - " + " * ".join(f"(coverage_n - {i}) / (2 * coverage_n - {i})" for i in range(1, 6))
_FLOORS = {
    "density": Floor("1"),
    "coverage": Floor(_COVERAGE),
    "kid": Floor("0"),
    "modes_covered": Floor("modes_total"),
    "high_quality_fraction": Floor("1 - exp(-4.5)", ("ring", "grid")),
    "mode_kl": Floor("(modes_total - 1) / (2 * mode_n)", ("ring", "grid"), ("mode_classifier",)),
}
_CURVES = ("loss", "elbo", "reconstruction", "kl", "generator_loss", "critic_loss")
_TITLES = {"elbo": "ELBO", "kl": "KL term", "bound": "Variational bound"}


def _likelihood(name: str, label: str, description: str, **more: Any) -> Column:
    return Column(name, label, description, "Likelihood", "nats", depends_on=("binarisation",), **more)


def _features(name: str, label: str, description: str, better: Better | None, **more: Any) -> Column:
    return Column(name, label, description, "Features", better=better, depends_on=_EXTRACTED, **more)


def _modes(name: str, label: str, description: str, unit: str = "", **more: Any) -> Column:
    return Column(
        name, label, description, "Modes", unit, protocol="mode_coverage", depends_on=("mode_classifier",),
        settings=(("mode_n", "n"),), **more,
    )  # fmt: skip


def _setting(name: str, label: str, group: str, description: str, protocol: str = "") -> Column:
    return Column(name, label, description, group, protocol=protocol, fixed=True, printed=False)


def _cost(name: str, label: str, unit: str, description: str) -> Column:
    return Column(name, label, description, "Cost", unit, digits=3)


def _label(name: str, label: str, told: str = "{}") -> Column:
    return Column(name, label, "", role="label", told=told)


def _curve(name: str) -> Column:
    title = _TITLES.get(name, name.replace("_", " ").capitalize())
    text = f"Last value of the learning curve {name}, on training data."
    return Column(f"training_{name}", f"Training {name}", text, "Training", printed=False, curve=title)


_FIGURES = (
    _likelihood(
        "elbo", "ELBO", "Evidence lower bound per test example, with every normalising constant. Comparable only "
        "between models with the same kind of likelihood (Gaussian with its ε, Bernoulli with its binarisation).",
        better="higher",
    ),
    _likelihood(
        "reconstruction", "Reconstruction", "First term of the ELBO, E[log p(x|z)]. A part of a trade-off, so no best "
        "is marked.", protocol="elbo",
    ),
    _likelihood(
        "kl_term", "KL term", "Second term of the ELBO, KL(q(z|x) ‖ p(z)). A part of a trade-off, so no best is "
        "marked.", protocol="elbo",
    ),
    Column(
        "active_units", "Active units", group="Likelihood", digits=3, protocol="elbo", depends_on=("binarisation",),
        description="Latent dimensions whose posterior mean varies with the data.",
    ),
    _likelihood(
        "log_likelihood_iw", "IW bound", "Importance-weighted bound on the log-likelihood per test example, from K "
        "draws of z (Burda et al. 2016): the tighter, the larger K.", better="higher",
        settings=(("importance_samples", "K"),),
    ),
    _setting(
        "importance_samples", "K", "Likelihood", "Draws of z an example that the importance-weighted bound takes.",
        "log_likelihood_iw",
    ),
    Column(
        "parzen_log_likelihood", "Parzen", group="Likelihood", unit="nats", better="higher",
        settings=(("parzen_n", "n"),),
        description="Mean log-density of the test set under Gaussian kernels on model samples, bandwidth chosen on "
        "validation data (Goodfellow et al. 2014). Every model has it; it prefers blurred samples to sharp ones.",
    ),
    Column(
        "parzen_bandwidth", "Bandwidth", group="Likelihood", digits=3, protocol="parzen_log_likelihood", printed=False,
        description="Standard deviation of the Parzen estimate's kernels, chosen on validation data.",
    ),
    _setting(
        "parzen_n", "Parzen n", "Likelihood", "Generated examples that carry the kernels of the Parzen estimate.",
        "parzen_log_likelihood",
    ),
    Column(
        "divergence_spread", "Spread", group="Divergences", digits=2, protocol="divergences", fixed=True, printed=False,
        description="Standard deviation s of the Gaussian noise added to both sides before divergences are estimated.",
    ),
    _setting(
        "divergence_n", "Divergence n", "Divergences", "Examples on each side that divergences are estimated from.",
        "divergences",
    ),
    _features(
        "fid", "FID", "Fréchet distance between Gaussian fits of features of test and generated examples. Depends on "
        "the feature extractor and on the number of examples: it is > 0 even for a perfect model.", "lower",
    ),
    _features(
        "fid_infinity", "FID∞", "FID extrapolated to infinitely many examples on both sides, so that models are not "
        "ranked by the bias of a finite number (Chong and Forsyth 2020). May be < 0 for a model near the data.",
        "lower", protocol="fid", settings=(("fid_n", "n"),),
    ),
    _features(
        "kid", "KID", "Kernel distance between features: the unbiased squared MMD, which may be < 0.", "lower"
    ),
    _features("precision", "Precision", "Share of generated examples inside the data's feature manifold.", "higher"),
    _features("recall", "Recall", "Share of test examples inside the model's feature manifold.", "higher"),
    _features(
        "density", "Density", "Precision that counts neighbourhoods (Naeem et al. 2020). A perfect model has 1; above "
        "it, samples are denser than the data. So more is not always better, and no best is marked.", None,
    ),
    _features(
        "coverage", "Coverage", "Share of test examples with a generated one in their neighbourhood (Naeem et al. "
        "2020). A perfect model has less than 1.", "higher",
    ),
    _setting("fid_n", "FID n", "Features", "Examples on each side that FID compares.", "fid"),
    _modes(
        "modes_covered", "Modes covered", "Modes that hold at least one high-quality sample.", better="higher"
    ),
    _modes("modes_total", "Modes", "Modes of the data; the same for every method.", fixed=True),
    _modes(
        "high_quality_fraction", "High quality",
        "Share of samples within 3 standard deviations of their mode. A perfect model of a 2-D mixture has 0.989: one "
        "above that is narrower than the data. A model collapsed to one mode can be near the top.", better="higher",
    ),
    _modes(
        "mode_kl", "Mode KL", "KL(mode histogram of the high-quality samples ‖ that of the data). A perfect model has "
        "about (modes − 1)/(2 · samples). Empty where no sample is of high quality.", "nats", better="lower",
    ),
    _setting("mode_n", "Modes n", "Modes", "Generated examples that are given to modes.", "mode_coverage"),
    Column(
        "generator_mean", "Mean of samples", group="Samples", protocol="moments",
        description="Mean of the generated 1-D samples.",
    ),
    Column(
        "generator_std", "Std of samples", group="Samples", protocol="moments",
        description="Standard deviation of the generated 1-D samples.",
    ),
    Column(
        "training_bound", "Training bound", group="Training", unit="nats",
        description="The variational bound that training ended at. Not an estimate of the divergence, and not "
        "comparable between objectives.",
    ),
    _cost("train_seconds", "Train time", "s", "Wall time of training: of the whole cohort where seeds train together."),
    _cost("steps_per_second", "Speed", "steps/s", "Steps a second; depends on the machine and its other work."),
    _cost("peak_memory_mb", "Peak memory", "MB", "Largest memory in use during the run."),
)  # fmt: skip
_LABELS = (
    _label("feature_extractor", "Feature extractor"),
    _label("feature_rule", "Examples before it"),
    _label("feature_split", "Reference split", "against {}"),
    _label("binarisation", "Binarisation", "binarisation {}"),
    _label("mode_classifier", "Classifier of modes"),
    _label("feature_size", "Features"),
)
_IDENTITY = (
    "run_id", "suite", "method", "family", "divergence", "dataset", "seed", "status", "error", "config", "cohort_size",
)  # fmt: skip
_PROVENANCE = (
    "started_at", "eval_seconds", "steps", "device", "hostname", "python", "torch", "ray", "bench", "git_commit",
    "git_dirty", "dataset_sha256",
)  # fmt: skip
_NAMES = {
    "hostname": "Host", "device": "Device", "python": "Python", "git_commit": "Commit", "dataset": "Dataset",
    "dataset_sha256": "SHA-256",
}  # fmt: skip
_NATS = {"unit": "nats"}
_DIVERGENCES = (
    divergence_column(
        "kl", label="KL(P‖Q)", headline="line", **_NATS,
        about="KL(P‖Q), forward: grows where the model lacks mass that the data has.",
    ),
    divergence_column(
        "reverse_kl", label="KL(Q‖P)", headline="page", **_NATS,
        about="KL(Q‖P), reverse: grows where the model has mass that the data lacks.",
    ),
    divergence_column(
        "js", label="JS", headline="page", **_NATS,
        about="Jensen–Shannon, KL(P‖M) + KL(Q‖M), M = (P + Q)/2, without the factor ½: in [0, 2 log 2].",
    ),
    divergence_column(
        "gan", label="GAN", lower=-2 * math.log(2), **_NATS,
        about="Value of the vanilla GAN: JS − 2 log 2, in [−2 log 2, 0].",
    ),
    divergence_column("jeffreys", label="Jeffreys", about="KL(P‖Q) + KL(Q‖P).", **_NATS),
    divergence_column("pearson", label="Pearson χ²", about="∫(p − q)²/q."),
    divergence_column("neyman", label="Neyman χ²", about="∫(p − q)²/p."),
    divergence_column("squared_hellinger", label="Hellinger²", about="∫(√p − √q)², in [0, 2]."),
    divergence_column("total_variation", label="TV", about="Total variation, in [0, 1]."),
)  # fmt: skip


def _place(position: int, column: Column) -> Column:
    return replace(
        column,
        order=float(position),
        headline=column.headline or _HEADLINES.get(column.name, ""),
        short=column.short or _SHORT.get(column.name, ""),
        floor=column.floor or _FLOORS.get(column.name),
        curve=_TITLES["bound"] if column.name == "training_bound" else "",
    )


def _declare() -> Columns:
    identity = [Column(name, _NAMES.get(name, name), "", role="identity") for name in _IDENTITY]
    provenance = [Column(name, _NAMES.get(name, name), "", role="provenance") for name in _PROVENANCE]
    placed = [_place(position, column) for position, column in enumerate((*_FIGURES, *_DIVERGENCES))]
    return Columns.of([*identity, *provenance, *_LABELS, *(_curve(name) for name in _CURVES), *placed])


COLUMNS = _declare()
"""The declarations by name."""


def dictionary() -> pd.DataFrame:
    """The declarations as the data dictionary that the store keeps."""
    return pd.DataFrame([column.as_row() for column in COLUMNS.values()])
