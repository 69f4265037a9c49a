"""The suite metric `divergences`: every f-divergence between test data and fresh samples (protocols, section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from bench.column import Column
from bench.divergences import DIVERGENCES
from bench.errors import ArgumentError
from bench.exact import exact_divergence
from bench.metrics.base import Subject, register_metric
from bench.metrics.divergence_curve import STREAM, draw_both_sides, fit_noisy_ratios
from bench.metrics.divergence_figures import draw_seed, list_figures, list_names
from bench.metrics.estimation.estimate import estimate_divergences
from bench.metrics.estimation.estimators import DEFAULT_EFFORT
from bench.metrics.samples import Samples, as_names, as_tensor

COLUMNS = (
    Column(
        "divergence_spread", "Spread", "Standard deviation s of the Gaussian noise added to both sides before "
        "divergences are estimated.", "Divergences", lower=0.0, digits=2, order=-2, fixed=True, printed=False,
    ),
    Column(
        "divergence_n", "Divergence n", "Examples on each side that divergences are estimated from.", "Divergences",
        lower=1.0, order=-1, fixed=True, printed=False,
    ),
)  # fmt: skip
"""Those of the divergences themselves follow from how each is registered: `Divergence.column`."""


class EstimatedDivergences(Metric):
    """f-divergences between two samples that come in batches.

    Args:
        names: divergences.
        seed: see `estimate_divergences`.
        spread: see `estimate_divergences`.
        effort: see `estimate_divergences`.
    """

    full_state_update = False
    real: list[Tensor]
    generated: list[Tensor]

    def __init__(
        self, names: str | Sequence[str], seed: int = 0, spread: float = 0.0, effort: str = DEFAULT_EFFORT
    ) -> None:
        super().__init__()
        self.names = as_names(names, "EstimatedDivergences: names")
        self.seed = seed
        self.spread = spread
        self.effort = effort
        self.add_state("real", default=[], dist_reduce_fx="cat")
        self.add_state("generated", default=[], dist_reduce_fx="cat")

    def update(self, examples: Samples, real: bool) -> None:
        """Take in a batch of examples (n, ...), of P if `real`, of Q otherwise."""
        batch = as_tensor(examples, "examples")
        before = next((one.shape[1:] for one in (*self.real, *self.generated)), batch.shape[1:])
        if batch.shape[1:] != before:
            found, expected = tuple(batch.shape[1:]), tuple(before)
            raise ArgumentError(f"examples: found shape {found} each; expected {expected}, as batches before had it")
        (self.real if real else self.generated).append(batch)

    def compute(self) -> dict[str, Tensor]:
        """`div_<name>`, `div_<name>_reach` and, where it has one, `div_<name>_se` for each name, scalars in float64."""
        x, y = (dim_zero_cat(part) for part in (self.real, self.generated))
        estimates = estimate_divergences(x, y, self.names, self.seed, spread=self.spread, effort=self.effort)
        return {column: torch.tensor(value, dtype=torch.float64) for column, value in list_figures(estimates).items()}


@register_metric("divergences", version=5, columns=COLUMNS, uses=(DIVERGENCES,))
def measure_divergences(subject: Subject) -> dict[str, float]:
    """Every f-divergence of test data from fresh samples, by cross-fitted critics, and the exact value where known.

    Columns `div_<name>`, `div_<name>_se` and `div_<name>_reach` (1 for an estimate at its ceiling), `divergence_n`
    (points on each side) and, where noise was added to both sides, `divergence_spread`. Names are those registered,
    those of `evaluation.divergences` and the one that the model was trained on, such as alpha(0.3). Where the laws of
    both data and model are known, `div_<name>_exact` is D_f(P‖Q), P the data and Q the model; it can be infinite.

    Under noise the estimates are points of the curve that the metric `divergence_curve` gives.
    """
    names = list_names(subject)
    n = min(len(subject.data.test), subject.samples)
    if subject.spread:
        estimates = fit_noisy_ratios(subject).estimate(names, subject.spread)
        return {"divergence_n": float(n), "divergence_spread": subject.spread} | list_figures(estimates)
    seed, effort = draw_seed(subject, STREAM), subject.evaluation.effort
    estimates = estimate_divergences(*draw_both_sides(subject), names, seed, effort=effort)
    return {"divergence_n": float(n)} | list_figures(estimates) | _compute_exact(subject, names)


def _compute_exact(subject: Subject, names: Sequence[str]) -> dict[str, float]:
    """The divergences of the known laws; none under spread noise, which would have other laws."""
    data, model = subject.data.density, subject.law
    if data is None or model is None:
        return {}
    columns: dict[str, float] = {}
    for name in names:
        with suppress(ArgumentError):  # what can be had neither in closed form nor by quadrature is left out
            value = exact_divergence(name, data, model)
            if getattr(value, "stderr", None) is None:  # a Monte Carlo value is no exact one
                columns[f"div_{name}_exact"] = float(value)
    return columns
