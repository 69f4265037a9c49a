"""The columns of a results frame as data: what each means, in which unit, and which end of it is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Direction = Literal["higher", "lower"]

IDENTITY = (
    "run_id", "suite", "method", "family", "divergence", "dataset", "seed", "status", "error", "config", "cohort_size",
)  # fmt: skip
EXTRACTOR = "feature_extractor"
"""Column that names the network whose features FID and its relatives compare."""
LABELS = {
    EXTRACTOR: "{}",
    "feature_rule": "{}",
    "feature_split": "against {}",
    "binarisation": "binarisation {}",
    "mode_classifier": "{}",
}
"""Columns of text that figures depend on, and how each is told beside a protocol's name."""
SOURCES = (*LABELS, "feature_size")
"""Columns of text that say where figures are from."""
PROVENANCE = (
    "started_at", "eval_seconds", "steps", "device", "hostname", "python", "torch", "ray", "bench", "git_commit",
    "git_dirty", "dataset_sha256", *SOURCES,
)  # fmt: skip
GROUPS = ("Likelihood", "Divergences", "Features", "Modes", "Samples", "Training", "Other", "Cost")
"""Groups of columns, in the order of printing."""


@dataclass(frozen=True)
class Column:
    """One metric column.

    Attributes:
        name: its name in the frame.
        label: its name in print.
        group: one of `GROUPS`.
        description: how to read it.
        unit: unit of its values; empty for pure numbers.
        direction: which end is better; None where neither is, so that no best is marked.
        digits: significant digits where no spread says how many there are.
        protocol: the metric of the suite that measures it, where that has another name than the column.
        depends_on: columns of text that its figures depend on, keys of `LABELS`.
        settings: columns of numbers that its figures depend on, each with the letter it is printed by.
        fixed: whether it describes the data or the protocol and not the run, so that a spread over the seeds says
            nothing.
        printed: whether it is in the printed tables; the CSV files have every column.
        divergence: the f-divergence whose estimate or exact value it is.
    """

    name: str
    label: str
    group: str
    description: str
    unit: str = ""
    direction: Direction | None = None
    digits: int = 4
    protocol: str = ""
    depends_on: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    fixed: bool = False
    printed: bool = True
    divergence: str = ""

    @property
    def arrow(self) -> str:
        """↑ or ↓ for the better end, empty where there is none."""
        return {"higher": "↑", "lower": "↓"}.get(self.direction or "", "")


def _likelihood(name: str, label: str, description: str, **more: Any) -> Column:  # noqa: ANN401
    return Column(name, label, "Likelihood", description, "nats", depends_on=("binarisation",), **more)


def _features(name: str, label: str, description: str, direction: Direction | None, **more: Any) -> Column:  # noqa: ANN401
    needed = (EXTRACTOR, "feature_rule", "feature_split")
    return Column(name, label, "Features", description, direction=direction, depends_on=needed, **more)


def _modes(name: str, label: str, description: str, unit: str = "", **more: Any) -> Column:  # noqa: ANN401
    return Column(
        name, label, "Modes", description, unit, protocol="mode_coverage", depends_on=("mode_classifier",),
        settings=(("mode_n", "n"),), **more,
    )  # fmt: skip


def _setting(name: str, label: str, group: str, description: str, protocol: str = "") -> Column:
    return Column(name, label, group, description, protocol=protocol, fixed=True, printed=False)


def _cost(name: str, label: str, unit: str, description: str) -> Column:
    return Column(name, label, "Cost", description, unit, digits=3)


_COLUMNS = (
    _likelihood(
        "elbo", "ELBO", "Evidence lower bound per test example, with every normalising constant. Comparable only "
        "between models with the same kind of likelihood (Gaussian with its ε, Bernoulli with its binarisation).",
        direction="higher",
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
        "active_units", "Active units", "Likelihood", digits=3, protocol="elbo", depends_on=("binarisation",),
        description="Latent dimensions whose posterior mean varies with the data.",
    ),
    _likelihood(
        "log_likelihood_iw", "IW bound", "Importance-weighted bound on the log-likelihood per test example, from K "
        "draws of z (Burda et al. 2016): the tighter, the larger K.", direction="higher",
        settings=(("importance_samples", "K"),),
    ),
    _setting(
        "importance_samples", "K", "Likelihood", "Draws of z an example that the importance-weighted bound takes.",
        "log_likelihood_iw",
    ),
    Column(
        "parzen_log_likelihood", "Parzen", "Likelihood", unit="nats", direction="higher", settings=(("parzen_n", "n"),),
        description="Mean log-density of the test set under Gaussian kernels on model samples, bandwidth chosen on "
        "validation data (Goodfellow et al. 2014). Every model has it; it prefers blurred samples to sharp ones.",
    ),
    Column(
        "parzen_bandwidth", "Bandwidth", "Likelihood", digits=3, protocol="parzen_log_likelihood", printed=False,
        description="Standard deviation of the Parzen estimate's kernels, chosen on validation data.",
    ),
    _setting(
        "parzen_n", "Parzen n", "Likelihood", "Generated examples that carry the kernels of the Parzen estimate.",
        "parzen_log_likelihood",
    ),
    Column(
        "divergence_spread", "Spread", "Divergences", digits=2, protocol="divergences", fixed=True, printed=False,
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
        "modes_covered", "Modes covered", "Modes that hold at least one high-quality sample.", direction="higher"
    ),
    _modes("modes_total", "Modes", "Modes of the data; the same for every method.", fixed=True),
    _modes(
        "high_quality_fraction", "High quality",
        "Share of samples within 3 standard deviations of their mode. A perfect model of a 2-D mixture has 0.989: one "
        "above that is narrower than the data. A model collapsed to one mode can be near the top.", direction="higher",
    ),
    _modes(
        "mode_kl", "Mode KL", "KL(mode histogram of the high-quality samples ‖ that of the data). A perfect model has "
        "about (modes − 1)/(2 · samples). Empty where no sample is of high quality.", "nats", direction="lower",
    ),
    _setting("mode_n", "Modes n", "Modes", "Generated examples that are given to modes.", "mode_coverage"),
    Column(
        "generator_mean", "Mean of samples", "Samples", protocol="moments",
        description="Mean of the generated 1-D samples.",
    ),
    Column(
        "generator_std", "Std of samples", "Samples", protocol="moments",
        description="Standard deviation of the generated 1-D samples.",
    ),
    Column(
        "training_bound", "Training bound", "Training", unit="nats",
        description="The variational bound that training ended at. Not an estimate of the divergence, and not "
        "comparable between objectives.",
    ),
    _cost("train_seconds", "Train time", "s", "Wall time of training: of the whole cohort where seeds train together."),
    _cost("steps_per_second", "Speed", "steps/s", "Steps a second; depends on the machine and its other work."),
    _cost("peak_memory_mb", "Peak memory", "MB", "Largest memory in use during the run."),
)  # fmt: skip
SCHEMA = {column.name: column for column in _COLUMNS}
GROUP_NOTES = {
    "Likelihood": "On test data. Models without a likelihood have none of these but the Parzen estimate.",
    "Divergences": "P is the data, Q the model. Estimated after training by a fresh critic on points that it was not "
    "fitted on, so a lower bound in expectation. Exact values follow from the densities, where both are known; ∞ is a "
    "value.",
    "Features": "All from features of the same n test and n generated examples.",
}
"""What is to be said of all columns of a group."""

__all__ = [
    "EXTRACTOR",
    "GROUPS",
    "GROUP_NOTES",
    "IDENTITY",
    "LABELS",
    "PROVENANCE",
    "SCHEMA",
    "SOURCES",
    "Column",
    "Direction",
]
