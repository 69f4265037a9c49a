"""Estimated divergences against exact ones."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Independent, Normal

from bench import BenchError, estimate_divergences, exact_divergence
from bench.datasets.base import Dataset
from bench.divergences import DIVERGENCES
from bench.metrics import METRICS, EstimatedDivergences
from tests.metrics.conftest import Sampler, SubjectMaker

NAMES = list(DIVERGENCES)
GAUSSIAN_NAMES = ["kl", "reverse_kl", "jeffreys", "squared_hellinger"]


def gaussian(mean: float, scale: float, d: int) -> Independent:
    return Independent(Normal(torch.full((d,), mean), torch.full((d,), scale)), 1)


def draw(law: Independent, n: int, seed: int) -> torch.Tensor:
    base = law.base_dist
    noise = torch.randn(n, len(base.mean), generator=torch.Generator().manual_seed(seed))
    return base.mean + base.stddev * noise


CASES = [(1, 0.6, 1.0), (1, 0.3, 1.3), (2, 0.5, 0.9), (5, 0.3, 1.0), (5, 0.0, 1.2), (20, 0.2, 1.0)]


@pytest.mark.parametrize(("d", "shift", "scale"), CASES)
def test_estimates_of_gaussian_pairs(d: int, shift: float, scale: float) -> None:
    """Within four standard errors of the exact value or a tenth below it, and never four standard errors above it.

    Four: 24 figures are looked at, and fewer than one in 15,000 of a normal law lies farther out.
    """
    p, q = gaussian(0.0, 1.0, d), gaussian(shift, scale, d)
    estimates = estimate_divergences(draw(p, 4000, d), draw(q, 4000, d + 100), GAUSSIAN_NAMES)
    for name, estimate in estimates.items():
        exact = exact_divergence(name, p, q)
        assert estimate.value < exact + 4 * estimate.stderr, name
        assert estimate.value > exact - max(4 * estimate.stderr, 0.1 * exact), name


def test_equal_laws_have_estimates_near_the_lower_end() -> None:
    law = gaussian(0.0, 1.0, 3)
    for name, estimate in estimate_divergences(draw(law, 2000, 1), draw(law, 3000, 2), NAMES).items():
        assert abs(estimate.value - DIVERGENCES[name].lower) <= 4 * estimate.stderr + 1e-12, name


def test_separated_laws_have_the_largest_estimates_that_n_points_allow() -> None:
    p, q = gaussian(0.0, 0.01, 2), gaussian(5.0, 0.01, 2)
    estimates = estimate_divergences(draw(p, 1000, 1), draw(q, 1000, 2), NAMES)
    certain = torch.tensor(math.log(1000.0))  # as sure as 1,000 points can make a critic
    for name in ("kl", "reverse_kl", "js", "gan", "jeffreys", "squared_hellinger", "total_variation"):
        expected = DIVERGENCES[name].bound(certain, -certain).item()
        assert estimates[name].value == pytest.approx(expected, abs=1e-3)
    assert all(math.isfinite(e.value) and math.isfinite(e.stderr) for e in estimates.values())


def test_a_mode_that_is_missing_is_seen() -> None:
    """P has two far modes of weight ½, Q one: js = 2 log 2 · … in closed form from the weights alone."""
    draws = torch.Generator().manual_seed(0)
    sign = torch.randint(2, (4000, 1), generator=draws) * 2.0 - 1
    x = 5 * sign + torch.randn(4000, 1, generator=draws)
    y = 5 + torch.randn(4000, 1, generator=draws)
    estimate = estimate_divergences(x, y, ["js", "reverse_kl"])
    # on the shared mode p/q = ½, on the missing one q = 0: Σ p log(2p/(p+q)) + q log(2q/(p+q)), the modes 10σ apart
    exact = 0.5 * math.log(2) + 0.5 * math.log(2 / 3) + math.log(4 / 3)
    assert estimate["js"].value == pytest.approx(exact, abs=4 * estimate["js"].stderr + 0.01)
    assert estimate["reverse_kl"].value == pytest.approx(math.log(2), abs=4 * estimate["reverse_kl"].stderr + 0.01)


def test_divergences_that_differ_by_a_constant_or_factor_do() -> None:
    x, y = draw(gaussian(0.0, 1.0, 2), 1000, 1), draw(gaussian(0.5, 1.0, 2), 1000, 2)
    estimates = estimate_divergences(x, y, ["js", "gan", "squared_hellinger", "alpha(0.5)"])
    assert estimates["gan"].value == pytest.approx(estimates["js"].value - 2 * math.log(2), abs=1e-9)
    assert estimates["alpha(0.5)"].value == pytest.approx(2 * estimates["squared_hellinger"].value, rel=1e-9)


def test_an_estimate_is_a_function_of_its_arguments() -> None:
    x, y = draw(gaussian(0.0, 1.0, 2), 500, 1), draw(gaussian(0.5, 1.0, 2), 700, 2)
    before = torch.get_rng_state()
    one, two = (estimate_divergences(x, y, NAMES, seed=3) for _ in range(2))
    assert one == two
    assert torch.equal(torch.get_rng_state(), before)
    assert estimate_divergences(x, y, ["kl"], seed=4)["kl"] != one["kl"]
    assert (one["kl"].n_p, one["kl"].n_q) == (500, 700)


def test_images_are_flattened_and_spread() -> None:
    x, y = torch.rand(2, 300, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    spread = estimate_divergences(x, y + 0.5, ["js"], spread=0.3)["js"]
    assert spread.spread == 0.3
    assert spread.value < estimate_divergences(x, y + 0.5, ["js"])["js"].value
    assert estimate_divergences(x, y, ["js"]) == estimate_divergences(x.flatten(1), y.flatten(1), ["js"])


@pytest.mark.parametrize(
    ("x", "y", "names", "message"),
    [
        (torch.zeros(99, 2), torch.zeros(200, 2), ["kl"], "x has 99 points; expected at least 100"),
        (torch.zeros(200, 2), torch.tensor(1.0), ["kl"], "y has 0 points"),
        (torch.zeros(200, 2), torch.zeros(200, 3), ["kl"], "x has 2 dimensions and y 3"),
        (torch.full((200, 2), torch.nan), torch.zeros(200, 2), ["kl"], "NaN or infinite"),
        (torch.zeros(200, 2), torch.zeros(200, 2), ["klx"], "unknown divergence 'klx'"),
    ],
)
def test_bad_input_is_refused(x: torch.Tensor, y: torch.Tensor, names: list[str], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        estimate_divergences(x, y, names)


def test_spread_must_be_a_size() -> None:
    with pytest.raises(BenchError, match="spread"):
        estimate_divergences(torch.zeros(200, 1), torch.zeros(200, 1), ["kl"], spread=-1.0)


def test_the_metric_class_gives_what_the_function_gives() -> None:
    x, y = draw(gaussian(0.0, 1.0, 2), 400, 1), draw(gaussian(0.5, 1.0, 2), 400, 2)
    metric = EstimatedDivergences(["kl", "js"], seed=5)
    for part_x, part_y in zip(x.split(150), y.split(150), strict=True):
        metric.update(part_x, real=True)
        metric.update(part_y, real=False)
    computed = metric.compute()
    for name, estimate in estimate_divergences(x, y, ["kl", "js"], seed=5).items():
        assert (computed[f"div_{name}"].item(), computed[f"div_{name}_se"].item()) == (estimate.value, estimate.stderr)


def test_batches_of_another_dimension_are_refused() -> None:
    metric = EstimatedDivergences("kl")
    metric.update(torch.zeros(5, 2), real=True)
    with pytest.raises(BenchError, match=r"found shape \(3,\) each; expected \(2,\), as batches before had it"):
        metric.update(torch.zeros(5, 3), real=False)


def test_suite_metric(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    figures = METRICS["divergences"].measure(make_subject(points, normal, samples=250))
    expected = {f"div_{name}{end}" for name in DIVERGENCES for end in ("", "_se", "_growth", "_reach")}
    assert set(figures) == expected | {"divergence_n"}
    assert figures["divergence_n"] == 250
    assert abs(figures["div_js"]) <= 4 * figures["div_js_se"] + 1e-12
    again = METRICS["divergences"].measure(make_subject(points, normal, samples=250))
    assert figures == again
