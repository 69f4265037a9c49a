"""Active units: against torch's variance, near the threshold, and merged."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from bench.errors import BenchError
from bench.metrics.likelihood import ActiveUnits, count_active_units


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 60),
    units=st.integers(1, 8),
    spread=st.floats(0.02, 0.5),
    shift=st.floats(-1000, 1000),
)
def test_counts_units_whose_mean_varies_by_more_than_a_hundredth(
    seed: int, n: int, units: int, spread: float, shift: float
) -> None:
    """Also far from zero; a shift of 1,000 loses 1e-10 of a variance, and no drawn one is that near the threshold."""
    generator = torch.Generator().manual_seed(seed)
    means = shift + spread * torch.randn(n, units, generator=generator, dtype=torch.float64)
    expected = int((means.var(0) > 0.01).sum())
    whole, left, right = (ActiveUnits(units) for _ in range(3))
    whole.update(means)
    left.update(means[:1])
    right.update(means[1:])
    left.merge_state(right)
    assert int(whole.compute()) == int(left.compute()) == expected


@pytest.mark.parametrize(("variance", "active"), [(0.0099, 0), (0.0101, 1)])
def test_threshold(variance: float, active: int) -> None:
    """Two points at ±√(v/2) have the variance v."""
    metric = ActiveUnits(1)
    metric.update(torch.tensor([[1.0], [-1.0]]).double() * (variance / 2) ** 0.5)
    assert int(metric.compute()) == active


class Encoder(nn.Module):
    """Three units, of which one is constant and one varies little."""

    latent_dim = 3

    def elbo_terms(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def posterior_mean(self, x: Tensor) -> Tensor:
        return torch.cat([x, 0.09 * x, torch.full_like(x, 7.0)], 1)


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_of_a_model(chunk: int) -> None:
    x = torch.randn(500, 1, generator=torch.Generator().manual_seed(0))
    assert int(count_active_units(Encoder(), x, chunk=chunk).compute()) == 1
    assert int(count_active_units(Encoder(), 2 * x, chunk=chunk).compute()) == 2


@pytest.mark.filterwarnings("ignore:The ``compute`` method:UserWarning")
def test_refuses_bad_input() -> None:
    with pytest.raises(BenchError, match="latent_dim 0"):
        ActiveUnits(0)
    with pytest.raises(BenchError, match="expected \\(n, 2\\)"):
        ActiveUnits(2).update(torch.zeros(5, 3))
    with pytest.raises(BenchError, match="posterior mean: 1 of 4 values are NaN"):
        ActiveUnits(2).update(torch.tensor([[0.0, 1.0], [float("nan"), 0.0]]))
    one = ActiveUnits(2)
    one.update(torch.zeros(1, 2))
    with pytest.raises(BenchError, match="1 examples; expected at least 2"):
        one.compute()
