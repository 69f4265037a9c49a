"""Pairs: the size asked for, exact values, and samples that are what they say."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from bench.calibration import BIJECTIONS, SHAPES, fingerprint, pair_of, register_shape
from bench.calibration.pairs import Pair
from bench.errors import BenchError
from bench.spec import PairSettings


def pair(shape: str, d: int = 3, size: float = 0.5, bijection: str = "none") -> Pair:
    measure = SHAPES[shape].measure if shape in SHAPES else "kl"
    made = pair_of(PairSettings(shape=shape, dimensions=d, size=size, measure=measure, bijection=bijection))
    assert isinstance(made, Pair)
    return made


CUBES = ("sharp_edges", "partial_overlap")  # points on an edge may be rounded across it
EVERY = [(shape, d) for shape in SHAPES for d in (1, 2, 10, 50) if d >= SHAPES[shape].least_dimensions]


@pytest.mark.parametrize("size", [0.05, 2.0])
@pytest.mark.parametrize(("shape", "d"), EVERY)
def test_the_size_is_as_asked_for(shape: str, d: int, size: float) -> None:
    both = pair(shape, d, size)
    if both.shape.measure == "kl":
        assert both.exact("kl") == pytest.approx(size, rel=1e-9)
        return
    squared_hellinger = both.exact("squared_hellinger")
    assert squared_hellinger is not None
    assert -2 * math.log1p(-squared_hellinger / 2) == pytest.approx(size, rel=1e-9)
    assert both.exact("kl") == both.exact("reverse_kl") == math.inf


def undo_maps(pair: Pair, points: Tensor) -> Tensor:
    """Mapped points as they were drawn."""
    before = torch.linalg.solve(pair.map.T, points.double().T).T if pair.shape.turned else points.double()
    return before if pair.shape.bend is None else pair.shape.bend(points.shape[1]).inverse(before)


def log_ratios(pair: Pair, points: Tensor) -> Tensor:
    """Log p/q at mapped points, from the laws before the map."""
    before = undo_maps(pair, points).reshape(-1, *pair.p.event_shape)
    return pair.p.log_prob(before) - pair.q.log_prob(before)


@pytest.mark.parametrize(("shape", "d"), [case for case in EVERY if case[0] not in CUBES])
def test_samples_have_the_divergences_that_they_are_said_to_have(shape: str, d: int) -> None:
    """Mean log-ratios under P and Q against the exact kl and reverse_kl, within 5 standard errors.

    Sampling, map and laws would have to err together for this to pass by mistake.
    """
    n = 20_000
    both = pair(shape, d, 0.5)
    for points, name, sign in zip(both.sample(n, seed=1), ("kl", "reverse_kl"), (1, -1), strict=True):
        v = sign * log_ratios(both, points)
        assert (points.shape, points.dtype) == ((n, d), torch.float32)
        assert float(v.mean()) == pytest.approx(both.exact(name), abs=5 * float(v.std()) / math.sqrt(n))


@pytest.mark.parametrize(("shape", "d"), [case for case in EVERY if case[0] not in CUBES])
def test_log_ratios_are_those_of_the_very_points(shape: str, d: int) -> None:
    """Against the laws at the points with their maps undone; to float32, which the points are.

    Rounding a point by ε standard deviations changes a log-ratio by its slope times ε: in a ridge of width .02 and in
    pixels of width .01 that is a hundred times more.
    """
    both = pair(shape, d)
    for points, ratios in zip(both.sample(500, 2), both.sample_log_ratios(500, 2), strict=True):
        assert ratios.dtype == torch.float64
        torch.testing.assert_close(ratios, log_ratios(both, points), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("bijection", [name for name in BIJECTIONS if name != "none"])
def test_log_ratios_are_the_same_under_a_bijection(bijection: str) -> None:
    plain, bent = pair("heavy_tails", 4), pair("heavy_tails", 4, bijection=bijection)
    for one, other in zip(plain.sample_log_ratios(50, 0), bent.sample_log_ratios(50, 0), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("d", [1, 10])
def test_log_ratios_of_cubes_are_of_the_shared_volume(d: int) -> None:
    """Uniform laws: log p/q is the strength or −∞, ±∞ where one has no mass, and 0 where both have the same."""
    v_p, v_q = pair("sharp_edges", d).sample_log_ratios(2000, 0)
    torch.testing.assert_close(v_p, torch.full_like(v_p, 0.5))
    assert sorted({round(v, 9) for v in v_q.tolist()}) == [-math.inf, 0.5]
    v_p, v_q = pair("partial_overlap", d).sample_log_ratios(2000, 0)
    assert sorted({abs(round(v, 9)) for v in v_p.tolist()}) == [0.0, math.inf]
    assert sorted({-abs(round(v, 9)) for v in v_q.tolist()}) == [-math.inf, 0.0]


@pytest.mark.parametrize("d", [1, 10])
def test_cubes_share_the_volume_that_they_are_said_to(d: int) -> None:
    """Of Q's points e^−½ lie in P's cube at a kl of ½, e^−¼ at a Rényi divergence of ½: within 5 standard errors."""
    n = 20_000
    for shape, share in (("sharp_edges", math.exp(-0.5)), ("partial_overlap", math.exp(-0.25))):
        _, y = pair(shape, d).sample(n, seed=1)
        before = undo_maps(pair(shape, d), y)
        inside = ((before >= 0) & (before <= 1)).all(1).double().mean()
        assert float(inside) == pytest.approx(share, abs=5 * math.sqrt(share * (1 - share) / n)), shape


@pytest.mark.parametrize("bijection", [name for name in BIJECTIONS if name != "none"])
@pytest.mark.parametrize("shape", ["heavy_tails", "spiky_pixels", "thin_ridge"])
def test_a_bijection_maps_the_points_of_the_plain_pair(shape: str, bijection: str) -> None:
    """By its inverse they come back, to float32, which the plain pair's points are; exact values stay."""
    plain, bent = pair(shape, 4), pair(shape, 4, bijection=bijection)
    for before, after in zip(plain.sample(500, 0), bent.sample(500, 0), strict=True):
        assert after.dtype == torch.float64
        assert after.shape == (500, 5 if bijection == "swiss_roll" else 4)
        assert len(after.unique(dim=0)) == 500
        back = bent.bijection.inverse(after)
        near = (before.double() - before.double().mean(0)).abs().amax(1) < 5 * before.std(0).amin()
        torch.testing.assert_close(back[near], before[near].double(), rtol=1e-4, atol=1e-4)
    assert bent.exact("js") == plain.exact("js")
    assert fingerprint(bent.settings) != fingerprint(plain.settings)


def test_samples_are_a_function_of_pair_n_and_seed_alone() -> None:
    torch.manual_seed(3)
    state = torch.random.get_rng_state()
    x, y = pair("heavy_tails").sample(50, 0)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(4)
    again = pair("heavy_tails").sample(50, 0)
    assert torch.equal(x, again[0])
    assert torch.equal(y, again[1])
    others = [pair("heavy_tails").sample(50, 1)[0], pair("heavy_tails", size=0.6).sample(50, 0)[0], y]
    assert all(not torch.equal(x, other) for other in others)


@pytest.mark.parametrize("d", [1, 2, 50])
def test_the_map_is_a_rotation_with_scales(d: int) -> None:
    linear = pair("shifted", d).map
    scales = linear.norm(dim=0)
    assert float(scales.min()) >= 0.5
    assert float(scales.max()) <= 2.0
    rotation = linear / scales
    torch.testing.assert_close(rotation.T @ rotation, torch.eye(d, dtype=torch.float64))
    assert torch.equal(linear, pair("shifted", d).map)
    assert d == 1 or not torch.equal(linear, pair("shifted", d, 0.6).map)


def test_infinite_divergences_are_infinite() -> None:
    assert pair("scaled", 1, 2.0).exact("pearson") == math.inf
    assert pair("widened", 10, 2.0).exact("neyman") == math.inf
    assert pair("widened", 10, 2.0).exact("pearson") < math.inf


def test_bounded_divergences_stay_within_their_bounds() -> None:
    for shape in SHAPES:
        both = pair(shape, 10, 2.0)
        js, tv = both.exact("js"), both.exact("total_variation")
        assert js is not None
        assert tv is not None
        # js and its bounds by total variation: (1 + TV) log(1 + TV) + (1 − TV) log(1 − TV) ≤ js ≤ 2 TV log 2
        assert (1 + tv) * math.log1p(tv) + (1 - tv) * math.log1p(-tv) <= js <= 2 * tv * math.log(2)


def test_fingerprints_tell_pairs_apart() -> None:
    settings = [
        PairSettings(shape=shape, dimensions=d, size=size)
        for shape in ("shifted", "scaled")
        for d in (1, 2)
        for size in (0.5, 2.0)
    ]
    assert len({fingerprint(s) for s in settings}) == len(settings)


def test_what_does_not_exist_is_told() -> None:
    with pytest.raises(BenchError, match=r"shape 'correlated': found 1 dimensions; expected at least 2"):
        pair("correlated", 1)
    with pytest.raises(BenchError, match=r"bijection 'spiral': found 1 dimensions; expected at least 2"):
        pair("shifted", 1, bijection="spiral")
    with pytest.raises(BenchError, match=r"shape 'shifted': found a size in renyi; expected kl"):
        pair_of(PairSettings(shape="shifted", dimensions=1, size=0.5, measure="renyi"))
    with pytest.raises(BenchError, match=r"task '1v1-normal-0.75': found .* d=3 kl=0.4; expected .* d=2 kl=0.4133"):
        pair_of(PairSettings(shape="1v1-normal-0.75", dimensions=3, size=0.4))
    with pytest.raises(BenchError, match=r"unknown shape 'shfted'.*did you mean 'shifted'\?"):
        pair("shfted")


def test_a_size_out_of_reach_is_told() -> None:
    """N(δ, 1) against N(0, 1) with δ = tanh(strength) < 1: KL(P‖Q) = δ²/2 < ½."""

    @register_shape("bounded")
    def bounded(d: int, strength: float) -> tuple[Normal, Normal]:
        return Normal(*_tensors(math.tanh(strength), 1.0)), Normal(*_tensors(0.0, 1.0))

    assert pair("bounded", 1, 0.4).strength == pytest.approx(math.atanh(math.sqrt(0.8)))
    with pytest.raises(BenchError, match=r"reach 0.6 nats: at strength 64 it is 0.5; expected"):
        pair("bounded", 1, 0.6)


def test_a_shape_must_have_an_exact_kl() -> None:
    """In five dimensions this mixture has one by Monte Carlo alone; told that one matters, it is solved in one."""

    def apart(d: int, strength: float) -> tuple[MixtureSameFamily, MixtureSameFamily]:
        means = torch.zeros(2, 2, d, dtype=torch.float64)
        means[:, 1, 0] = 3.0
        means[0, 0, 0] = strength
        weights = torch.ones(2, dtype=torch.float64)
        modes = [Independent(Normal(mean, torch.ones(2, d, dtype=torch.float64)), 1) for mean in means]
        p, q = (MixtureSameFamily(Categorical(weights), parts) for parts in modes)
        return p, q

    register_shape("apart")(apart)
    register_shape("apart_on_the_line", effective_dimensions=1)(apart)
    with pytest.raises(BenchError, match=r"KL\(P‖Q\) has no exact value; expected laws.*effective_dimensions"):
        pair("apart", 5, 0.01)
    assert pair("apart_on_the_line", 5, 0.01).strength == pytest.approx(pair("apart", 1, 0.01).strength, rel=1e-12)


def _tensors(*values: float) -> tuple[Tensor, ...]:
    return tuple(torch.tensor(value, dtype=torch.float64) for value in values)
