"""The columns of a results frame as data: what each means, in which unit, and which end of it is better."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

Direction = Literal["higher", "lower"]

IDENTITY = (
    "run_id", "suite", "method", "family", "divergence", "dataset", "seed", "status", "error", "config", "cohort_size",
)  # fmt: skip
PROVENANCE = (
    "started_at", "eval_seconds", "steps", "device", "hostname", "python", "torch", "ray", "bench", "git_commit",
    "git_dirty", "dataset_sha256", "feature_extractor", "mode_classifier",
)  # fmt: skip
EXTRACTOR = "feature_extractor"
"""Column that names the network whose features FID and its relatives compare."""
GROUPS = ("Likelihood", "Sample quality", "Mode coverage", "Divergences", "Samples", "Training", "Other", "Cost")
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
        depends_on: column that names the network its figures depend on, such as the feature extractor.
        settings: columns of numbers that its figures depend on, each with the letter it is printed by.
        fixed: whether it describes the data and not the run, so that a spread over the seeds says nothing.
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
    depends_on: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    fixed: bool = False
    printed: bool = True
    divergence: str = ""

    @property
    def arrow(self) -> str:
        """↑ or ↓ for the better end, empty where there is none."""
        return {"higher": "↑", "lower": "↓"}.get(self.direction or "", "")


def _features(name: str, label: str, direction: Direction, description: str) -> Column:
    return Column(name, label, "Sample quality", description, direction=direction, depends_on=EXTRACTOR)


def _modes(name: str, label: str, direction: Direction, description: str, unit: str = "") -> Column:
    return Column(
        name,
        label,
        "Mode coverage",
        description,
        unit,
        direction,
        protocol="mode_coverage",
        depends_on="mode_classifier",
    )


def _cost(name: str, label: str, unit: str, description: str) -> Column:
    return Column(name, label, "Cost", description, unit, digits=3)


_COLUMNS = (
    Column(
        "elbo", "ELBO", "Likelihood", unit="nats", direction="higher",
        description="Evidence lower bound per test example, with every normalising constant. Comparable only between "
        "models with the same kind of likelihood (Gaussian with its ε, Bernoulli with its binarisation).",
    ),
    Column(
        "reconstruction", "Reconstruction", "Likelihood", unit="nats", protocol="elbo",
        description="First term of the ELBO, E[log p(x|z)]. A part of a trade-off, so no best is marked.",
    ),
    Column(
        "kl_term", "KL term", "Likelihood", unit="nats", protocol="elbo",
        description="Second term of the ELBO, KL(q(z|x) ‖ p(z)). A part of a trade-off, so no best is marked.",
    ),
    Column(
        "active_units", "Active units", "Likelihood", digits=3, protocol="elbo",
        description="Latent dimensions whose posterior mean varies with the data.",
    ),
    Column(
        "log_likelihood_iw", "IW bound", "Likelihood", unit="nats", direction="higher",
        description="Importance-weighted bound on the log-likelihood per test example (Burda et al. 2016).",
    ),
    Column(
        "parzen_log_likelihood", "Parzen", "Likelihood", unit="nats", direction="higher",
        description="Mean log-density of the test set under Gaussian kernels on model samples, bandwidth chosen on "
        "validation data (Goodfellow et al. 2014). Every model has it; it prefers blurred samples to sharp ones.",
    ),
    _features(
        "fid", "FID", "lower",
        "Fréchet distance between Gaussian fits of features of test and generated examples. Depends on the feature "
        "extractor and on the number of examples.",
    ),
    _features("kid", "KID", "lower", "Kernel distance between features: the unbiased squared MMD, which may be < 0."),
    _features("precision", "Precision", "higher", "Share of generated examples inside the data's feature manifold."),
    _features("recall", "Recall", "higher", "Share of test examples inside the model's feature manifold."),
    _features("density", "Density", "higher", "Precision that counts neighbourhoods; above 1 for clustered samples."),
    _features("coverage", "Coverage", "higher", "Share of test examples with a generated one in their neighbourhood."),
    _modes("modes_covered", "Modes covered", "higher", "Modes that hold at least one high-quality sample."),
    Column(
        "modes_total", "Modes", "Mode coverage", "Modes of the data; the same for every method.",
        protocol="mode_coverage", depends_on="mode_classifier", fixed=True,
    ),
    _modes(
        "high_quality_fraction", "High quality", "higher",
        "Share of samples within 3 standard deviations of their mode. A perfect model of a 2-D mixture has 0.989: one "
        "above that is narrower than the data. A model collapsed to one mode can be near the top.",
    ),
    _modes(
        "mode_kl", "Mode KL", "lower", "KL(mode histogram of the high-quality samples ‖ that of the data). A perfect "
        "model has about (modes − 1)/(2 · samples). Empty where no sample is of high quality.", "nats",
    ),
    Column(
        "divergence_spread", "Spread", "Divergences", digits=2, protocol="divergences", fixed=True, printed=False,
        description="Standard deviation s of the Gaussian noise added to both sides before divergences are estimated.",
    ),
    Column(
        "training_bound", "Training bound", "Training", unit="nats",
        description="The variational bound that training ended at. Not an estimate of the divergence, and not "
        "comparable between objectives.",
    ),
    Column(
        "generator_mean", "Mean of samples", "Samples", protocol="moments",
        description="Mean of the generated 1-D samples.",
    ),
    Column(
        "generator_std", "Std of samples", "Samples", protocol="moments",
        description="Standard deviation of the generated 1-D samples.",
    ),
    _cost("train_seconds", "Train time", "s", "Wall time of training: of the whole cohort where seeds train together."),
    _cost("steps_per_second", "Speed", "steps/s", "Steps a second; depends on the machine and its other work."),
    _cost("peak_memory_mb", "Peak memory", "MB", "Largest memory in use during the run."),
)  # fmt: skip
SCHEMA = {column.name: column for column in _COLUMNS}

_DIVERGENCES = {
    "kl": ("KL(P‖Q)", "nats", "KL(P‖Q), forward: grows where the model lacks mass that the data has."),
    "reverse_kl": ("KL(Q‖P)", "nats", "KL(Q‖P), reverse: grows where the model has mass that the data lacks."),
    "js": (
        "JS",
        "nats",
        "Jensen–Shannon, KL(P‖M) + KL(Q‖M), M = (P + Q)/2, without the factor ½: in [0, 2 log 2].",
    ),
    "gan": ("GAN", "nats", "Value of the vanilla GAN: JS − 2 log 2, in [−2 log 2, 0]."),
    "jeffreys": ("Jeffreys", "nats", "KL(P‖Q) + KL(Q‖P)."),
    "pearson": ("Pearson χ²", "", "∫(p − q)²/q."),
    "neyman": ("Neyman χ²", "", "∫(p − q)²/p."),
    "squared_hellinger": ("Hellinger²", "", "∫(√p − √q)², in [0, 2]."),
    "total_variation": ("TV", "", "Total variation, in [0, 1]."),
}
_LOWER_ENDS = {"gan": -2 * math.log(2)}
_ESTIMATE_SETTINGS = (("divergence_spread", "s"), ("divergence_n", "n"))
GROUP_NOTES = {
    "Likelihood": "On test data. Models without a likelihood have none of these but the Parzen estimate.",
    "Divergences": "P is the data, Q the model. Estimated after training by a fresh critic on points that it was not "
    "fitted on, so a lower bound in expectation. Exact values follow from the densities, where both are known; ∞ is a "
    "value.",
}
"""What is to be said of all columns of a group."""
_ESTIMATE = re.compile(r"div_(?P<name>(?!.*_(?:se|n|exact)$).+)")
_EXACT = re.compile(r"div_(?P<name>.+)_exact")


def describe(name: str) -> Column:
    """The column called `name`: from the schema, a divergence by its name, or as little as can be said of any other."""
    if name in SCHEMA:
        return SCHEMA[name]
    estimated, exact = divergence_of(name), exact_divergence_of(name)
    if estimated is not None:
        label, unit, text = _about(estimated)
        return Column(
            name, label, "Divergences", text, unit, "lower", 3, "divergences",
            settings=_ESTIMATE_SETTINGS, divergence=estimated,
        )  # fmt: skip
    if exact is not None:
        label, unit, _ = _about(exact)
        text = f"{label} by closed form or quadrature."
        return Column(
            name, f"{label} exact", "Divergences", text, unit, "lower", protocol="divergences", divergence=exact
        )
    if name.startswith("training_"):
        text = f"Last value of the learning curve {name.removeprefix('training_')}, on training data."
        return Column(name, name.replace("_", " ").capitalize(), "Training", text, printed=False)
    return Column(name, name.replace("_", " "), "Other", "Metric of the user's; no better end is known.")


def divergence_of(column: str) -> str | None:
    """The divergence that a column `div_<name>` estimates, or None if it is no such column."""
    match = _ESTIMATE.fullmatch(column)
    return match["name"] if match else None


def exact_divergence_of(column: str) -> str | None:
    """The divergence whose exact value a column `div_<name>_exact` holds, or None if it is no such column."""
    match = _EXACT.fullmatch(column)
    return match["name"] if match else None


def divergence_label(divergence: str) -> str:
    """Name of a divergence in print: KL(P‖Q) for kl; empty for the empty name."""
    return _about(divergence)[0]


def lower_end(divergence: str) -> float:
    """Its value for P = Q: −2 log 2 for gan, else 0."""
    return _LOWER_ENDS.get(divergence, 0.0)


def sort_key(name: str) -> tuple[int, bool, int]:
    """Position of a column in print: by group, exact values last, then by the schema; unknown ones last."""
    exact = exact_divergence_of(name)
    order = [*SCHEMA, *(f"div_{divergence}" for divergence in _DIVERGENCES)]
    known = name if exact is None else f"div_{exact}"
    position = order.index(known) if known in order else len(order)
    return GROUPS.index(describe(name).group), exact is not None, position


def _about(divergence: str) -> tuple[str, str, str]:
    plain = divergence.replace("_", " ")
    return _DIVERGENCES.get(divergence, (plain, "", f"The f-divergence {plain}."))


__all__ = [
    "EXTRACTOR",
    "GROUPS",
    "GROUP_NOTES",
    "IDENTITY",
    "PROVENANCE",
    "SCHEMA",
    "Column",
    "Direction",
    "describe",
    "divergence_label",
    "divergence_of",
    "exact_divergence_of",
    "lower_end",
    "sort_key",
]
