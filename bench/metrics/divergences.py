"""The suite metric `divergences`: every f-divergence between test data and fresh samples (protocols, section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from bench.metrics.checks import choose_reference_subset, draw_samples
from bench.metrics.estimation.estimate import Estimate, estimate_divergences
from bench.metrics.samples import Samples, as_names, as_tensor

STREAM = "divergences"

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
    """

    full_state_update = False
    real: list[Tensor]
    generated: list[Tensor]

    def __init__(self, names: str | Sequence[str], seed: int = 0, spread: float = 0.0) -> None:
        super().__init__()
        self.names = as_names(names, "EstimatedDivergences: names")
        self.seed = seed
        self.spread = spread
        self.add_state("real", default=[], dist_reduce_fx="cat")
        self.add_state("generated", default=[], dist_reduce_fx="cat")

    def update(self, examples: Samples, real: bool) -> None:
        """Take in a batch of examples (n, ...), of P if `real`, of Q otherwise."""
        (self.real if real else self.generated).append(as_tensor(examples, "examples"))

    def compute(self) -> dict[str, Tensor]:
        """`div_<name>` and, where it has one, `div_<name>_se` for each name, scalars in float64."""
        x, y = (dim_zero_cat(part) for part in (self.real, self.generated))
        estimates = estimate_divergences(x, y, self.names, self.seed, spread=self.spread)
        return {column: torch.tensor(value, dtype=torch.float64) for column, value in _list_columns(estimates).items()}


@register_metric("divergences", version=3, columns=COLUMNS, uses=(DIVERGENCES,))
def measure_divergences(subject: Subject) -> dict[str, float]:
    """Every f-divergence of test data from fresh samples, by cross-fitted critics, and the exact value where known.

    Columns `div_<name>` and `div_<name>_se`, `divergence_n` (points on each side) and, where noise was added to both
    sides, `divergence_spread`. Names are those registered, those of `evaluation.divergences` and the one that the model
    was trained on, such as alpha(0.3). Where the laws of both data and model are known, `div_<name>_exact` is D_f(P‖Q),
    P the data and Q the model; it can be infinite.
    """
    n = min(len(subject.data.test), subject.samples)
    generated = draw_samples(subject, n, STREAM)
    seed = int(torch.randint(2**62, (), generator=subject.stream(f"{STREAM}/critics"), device=generated.device))
    names = list(dict.fromkeys([*DIVERGENCES, *subject.divergences]))
    test = subject.data.test
    test = test[choose_reference_subset(len(test), n).to(test.device)]
    estimates = estimate_divergences(test, generated, names, seed, spread=subject.spread)
    figures = {"divergence_n": float(n)} | ({"divergence_spread": subject.spread} if subject.spread else {})
    return figures | _list_columns(estimates) | _compute_exact(subject, names)


def _list_columns(estimates: Mapping[str, Estimate]) -> dict[str, float]:
    values = {f"div_{name}": estimate.value for name, estimate in estimates.items()}
    errors = {f"div_{name}_se": e.stderr for name, e in estimates.items() if e.stderr is not None}
    growths = {f"div_{name}_growth": e.growth for name, e in estimates.items() if e.growth is not None}
    return values | errors | growths


def _compute_exact(subject: Subject, names: Sequence[str]) -> dict[str, float]:
    """The divergences of the known laws; none under spread noise, which would have other laws."""
    data, model = subject.data.density, subject.law
    if data is None or model is None or subject.spread:
        return {}
    columns: dict[str, float] = {}
    for name in names:
        with suppress(ArgumentError):  # what can be had neither in closed form nor by quadrature is left out
            value = exact_divergence(name, data, model)
            if getattr(value, "stderr", None) is None:  # a Monte Carlo value is no exact one
                columns[f"div_{name}_exact"] = float(value)
    return columns
