"""Bad arguments are errors of both kinds: `ValueError` for Python's users, `BenchError` for the command line's."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch.distributions import Independent, Normal

from bench import BenchError, divergence, estimate_divergences, exact_divergence
from bench.calibration import pair_of
from bench.metrics import (
    FrechetDistance,
    density_coverage,
    extractor_for,
    frechet_distance,
    kde_log_likelihood,
    kernel_distance,
    maximum_mean_discrepancy,
    mode_coverage,
    parzen_log_density,
    parzen_log_likelihood,
    precision_recall,
)
from bench.metrics.likelihood import ActiveUnits, ImportanceWeightedBound
from bench.spec import PairSettings

FINE = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
NAN = FINE.clone().index_fill(0, torch.tensor([3]), math.nan)
WIDE = torch.zeros(200, 3)


def normal(d: int, scale: float = 1.0) -> Independent:
    return Independent(Normal(torch.zeros(d), torch.full((d,), scale)), 1)


CALLS: dict[str, Callable[[], object]] = {
    "unknown divergence": lambda: divergence("kullback"),
    "parameter of a divergence": lambda: divergence("alpha(x)"),
    "dimensions of laws": lambda: exact_divergence("kl", normal(1), normal(2)),
    "no law": lambda: exact_divergence("kl", FINE, normal(2)),  # type: ignore[arg-type]
    "NaN in points": lambda: estimate_divergences(FINE, NAN, ["kl"]),
    "dimensions of points": lambda: estimate_divergences(FINE, WIDE, ["kl"]),
    "few points": lambda: estimate_divergences(FINE[:5], FINE, ["kl"]),
    "spread": lambda: estimate_divergences(FINE, FINE, ["kl"], spread=-1.0),
    "unknown estimator": lambda: estimate_divergences(FINE, FINE, ["kl"], estimator="critic"),
    "estimator that cannot": lambda: estimate_divergences(FINE, FINE, ["js"], estimator="knn"),
    "points that coincide": lambda: estimate_divergences(WIDE, WIDE, ["kl"], estimator="knn"),
    "dimensions of features": lambda: frechet_distance(FINE, WIDE),
    "one feature": lambda: kernel_distance(FINE[:1], FINE),
    "dimensions of two sets": lambda: maximum_mean_discrepancy(FINE, WIDE),
    "samples on a plane": lambda: kde_log_likelihood(WIDE, WIDE),
    "no example axis": lambda: precision_recall(FINE[:, 0], FINE),
    "few features": lambda: density_coverage(FINE[:3], FINE),
    "dimension of a batch": lambda: FrechetDistance(2).update(WIDE, real=True),
    "unknown dataset": lambda: mode_coverage(FINE, "rings"),
    "dimension of samples": lambda: mode_coverage(WIDE, "ring"),
    "shapes of splits": lambda: parzen_log_likelihood(FINE, WIDE, FINE),
    "bandwidth": lambda: parzen_log_density(FINE, FINE, torch.tensor([0.0])),
    "latent dimension": lambda: ActiveUnits(0),
    "draws": lambda: ImportanceWeightedBound(0),
    "dimensions of a shape": lambda: pair_of(PairSettings(shape="correlated", dimensions=1, size=0.5)),
    "unknown extractor": lambda: extractor_for(None, "inception"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_bad_arguments_are_value_errors(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        call()
    assert isinstance(caught.value, BenchError)
