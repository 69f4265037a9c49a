"""Mode coverage of points: exact figures on made-up sample sets, and the floors that a perfect model reaches."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor
from torch import distributed as dist

from bench.datasets.base import Dataset, Modes, load_dataset
from bench.errors import BenchError
from bench.metrics import METRICS, ModeCoverage, mode_coverage
from bench.metrics.mode_assigners import make_assigner
from bench.metrics.modes import _list_shares

from .conftest import Sampler, SubjectMaker

PERFECT = 1 - math.exp(-4.5)
"""Probability that a two-dimensional normal variable is within three standard deviations of its mean."""

MODES = {"ring": 8, "grid": 25, "mixture": 2}


@pytest.fixture(scope="module", params=MODES)
def data(request: pytest.FixtureRequest) -> Dataset:
    return load_dataset(request.param)


@pytest.fixture(scope="module")
def ring() -> Dataset:
    return load_dataset("ring")


def modes_of(data: Dataset) -> Modes:
    assert data.modes is not None
    return data.modes


def weights_of(data: Dataset) -> list[float]:
    return modes_of(data).weights.double().tolist()


def perfect(modes: Modes, n: int, seed: int, width: float = 1.0) -> Tensor:
    """Draws from the mixture itself, or with modes `width` times as wide."""
    generator = torch.Generator().manual_seed(seed)
    mode = torch.multinomial(modes.weights, n, replacement=True, generator=generator)
    noise = torch.randn(n, modes.centres.shape[1], generator=generator)
    return modes.centres[mode] + width * modes.scale[mode, None] * noise


def figures_of(covered: int, total: int, n: int, quality: float, kl: float | None) -> dict[str, float]:
    figures = {"modes_covered": covered, "modes_total": total, "mode_n": n, "high_quality_fraction": quality}
    return figures if kl is None else figures | {"mode_kl": kl}


@dataclass(frozen=True)
class Given:
    """Takes the numbers of modes as examples; negative ones are of low quality."""

    weights: Tensor
    judges_quality: bool = True

    def assign(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        return samples.clamp(min=0), samples >= 0


def test_all_modes(data: Dataset) -> None:
    """As many points at each centre as there are modes, whatever the weights are."""
    modes = modes_of(data)
    total = len(modes.centres)
    samples = modes.centres.repeat(5, 1)
    kl = -sum(math.log(weight * total) for weight in weights_of(data)) / total
    expected = figures_of(total, total, 5 * total, 1, kl)
    assert mode_coverage(samples, data) == pytest.approx(expected, abs=1e-6)
    assert mode_coverage(samples, data.name) == mode_coverage(samples, modes) == mode_coverage(samples, data)


def test_in_the_proportions_of_the_weights() -> None:
    """33 and 67 of 100, as the default mixture has them."""
    modes = modes_of(load_dataset("mixture"))
    samples = torch.cat([modes.centres[:1].repeat(33, 1), modes.centres[1:].repeat(67, 1)])
    assert mode_coverage(samples, "mixture") == pytest.approx(figures_of(2, 2, 100, 1, 0), abs=1e-12)


def test_one_mode_missing(data: Dataset) -> None:
    centres, weights = modes_of(data).centres[1:], weights_of(data)[1:]
    total = len(centres)
    kl = -sum(math.log(weight * total) for weight in weights) / total
    expected = figures_of(total, total + 1, total, 1, kl)
    assert mode_coverage(centres, data) == pytest.approx(expected, abs=1e-6)


def test_all_collapsed_to_one_mode(data: Dataset) -> None:
    samples = modes_of(data).centres[:1].repeat(100, 1)
    expected = figures_of(1, MODES[data.name], 100, 1, -math.log(weights_of(data)[0]))
    assert mode_coverage(samples, data) == pytest.approx(expected, abs=1e-6)


def test_noise_only_has_no_histogram(data: Dataset) -> None:
    samples = torch.full((50, data.shape[0]), 1000.0)
    assert mode_coverage(samples, data) == figures_of(0, MODES[data.name], 50, 0, None)


def test_only_high_quality_points_enter_the_histogram(ring: Dataset) -> None:
    """Three good points in mode 0, one in mode 1, and noise nearest to mode 2."""
    centres = modes_of(ring).centres
    samples = torch.cat([centres[[0, 0, 0, 1]], 0.5 * centres[[2]].repeat(6, 1)])
    kl = 0.75 * math.log(0.75 * 8) + 0.25 * math.log(0.25 * 8)
    assert mode_coverage(samples, ring) == pytest.approx(figures_of(2, 8, 10, 0.4, kl), abs=1e-6)


@given(angle=st.floats(0, 2 * math.pi), radius=st.floats(0, 6), mode=st.integers(0, 7))
def test_quality_ends_at_three_standard_deviations(angle: float, radius: float, mode: int) -> None:
    assume(abs(radius - 3) > 1e-3)  # the boundary itself is a matter of float32 rounding
    data = Modes(*(torch.as_tensor(t) for t in ([[10.0 * k, 0.0] for k in range(8)], [0.5] * 8, [0.125] * 8)))
    offset = 0.5 * radius * torch.tensor([math.cos(angle), math.sin(angle)])
    figures = mode_coverage((data.centres[mode] + offset).unsqueeze(0), data)
    assert figures["high_quality_fraction"] == (1 if radius < 3 else 0)


def test_modes_have_their_own_widths_and_weights() -> None:
    data = Modes(torch.tensor([[-1.0], [2.0]]), torch.tensor([0.1, 1.0]), torch.tensor([0.25, 0.75]))
    samples = torch.tensor([[-0.75], [-0.6], [4.5], [2.0], [5.1]])
    kl = math.log((1 / 3) / 0.25) / 3 + 2 * math.log((2 / 3) / 0.75) / 3
    assert mode_coverage(samples, data) == pytest.approx(figures_of(2, 2, 5, 3 / 5, kl), abs=1e-6)


@given(
    weights=st.lists(st.floats(0.01, 1), min_size=1, max_size=40),
    counts=st.lists(st.integers(0, 1000), min_size=40, max_size=40),
    noise=st.integers(0, 50),
)
def test_figures_of_any_histogram(weights: list[float], counts: list[int], noise: int) -> None:
    """Against SciPy's relative entropy, which normalises both sides."""
    law, histogram = np.array(weights) / sum(weights), np.array(counts[: len(weights)])
    assume(histogram.sum() + noise > 0)
    metric = ModeCoverage(Given(torch.from_numpy(law)))
    metric.update(torch.from_numpy(np.repeat(np.arange(len(law)), histogram)))
    metric.update(torch.full((noise,), -1))
    n, good = int(histogram.sum()) + noise, int(histogram.sum())
    kl = float(stats.entropy(histogram, law)) if good else None
    expected = figures_of(int((histogram > 0).sum()), len(law), n, good / n, kl)
    assert {k: float(v) for k, v in metric.compute().items()} == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_perfect_sampling_within_binomial_error(name: str) -> None:
    """Four standard deviations of a binomial share."""
    data, n = load_dataset(name), 100_000
    figures = mode_coverage(perfect(modes_of(data), n, seed=1), data)
    assert figures["high_quality_fraction"] == pytest.approx(PERFECT, abs=4 * math.sqrt(PERFECT * (1 - PERFECT) / n))
    share = mode_coverage(data.test, data)["high_quality_fraction"]
    assert share == pytest.approx(PERFECT, abs=4 * math.sqrt(PERFECT * (1 - PERFECT) / len(data.test)))


def test_perfect_sampling_in_one_dimension() -> None:
    """erf(3/√2) where modes lie apart, within four binomial standard deviations."""
    modes = Modes(torch.tensor([[-10.0], [0.0], [20.0]]), torch.tensor([0.1, 0.5, 1.0]), torch.tensor([0.2, 0.5, 0.3]))
    share, n = math.erf(3 / math.sqrt(2)), 100_000
    figures = mode_coverage(perfect(modes, n, seed=3), modes)
    assert figures["high_quality_fraction"] == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / n))


def test_perfect_sampling_of_the_overlapping_mixture() -> None:
    """The nearest mode of a point need not be its own: the figures that a perfect model has, by normal integrals.

    Within four standard errors: binomial for the share; for the divergence that of its linear part, in the shares.
    """
    data, n = load_dataset("mixture"), 400_000
    modes = modes_of(data)
    centres, scales = modes.centres[:, 0].double().numpy(), modes.scale.double().numpy()
    weights, middle = np.array(weights_of(data)), centres.mean()
    low = np.maximum(centres - 3 * scales, [-np.inf, middle])
    high = np.minimum(centres + 3 * scales, [middle, np.inf])
    mass = [float(weights @ (stats.norm.cdf(b, centres, scales) - stats.norm.cdf(a, centres, scales)))
            for a, b in zip(low, high, strict=True)]  # fmt: skip
    share = sum(mass)
    kl = float(stats.entropy(mass, weights))
    assert (share, kl) == pytest.approx((0.937, 0.0077), abs=5e-4)  # as the documentation of mode_coverage has them
    figures = mode_coverage(perfect(modes, n, seed=4), data)
    assert figures["high_quality_fraction"] == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / n))
    p = np.array(mass) / share
    slope = np.log(p / weights)
    error = math.sqrt(float(p @ slope**2 - (p @ slope) ** 2) / (n * share))
    assert figures["mode_kl"] == pytest.approx(kl, abs=4 * error)


@pytest.mark.parametrize(("name", "width"), [("ring", 0.5), ("grid", 0.9)])
def test_narrower_than_the_data_is_above_the_perfect_fraction(name: str, width: float) -> None:
    """By 1 − exp(−4.5 / width²), within four binomial standard deviations."""
    data, n = load_dataset(name), 20_000
    share = 1 - math.exp(-4.5 / width**2)
    found = mode_coverage(perfect(modes_of(data), n, seed=2, width=width), data)["high_quality_fraction"]
    assert found > PERFECT
    assert found == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / n) + 1e-9)


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_floor_of_mode_kl(name: str) -> None:
    """(K − 1)/2N on average: 2N·KL is χ² with K − 1 degrees of freedom, so four standard errors over 200 sets."""
    data, modes, sets, n = load_dataset(name), MODES[name], 200, 2500
    mean = sum(mode_coverage(perfect(modes_of(data), n, seed), data)["mode_kl"] for seed in range(sets)) / sets
    floor = (modes - 1) / (2 * n * PERFECT)
    assert mean == pytest.approx(floor, abs=4 * math.sqrt(2 * (modes - 1) / sets) / (2 * n) + floor / n)


def test_merged_states_equal_one_pass(data: Dataset) -> None:
    samples = perfect(modes_of(data), 1000, seed=0)
    assigner = make_assigner(data)
    assert assigner is not None
    whole, left, right = (ModeCoverage(assigner) for _ in range(3))
    whole.update(samples)
    left.update(samples[:300])
    right.update(samples[300:])
    left.merge_state(right)
    assert {k: float(v) for k, v in left.compute().items()} == {k: float(v) for k, v in whole.compute().items()}


def _process(rank: int, folder: str) -> None:
    """One of two processes: updates with its share of the samples, and writes what both have together."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    try:
        ring = load_dataset("ring", size=10)
        assigner = make_assigner(ring)
        assert assigner is not None
        metric = ModeCoverage(assigner)
        samples = perfect(modes_of(ring), 900, seed=0)
        metric.update(samples[:200] if rank == 0 else samples[200:])
        figures = {k: float(v) for k, v in metric.compute().items()}
        Path(folder, f"{rank}.json").write_text(json.dumps(figures), encoding="utf-8")
    finally:
        dist.destroy_process_group()


@pytest.mark.skipif(not dist.is_gloo_available(), reason="torch is built without gloo")
def test_two_processes_have_the_figures_of_one(ring: Dataset, tmp_path: Path) -> None:
    torch.multiprocessing.spawn(_process, (str(tmp_path),), nprocs=2)  # type: ignore[no-untyped-call]
    expected = mode_coverage(perfect(modes_of(ring), 900, seed=0), ring)
    for rank in range(2):
        assert json.loads((tmp_path / f"{rank}.json").read_text(encoding="utf-8")) == expected


def test_suite_metric(make_subject: SubjectMaker, ring: Dataset) -> None:
    sizes: list[int] = []

    def sample(n: int, generator: torch.Generator) -> Tensor:
        sizes.append(n)
        return perfect(modes_of(ring), n, int(torch.randint(99, (1,), generator=generator)))

    subject = make_subject(ring, sample, samples=77)
    figures = METRICS["mode_coverage"].measure(subject)
    assert sizes == [2500]
    assert (figures["modes_covered"], figures["mode_n"]) == (8, 2500)
    assert METRICS["mode_coverage"].labels(subject) == {}
    assert METRICS["mode_coverage"].measure(subject) == figures
    shares = [figures[f"mode_share_{mode}"] for mode in range(8)]
    assert sum(shares) == pytest.approx(1)
    assert sum(share * math.log(share * 8) for share in shares) == pytest.approx(figures["mode_kl"])


@pytest.mark.parametrize("far", [0, 1000])
def test_shares_are_of_the_high_quality_samples(make_subject: SubjectMaker, ring: Dataset, far: int) -> None:
    """Three of four in mode 0, one in mode 2; without any good sample there is no histogram."""

    def sample(n: int, _: torch.Generator) -> Tensor:
        return modes_of(ring).centres[[0, 0, 0, 2]].repeat(n // 4, 1) + far

    figures = METRICS["mode_coverage"].measure(make_subject(ring, sample))
    shares = {name: value for name, value in figures.items() if name.startswith("mode_share_")}
    expected = dict.fromkeys((f"mode_share_{mode}" for mode in range(8)), 0.0)
    assert shares == ({} if far else expected | {"mode_share_0": 0.75, "mode_share_2": 0.25})


def test_a_thousand_modes_have_no_shares() -> None:
    metric = ModeCoverage(Given(torch.full((1000,), 0.001)))
    metric.update(torch.arange(1000))
    assert _list_shares(metric) == {}


def test_is_absent_without_modes(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    assert METRICS["mode_coverage"].measure(make_subject(points, normal)) == {}
    with pytest.raises(BenchError, match="'points' has neither modes nor classes"):
        mode_coverage(points.test, points)


def test_refuses_bad_samples_and_weights(ring: Dataset) -> None:
    with pytest.raises(BenchError, match="samples: 2 of 2 values are NaN"):
        mode_coverage(torch.full((1, 2), float("nan")), ring)
    with pytest.raises(BenchError, match="dimension 3; expected 2"):
        mode_coverage(torch.zeros(4, 3), ring)
    with pytest.raises(BenchError, match="samples: 0 examples"):
        mode_coverage(torch.zeros(0, 2), ring)
    with pytest.raises(BenchError, match="weights of sum 0, 8 of 8 not positive; expected positive numbers of sum 1"):
        mode_coverage(torch.zeros(4, 2), dataclasses.replace(modes_of(ring), weights=torch.zeros(8)))
