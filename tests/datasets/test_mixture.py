"""The 1-D mixture against table 3 of Nowozin et al. 2016, by quadrature."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import integrate, optimize, special, stats

from bench.datasets import Dataset, ParameterError, check_parameters, load_dataset

FITTED = 7.5e-4  # the mixture is fitted to the printed figures; the worst, σ* of reverse_kl, comes out 7.3e-4 off

Values = NDArray[np.float64]
Integrand = Callable[[Values, Values], Values]


def _kl(p: Values, q: Values) -> Values:
    return np.asarray(special.rel_entr(p, q))


def _js(p: Values, q: Values) -> Values:
    return _kl(p, (p + q) / 2) + _kl(q, (p + q) / 2)


# the integrand of each divergence in p and q, and the starred rows of the table: D(P‖Q*), μ*, σ*
TABLE: dict[str, tuple[Integrand, float, float, float]] = {
    "kl": (_kl, 0.2831, 1.0100, 1.8308),
    "reverse_kl": (lambda p, q: _kl(q, p), 0.2480, 1.5782, 1.6319),
    "js": (_js, 0.1280, 1.3070, 1.7542),
    "jeffreys": (lambda p, q: _kl(p, q) + _kl(q, p), 0.5705, 1.3218, 1.7034),
    "pearson": (lambda p, q: (p - q) ** 2 / q, 0.6457, 0.5737, 1.9274),
}


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load_dataset("mixture")


def density(data: Dataset, x: float) -> float:
    assert data.density is not None
    return float(data.density.log_prob(torch.tensor([x], dtype=torch.float64)).exp())


def divergence(data: Dataset, integrand: Integrand, mean: float, std: float) -> float:
    """∫ integrand(p, q) dx by composite Simpson over 9 standard deviations: the step resolves the narrow component."""
    x = np.linspace(-14.0, 16.0, 6001)
    assert data.density is not None
    p = data.density.log_prob(torch.from_numpy(x)[:, None]).exp().numpy()
    return float(integrate.simpson(integrand(p, stats.norm(mean, std).pdf(x)), x=x))


def test_density_integrates_to_one_with_the_right_moments(data: Dataset) -> None:
    def moment(k: int) -> float:
        return integrate.quad(lambda x: x**k * density(data, x), -14, 16, points=[-1, 2], limit=200)[0]

    mean = 0.33 * -1 + 0.67 * 2
    second = 0.33 * (0.065 + 1) + 0.67 * (2 + 4)
    assert moment(0) == pytest.approx(1, abs=1e-8)
    assert moment(1) == pytest.approx(mean, abs=1e-8)
    assert moment(2) == pytest.approx(second, abs=1e-7)
    assert mean == pytest.approx(1.0100, abs=1e-9)
    assert math.sqrt(second - mean**2) == pytest.approx(1.8308, abs=FITTED)


@pytest.mark.parametrize("name", TABLE)
def test_published_optimum_has_the_published_divergence(data: Dataset, name: str) -> None:
    integrand, value, mean, std = TABLE[name]
    assert divergence(data, integrand, mean, std) == pytest.approx(value, abs=FITTED)


@pytest.mark.parametrize("name", TABLE)
def test_best_gaussian_is_the_published_one(data: Dataset, name: str) -> None:
    integrand, value, mean, std = TABLE[name]

    def objective(free: Values) -> float:
        return divergence(data, integrand, float(free[0]), math.exp(free[1]))

    best = optimize.minimize(objective, np.array([1.3, math.log(1.7)]), method="Nelder-Mead", tol=1e-5)
    assert (best.x[0], math.exp(best.x[1]), best.fun) == pytest.approx((mean, std, value), abs=FITTED)


def test_draws_follow_the_density(data: Dataset) -> None:
    """Fixed draws; the bound is the 1e-4 point of the Kolmogorov–Smirnov statistic."""
    assert data.shape == (1,)

    def cdf(x: Any) -> Any:
        return 0.33 * stats.norm(-1, math.sqrt(0.065)).cdf(x) + 0.67 * stats.norm(2, math.sqrt(2)).cdf(x)

    for split in (data.train, data.validation, data.test):
        assert stats.kstest(split.double().squeeze(1).numpy(), cdf).pvalue > 1e-4


def test_modes(data: Dataset) -> None:
    assert data.modes is not None
    torch.testing.assert_close(data.modes.centres, torch.tensor([[-1.0], [2.0]]))
    torch.testing.assert_close(data.modes.scale, torch.tensor([0.065, 2.0]).sqrt())
    torch.testing.assert_close(data.modes.weights, torch.tensor([0.33, 0.67]))


def test_own_components() -> None:
    data = load_dataset("mixture", weights=[0.2, 0.3, 0.5], means=[-9, 0, 9], variances=[0.01, 0.04, 0.09], size=9000)
    assert data.modes is not None
    nearest = (data.train - data.modes.centres.T).abs().argmin(dim=1)
    counts = torch.bincount(nearest, minlength=3).numpy()
    assert stats.chisquare(counts, 9000 * np.array([0.2, 0.3, 0.5])).pvalue > 1e-4
    for k, spread in enumerate((0.1, 0.2, 0.3)):
        assert data.train[nearest == k].std().item() == pytest.approx(spread, rel=0.1)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"weights": [0.5, 0.6]}, r"'weights': found \[0.5, 0.6\], expected weights that sum to 1"),
        ({"weights": []}, r"'weights': found \[\]"),
        ({"weights": [0.0, 1.0]}, r"'weights\[0\]': found 0.0, expected a number greater than 0"),
        ({"means": [1, 2, 3]}, r"'means': found \[1, 2, 3\], expected as many numbers as there are weights \(2\)"),
        ({"weights": [1.0], "means": [0.0]}, r"'variances': .* as many numbers as there are weights \(1\)"),
        ({"variances": [1.0, -1.0]}, r"'variances\[1\]': found -1.0, expected a number greater than 0"),
    ],
)
def test_components_must_agree(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        check_parameters("mixture", parameters)
