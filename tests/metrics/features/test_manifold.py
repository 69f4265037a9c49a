"""Precision, recall, density and coverage: made-up configurations, closed forms, plain loops and scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from bench.errors import BenchError
from bench.metrics.features import DensityCoverage, PrecisionRecall, density_coverage, neighbours, precision_recall
from bench.metrics.features.manifold import compute_manifold_figures, measure_data_radii
from bench.metrics.features.neighbours import squared_radii

POINTS = torch.tensor([0.0, 1.0, 3.0, 6.0, 10.0]).unsqueeze(1)


def normal(n: int, d: int, seed: int, shift: float = 0.0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + shift


def all_four(x: Tensor, y: Tensor, k: int, k_density: int) -> dict[str, float]:
    return precision_recall(x, y, k) | density_coverage(x, y, k_density)


def by_loops(x: Tensor, y: Tensor, k: int, k_density: int) -> dict[str, float]:
    """The definitions, on whole numbers, where squared distances are exact."""

    def square(a: list[float], b: list[float]) -> int:
        return sum((int(p) - int(q)) ** 2 for p, q in zip(a, b, strict=True))

    p, q = x.tolist(), y.tolist()

    def radius(points: list[list[float]], i: int, neighbour: int) -> int:
        return sorted(square(points[i], other) for j, other in enumerate(points) if j != i)[neighbour - 1]

    near = [radius(p, i, k) for i in range(len(p))]
    near_model = [radius(q, j, k) for j in range(len(q))]
    balls = [radius(p, i, k_density) for i in range(len(p))]
    inside = [[square(a, b) < r for b in q] for a, r in zip(p, balls, strict=True)]
    return {
        "precision": sum(any(square(a, b) <= r for a, r in zip(p, near, strict=True)) for b in q) / len(q),
        "recall": sum(any(square(a, b) <= r for b, r in zip(q, near_model, strict=True)) for a in p) / len(p),
        "density": sum(map(sum, inside)) / (k_density * len(q)),
        "coverage": sum(map(any, inside)) / len(p),
    }


@given(
    n=st.integers(6, 25),
    m=st.integers(6, 25),
    d=st.integers(1, 3),
    width=st.integers(1, 6),
    ks=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([1.0, 2.0**-10, 3e-4, 0.1]),
    offset=st.sampled_from([0.0, 7.0]),
)
def test_equals_the_definition_where_most_distances_tie(
    n: int, m: int, d: int, width: int, ks: tuple[int, int], seed: int, scale: float, offset: float
) -> None:
    """Points of a small lattice: many coincide, and many lie at the edge of a ball, whatever the unit."""
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randint(0, width, (size, d), generator=generator).double() for size in (n, m))
    figures = all_four(x * scale + offset * scale, y * scale + offset * scale, *ks)
    assert figures == pytest.approx(by_loops(x, y, *ks), rel=1e-12)


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_tiles_change_nothing(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normal(50, 3, 0), normal(40, 3, 1, 0.5)
    whole = all_four(x, y, 3, 5)
    monkeypatch.setattr(neighbours, "_SIDE", size)
    monkeypatch.setattr(neighbours, "_BLOCK", size * size)
    assert all_four(x, y, 3, 5) == whole


@pytest.mark.parametrize(("d", "spread"), [(2, 1.0), (64, 1.0), (64, 1e-6), (3, 1e5)])
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_radii_equal_scikit_learns(d: int, spread: float, offset: float) -> None:
    points = normal(400, d, 0) * spread + offset
    distances, _ = NearestNeighbors(algorithm="kd_tree").fit(points.numpy()).kneighbors(n_neighbors=5)
    radii = squared_radii(points, [3, 5])
    for k in (3, 5):
        torch.testing.assert_close(radii[k].sqrt(), torch.from_numpy(distances[:, k - 1]), rtol=1e-9, atol=0)


def test_radii_survive_cancellation() -> None:
    """Clusters far apart whose points differ by less than the rounding of squared norms; each has more than spare."""
    steps = torch.arange(20, dtype=torch.float64) * 2.0**-26
    points = torch.cat([steps, steps + 4096.0]).unsqueeze(1)
    radii = squared_radii(points, [1, 3])
    assert torch.equal(radii[1], torch.full((40,), 2.0**-52, dtype=torch.float64))
    ends = torch.tensor([3.0, 2, *[2.0] * 16, 2, 3], dtype=torch.float64)
    assert torch.equal(radii[3], (ends * 2.0**-26).square().repeat(2))


def test_identical_sets() -> None:
    """Open balls to the k-th neighbour hold the centre and k − 1 others: a density of exactly 1, without ties."""
    x = normal(200, 5, 0)
    assert all_four(x, x, 3, 5) == {"precision": 1, "recall": 1, "density": 1, "coverage": 1}


def test_disjoint_sets() -> None:
    figures = all_four(normal(200, 5, 0), normal(150, 5, 1, 1000.0), 3, 5)
    assert figures == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_a_model_without_half_of_the_modes() -> None:
    """Good samples, half of the data out of reach: precision stays, recall and coverage halve."""
    x = torch.cat([normal(500, 2, 0), normal(500, 2, 1, 100.0)])
    whole = all_four(x, torch.cat([normal(500, 2, 2), normal(500, 2, 3, 100.0)]), 3, 5)
    half = all_four(x, normal(1000, 2, 4), 3, 5)
    assert half["precision"] == pytest.approx(whole["precision"], abs=0.05)
    assert half["recall"] == pytest.approx(whole["recall"] / 2, abs=0.03)
    # Those that are left have twice as many points near them, so that more of them are covered.
    assert float(whole["coverage"]) / 2 <= half["coverage"] <= 0.5


def test_a_model_that_repeats_one_point() -> None:
    """Its balls have radius 0: closed, each holds the point itself, and no other point of the data."""
    x = POINTS
    y = torch.full((6, 1), 3.0)
    figures = all_four(x, y, 1, 2)
    assert figures["precision"] == 1
    assert figures["recall"] == 1 / 5
    # The open balls of radii 3, 2, 3, 4, 7 about 0, 1, 3, 6, 10 that hold 3: those of 3 and 6; of 10, at 7, not.
    assert figures["density"] == pytest.approx(2 / 2)
    assert figures["coverage"] == 2 / 5


def test_coinciding_data() -> None:
    """Five times one point: closed balls of radius 0 hold it, open ones are empty."""
    x = torch.zeros(5, 2)
    same, other = torch.zeros(4, 2), torch.ones(4, 2)
    assert all_four(x, same, 3, 3) == {"precision": 1, "recall": 1, "density": 0, "coverage": 0}
    assert all_four(x, other, 3, 3) == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_edges() -> None:
    """A point at the distance of the neighbour is in a closed ball, and not in an open one."""
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [3.0]])
    assert all_four(x, y, 1, 1) == {"precision": 0.5, "recall": 0.5, "density": 0, "coverage": 0}
    nearer = torch.tensor([[2.0 - 1e-9], [3.0]], dtype=torch.float64)
    assert all_four(x, nearer, 1, 1)["coverage"] == 0.5
    farther = torch.tensor([[2.0 + 1e-9], [3.0 + 1e-9]], dtype=torch.float64)
    assert all_four(x, farther, 1, 1)["precision"] == 0


def test_a_far_outlier_changes_nothing_about_the_others() -> None:
    x, y = normal(100, 3, 0), normal(99, 3, 1)
    before = all_four(x, y, 3, 5)
    after = all_four(x, torch.cat([y, torch.full((1, 3), 1e9, dtype=torch.float64)]), 3, 5)
    assert after["precision"] == pytest.approx(before["precision"] * 99 / 100)
    assert after["density"] == pytest.approx(before["density"] * 99 / 100)
    assert after["coverage"] == before["coverage"]
    assert after["recall"] >= before["recall"]  # the outlier's own ball holds all others


def expected_coverage(n: int, m: int, k: int) -> float:
    """Chance that the k nearest of the n + m − 1 other points are not all among the n − 1 of the data."""
    return 1 - math.prod((n - i) / (n + m - i) for i in range(1, k + 1))


@pytest.mark.parametrize(("n", "m", "k"), [(40, 40, 5), (40, 40, 1), (30, 60, 5), (60, 20, 3)])
@pytest.mark.parametrize("law", ["normal", "heavy", "uniform"])
def test_expectations_where_both_laws_are_one(n: int, m: int, k: int, law: str) -> None:
    """Density 1 and coverage in closed form, whatever the continuous law and the dimension."""
    values = []
    generator = torch.Generator().manual_seed(n + m + k)
    for repeat in range(400):
        points = torch.randn(n + m, 1 + repeat % 4, generator=generator, dtype=torch.float64)
        if law == "heavy":
            points = points**3
        if law == "uniform":
            points = torch.special.ndtr(points)
        figures = density_coverage(points[:n], points[n:], k)
        values.append([figures["density"], figures["coverage"]])
    table = torch.tensor(values, dtype=torch.float64)
    errors = table.std(0) / len(table) ** 0.5
    offsets = table.mean(0) - torch.tensor([1.0, expected_coverage(n, m, k)], dtype=torch.float64)
    # 24 such figures: one beyond 4 standard errors by chance in 700 runs.
    assert bool((offsets.abs() < 4 * errors).all()), (offsets / errors).tolist()


def test_one_pass_equals_the_parts() -> None:
    x, y = normal(300, 8, 0), normal(250, 8, 1, 0.3)
    assert compute_manifold_figures(x, measure_data_radii(x), y) == all_four(x, y, 3, 5)


@pytest.mark.parametrize(
    ("kind", "function"), [(PrecisionRecall, precision_recall), (DensityCoverage, density_coverage)]
)
def test_metrics_merge_and_equal_the_functions(kind: type, function: object) -> None:
    x, y = normal(50, 3, 0), normal(40, 3, 1, 0.5)
    one, other = kind(k=4), kind(k=4)
    one.update(x[:20], real=True)
    one.update(y[:30], real=False)
    other.update(y[30:], real=False)
    other.update(x[20:], real=True)
    one.merge_state(other)
    figures = {name: float(value) for name, value in one.compute().items()}
    assert figures == function(x, y, k=4)  # type: ignore[operator]


def test_refuses_what_it_cannot_compare() -> None:
    with pytest.raises(BenchError, match="y: 3 examples; expected at least 4"):
        precision_recall(torch.randn(9, 2), torch.randn(3, 2))
    with pytest.raises(BenchError, match="x: 5 examples; expected at least 6"):
        density_coverage(torch.randn(5, 2), torch.randn(9, 2))
    with pytest.raises(BenchError, match="y: dimension 3; expected 2"):
        density_coverage(torch.randn(9, 2), torch.randn(9, 3))


@pytest.mark.parametrize("k", [0, -1, 2.5, 3.0, True, None, "3"])
@pytest.mark.parametrize("call", [precision_recall, density_coverage])
def test_neighbours_are_counted_from_one(call: Callable[..., object], k: object) -> None:
    with pytest.raises(BenchError, match=r"k = .*; expected .*at least 1 \(1 for the nearest neighbour\)"):
        call(normal(20, 2, 0), normal(20, 2, 1), k)


@pytest.mark.parametrize("metric", [PrecisionRecall, DensityCoverage])
def test_metrics_refuse_what_functions_refuse(metric: type[PrecisionRecall]) -> None:
    with pytest.raises(BenchError, match="k = 0; expected at least 1"):
        metric(k=0)


@given(exponent=st.integers(-1060, 1019), seed=st.integers(0, 10**6), move=st.sampled_from([0.0, 2.0**20]))
def test_figures_have_no_unit(exponent: int, seed: int, move: float) -> None:
    """Powers of two and a shift by a whole number change no bit of a lattice point."""
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randint(-9, 9, (30, 2), generator=generator).double() for _ in range(2))
    moved = [math.ldexp(1.0, exponent) * (side + (move if exponent < 900 else 0)) for side in (x, y)]
    assert all_four(*moved, 3, 5) == all_four(x, y, 3, 5)
