"""Divergences under noise: held against closed forms of Gaussians, which stay Gaussian under noise."""

from __future__ import annotations

import math
from functools import cache

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from bench import estimate_divergence_curve, estimate_divergences, exact_divergence
from bench.errors import ArgumentError, UnknownNameError
from bench.metrics.estimation import Estimate
from bench.metrics.estimation.noise import NoisyRatios
from bench.metrics.estimation.noise.training import Effort

SPREADS = (0.3, 0.6, 1.2)
NAMES = ("kl", "reverse_kl", "js", "squared_hellinger")
N, D = 2000, 12
SHIFT, SCALE = 0.25, 0.8


def draw(n: int, d: int, seed: int) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(autouse=True)
def modest_critics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.metrics.estimation.noise.fit.DEFAULT", Effort(width=32, steps=200))


@cache
def gaussian_curve() -> dict[float, dict[str, Estimate]]:
    """P = N(.25, .8² I), Q = N(0, I) in twelve dimensions."""
    return estimate_divergence_curve(SHIFT + SCALE * draw(N, D, 0), draw(N, D, 1), NAMES, SPREADS, seed=3)


def truth(name: str, spread: float) -> float:
    def law(mean: float, scale: float) -> Independent:
        zeros = torch.zeros(D, dtype=torch.float64)
        return Independent(Normal(zeros + mean, zeros + math.hypot(scale, spread)), 1)

    return float(exact_divergence(name, law(SHIFT, SCALE), law(0.0, 1.0)))


@pytest.mark.parametrize("name", ["kl", "reverse_kl", "squared_hellinger"])
@pytest.mark.parametrize("spread", SPREADS)
def test_gaussians_under_noise(name: str, spread: float) -> None:
    """Within three standard errors and what critics from 1,200 points a side miss, a tenth of the divergence."""
    found, exact = gaussian_curve()[spread][name], truth(name, spread)
    assert found.stderr is not None
    assert exact - 3 * found.stderr - 0.1 * exact <= found.value <= exact + 3 * found.stderr


def test_a_mixture_that_no_gaussian_tells_apart() -> None:
    """P has two modes, Q is the Gaussian of the same moments: networks alone can tell. Noise keeps both kinds of law.

    Lower bounds within three standard errors of the truth, which critics from 1,200 points reach to a fifth.
    """
    modes = torch.randint(2, (N, 1), generator=torch.Generator().manual_seed(5)) * 2.0 - 1
    x, y = modes + 0.3 * draw(N, 1, 0), math.sqrt(1.09) * draw(N, 1, 1)
    curve = estimate_divergence_curve(x, y, ["js"], (0.2, 0.6))
    for spread, estimates in curve.items():
        centres = Normal(
            torch.tensor([-1.0, 1.0], dtype=torch.float64), torch.full((2,), math.hypot(0.3, spread)).double()
        )
        p = MixtureSameFamily(Categorical(torch.ones(2, dtype=torch.float64)), centres)
        q = Normal(torch.tensor(0.0).double(), torch.tensor(math.sqrt(1.09 + spread**2)).double())
        exact, found = float(exact_divergence("js", p, q)), estimates["js"]
        assert found.stderr is not None
        assert 0.8 * exact - 3 * found.stderr <= found.value <= exact + 3 * found.stderr


def test_divergences_fall_with_noise() -> None:
    """By the data-processing inequality; one draw of noise for all levels leaves no room for chance."""
    for name in NAMES:
        values = [estimates[name].value for estimates in gaussian_curve().values()]
        assert values == sorted(values, reverse=True), name
        assert values[-1] > 0


def test_estimates_say_what_they_are() -> None:
    for spread, estimates in gaussian_curve().items():
        assert list(estimates) == list(NAMES)
        for estimate in estimates.values():
            assert (estimate.spread, estimate.n_p, estimate.n_q) == (spread, N, N)
            assert (estimate.estimator, estimate.version) == ("noise_conditioned_critic", 1)
    assert list(gaussian_curve()) == list(SPREADS)


@pytest.mark.usefixtures("brief_noise_critics")
def test_equal_laws_have_no_divergence() -> None:
    curve = estimate_divergence_curve(draw(1000, 5, 0), draw(1000, 5, 1), ["kl", "js"], (0.2, 1.0))
    for estimates in curve.values():
        for estimate in estimates.values():
            assert estimate.stderr is not None
            assert abs(estimate.value) <= 3 * max(estimate.stderr, 1 / 1000)


@pytest.mark.usefixtures("brief_noise_critics")
def test_separated_laws_are_at_the_ceiling_until_noise_joins_them() -> None:
    """Two points 3 apart: under N(0, s²) their js is that of N(0, 1) and N(3/s, 1)."""
    zeros = torch.zeros(1000, 3)
    shifted = zeros + torch.tensor([3.0, 0.0, 0.0])
    curve = estimate_divergence_curve(zeros, shifted, ["js"], (0.05, 6.0))
    assert curve[0.05]["js"].value == pytest.approx(2 * math.log(2), abs=0.01)
    law = [Normal(torch.tensor(m, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64)) for m in (0.0, 0.5)]
    exact, found = float(exact_divergence("js", *law)), curve[6.0]["js"]
    assert found.stderr is not None
    assert abs(found.value - exact) <= 3 * found.stderr


@pytest.mark.usefixtures("brief_noise_critics")
def test_a_function_of_the_seed_alone() -> None:
    x, y = draw(300, 4, 0), draw(300, 4, 1) + 0.5
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = estimate_divergence_curve(x, y, ["kl"], (0.5,), seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert estimate_divergence_curve(x, y, ["kl"], (0.5,), seed=1) == first
    assert estimate_divergence_curve(x, y, ["kl"], (0.5,), seed=2) != first


@pytest.mark.usefixtures("brief_noise_critics")
def test_a_common_offset_changes_nothing() -> None:
    """Points far from the origin are centred in float64."""
    x, y = (draw(300, 4, seed).double().mul(1024).round() / 1024 for seed in (0, 1))
    near = estimate_divergence_curve(x, y + 0.5, ["kl"], (0.5,))
    far = estimate_divergence_curve(x + 2**20, y + 0.5 + 2**20, ["kl"], (0.5,))
    assert far[0.5]["kl"].value == pytest.approx(near[0.5]["kl"].value, abs=1e-3)


@pytest.mark.usefixtures("brief_noise_critics")
def test_many_dimensions_by_random_projections() -> None:
    """Beyond 1,024 dimensions components come from random projections; the shift lies along one of them.

    Gaussian closed forms find it, however briefly networks are trained.
    """
    x, y = 0.1 * draw(200, 1100, 0), 0.1 * draw(200, 1100, 1)
    x[:, :20] += 1.0
    curve = estimate_divergence_curve(x, y, ["js"], (0.1,))
    assert curve[0.1]["js"].value > 1.2


@pytest.mark.parametrize(
    ("x", "y", "spreads", "message"),
    [
        (draw(99, 2, 0), draw(200, 2, 1), (0.5,), "99 examples; expected at least 100"),
        (draw(200, 2, 0), draw(200, 3, 1), (0.5,), "x has 2 dimensions and y 3; expected the same"),
        (draw(200, 2, 0) / 0, draw(200, 2, 1), (0.5,), "NaN or infinite"),
        (draw(200, 2, 0), draw(200, 2, 1), (0.5, 0.0), "found spread 0; expected levels of noise above 0"),
        (draw(200, 2, 0), draw(200, 2, 1), (-1.0,), "found spread -1"),
        (draw(200, 2, 0), draw(200, 2, 1), (math.inf,), "found spread inf"),
        (draw(200, 2, 0), draw(200, 2, 1), (), "found no spreads"),
    ],
)
def test_bad_input_is_refused(x: Tensor, y: Tensor, spreads: tuple[float, ...], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        estimate_divergence_curve(x, y, ["kl"], spreads)


def test_unknown_divergences_are_refused_before_anything_is_fitted() -> None:
    with pytest.raises(UnknownNameError):
        estimate_divergence_curve(draw(200, 2, 0), draw(200, 2, 1), ["kll"])


@pytest.mark.usefixtures("brief_noise_critics")
def test_a_level_that_was_not_fitted_is_refused() -> None:
    ratios = NoisyRatios(draw(200, 2, 0), draw(200, 2, 1), [0.5])
    with pytest.raises(ArgumentError, match=r"found level 0.7; expected one of 0.5"):
        ratios.estimate(["kl"], 0.7)


def test_one_level_is_what_estimate_divergences_gives_under_noise() -> None:
    x, y = draw(300, 2, 0), draw(300, 2, 1)
    expected = estimate_divergence_curve(x, y, "js", [0.5], 3)[0.5]["js"]
    assert estimate_divergences(x, y, "js", 3, spread=0.5)["js"] == expected
    asked = estimate_divergences(x, y, "js", 3, spread=0.5, estimator="cross_fitted_critic")["js"]
    assert asked.estimator == "cross_fitted_critic"


@pytest.mark.parametrize("scale", [2.0**130, 2.0**-140, 2.0**1000])
def test_the_unit_of_the_points_does_not_matter(scale: float) -> None:
    """A power of two is taken off, exactly; sums and roots of another size are rounded anew."""
    x, y = draw(300, 2, 0).double(), draw(300, 2, 1).double()
    here = estimate_divergence_curve(x, y, ["kl"], [0.5])[0.5]["kl"]
    there = estimate_divergence_curve(scale * x, scale * y, ["kl"], [0.5 * scale])[0.5 * scale]["kl"]
    assert (there.value, there.stderr) == pytest.approx((here.value, here.stderr), rel=1e-4)


def test_an_effort_under_noise_is_refused() -> None:
    with pytest.raises(ArgumentError, match="noise_conditioned_critic': found effort 'thorough'; expected quick"):
        estimate_divergences(draw(300, 2, 0), draw(300, 2, 1), "js", spread=0.5, effort="thorough")
