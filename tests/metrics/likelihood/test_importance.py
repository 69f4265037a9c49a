"""The importance-weighted bound: its arithmetic, its noise, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp
from torch import Tensor, nn

from bench.datasets.base import Dataset
from bench.errors import BenchError
from bench.metrics import METRICS
from bench.metrics.likelihood import HasLogWeights, ImportanceWeightedBound, importance_weighted_bound
from tests.metrics.conftest import Sampler, SubjectMaker


class Recorder(nn.Module):
    """Log-weights that are a plain function of example and noise, both of which it remembers."""

    latent_dim = 3

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Tensor, Tensor]] = []

    def elbo_terms(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def log_weights(self, x: Tensor, noise: Tensor) -> Tensor:
        self.calls.append((x, noise))
        return x[:, 0] + noise.sum(-1)

    def noise_of(self, example: int) -> Tensor:
        """All noise that the example with this first coordinate met, in order: (draws, latent_dim)."""
        found = [noise[:, i] for x, noise in self.calls for i in (x[:, 0] == example).nonzero().flatten().tolist()]
        return torch.cat(found)


def examples(n: int) -> Tensor:
    return torch.arange(n, dtype=torch.float32)[:, None]


def run(n: int, samples: int, chunk: int = 2048) -> tuple[Recorder, dict[str, float]]:
    model = Recorder()
    metric = importance_weighted_bound(
        model, examples(n), torch.Generator().manual_seed(4), samples=samples, chunk=chunk
    )
    return model, {name: float(value) for name, value in metric.compute().items()}


@given(seed=st.integers(0, 10**6), k=st.integers(1, 20), n=st.integers(2, 30), level=st.floats(-2000, 2000))
def test_is_the_mean_of_log_mean_weights(seed: int, k: int, n: int, level: float) -> None:
    weights = level + 5 * torch.randn(k, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    whole, left, right = (ImportanceWeightedBound(k) for _ in range(3))
    whole.update(weights)
    left.update(weights[:, :1])
    right.update(weights[:, 1:])
    left.merge_state(right)
    each = logsumexp(weights.numpy(), axis=0, b=1 / k)
    for metric in (whole, left):
        figures = metric.compute()
        assert float(figures["log_likelihood_iw"]) == pytest.approx(each.mean(), rel=1e-12, abs=1e-10)
        # sums of squares of numbers about 2,000 lose 4e6 × 1e-16 of a variance
        assert float(figures["log_likelihood_iw_se"]) == pytest.approx(each.std(ddof=1) / math.sqrt(n), rel=1e-6)


@pytest.mark.parametrize(
    ("n", "samples", "chunk"), [(1, 1, 64), (5, 3, 2048), (130, 40, 64), (65, 33, 640), (64, 64, 99)]
)
def test_every_example_meets_as_many_draws_as_asked(n: int, samples: int, chunk: int) -> None:
    model, figures = run(n, samples, chunk)
    noise = torch.stack([model.noise_of(i) for i in range(n)], 1)
    assert noise.shape == (samples, n, 3)
    assert len(noise.flatten(0, 1).unique(dim=0)) == samples * n
    weights = (examples(n)[:, 0] + noise.sum(-1)).double().numpy()
    assert figures["log_likelihood_iw"] == pytest.approx(logsumexp(weights, axis=0, b=1 / samples).mean(), rel=1e-9)


def test_noise_is_a_function_of_example_and_draw_alone() -> None:
    """Neither of the chunk nor of how many examples and draws there are."""
    reference, _ = run(130, 70)
    for n, samples, chunk in [(130, 70, 64), (130, 70, 640), (100, 70, 2048), (7, 70, 64), (130, 33, 100), (3, 1, 64)]:
        model, _ = run(n, samples, chunk)
        for i in range(0, n, 9):
            assert torch.equal(model.noise_of(i), reference.noise_of(i)[:samples])


def test_noise_is_standard_normal_and_unrelated() -> None:
    """Moments, and correlations between neighbouring draws, examples and blocks: within 5 / √n of what is expected."""
    model, _ = run(256, 96)
    noise = torch.stack([model.noise_of(i) for i in range(256)], 1).double()
    tolerance = 5 / math.sqrt(noise.numel())
    assert float(noise.mean()) == pytest.approx(0, abs=tolerance)
    assert float(noise.square().mean()) == pytest.approx(1, abs=math.sqrt(2) * tolerance)
    for lag, axis in [(1, 0), (32, 0), (64, 0), (1, 1), (64, 1), (128, 1), (1, 2)]:
        products = noise * noise.roll(lag, axis)
        assert float(products.mean()) == pytest.approx(0, abs=tolerance)


def test_memory_is_bounded_by_the_chunk() -> None:
    model, _ = run(200, 100, 640)
    assert max(noise.shape[0] * noise.shape[1] for _, noise in model.calls) == 640


def test_generators_decide_the_noise() -> None:
    values = [
        float(importance_weighted_bound(Recorder(), examples(9), torch.Generator().manual_seed(s)).bound_sum)
        for s in (1, 1, 2)
    ]
    assert values[0] == values[1] != values[2]


def test_suite_metric(make_subject: SubjectMaker, points: Dataset, normal: Sampler) -> None:
    subject = make_subject(points, normal, model=Recorder(), importance_samples=7)
    before = torch.get_rng_state()
    assert isinstance(subject.model, HasLogWeights)
    figures = METRICS["log_likelihood_iw"].measure(subject)
    assert figures.keys() == {"log_likelihood_iw", "log_likelihood_iw_se", "importance_samples"}
    assert figures["importance_samples"] == 7
    assert METRICS["log_likelihood_iw"].measure(subject) == figures
    assert torch.equal(torch.get_rng_state(), before)


class BoundOnly(nn.Module):
    """An ELBO, but no importance weights."""

    latent_dim = 2

    def elbo_terms(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        return -x.square().sum(1), noise.square().sum(1)


@pytest.mark.parametrize("model", [nn.Identity(), BoundOnly()])
def test_is_absent_without_importance_weights(
    make_subject: SubjectMaker, points: Dataset, normal: Sampler, model: nn.Module
) -> None:
    assert METRICS["log_likelihood_iw"].measure(make_subject(points, normal, model=model)) == {}


def test_one_example_has_no_standard_error() -> None:
    metric = ImportanceWeightedBound(2)
    metric.update(torch.tensor([[0.0], [math.log(3)]]))
    assert {k: float(v) for k, v in metric.compute().items()} == {"log_likelihood_iw": pytest.approx(math.log(2))}


class Misshapen(Recorder):
    """Log-weights of the wrong shape."""

    def log_weights(self, x: Tensor, noise: Tensor) -> Tensor:
        return super().log_weights(x, noise).T


@pytest.mark.filterwarnings("ignore:The ``compute`` method:UserWarning")
def test_refuses_bad_input() -> None:
    generator = torch.Generator().manual_seed(0)
    with pytest.raises(BenchError, match="samples = 0; expected at least 1"):
        importance_weighted_bound(Recorder(), examples(3), generator, samples=0)
    with pytest.raises(BenchError, match="chunk = 63; expected at least 64 rows"):
        importance_weighted_bound(Recorder(), examples(3), generator, chunk=63)
    with pytest.raises(BenchError, match=r"Misshapen\.log_weights: shape \(3, 5\); expected .* = \(5, 3\)"):
        importance_weighted_bound(Misshapen(), examples(3), generator, samples=5)
    with pytest.raises(BenchError, match="log-weights: 4 of 8 values are NaN or infinite"):
        importance_weighted_bound(Recorder(), torch.tensor([[0.0], [np.nan]]), generator, samples=4)
    with pytest.raises(BenchError, match="expected \\(2, n\\)"):
        ImportanceWeightedBound(2).update(torch.zeros(3, 4))
    with pytest.raises(BenchError, match="no examples"):
        ImportanceWeightedBound(2).compute()


@given(seed=st.integers(0, 10**6), k=st.integers(2, 20), n=st.integers(2, 10))
def test_a_weight_of_zero_is_a_draw(seed: int, k: int, n: int) -> None:
    """A z under which x is impossible counts in the mean with the weight 0."""
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(k, n, generator=generator, dtype=torch.float64)
    lost = torch.rand(k, n, generator=generator) < 0.5
    lost[0] = False
    weights[lost] = -math.inf
    metric = ImportanceWeightedBound(k)
    metric.update(weights)
    expected = (weights.exp().sum(0) / k).log().mean()
    assert float(metric.compute()["log_likelihood_iw"]) == pytest.approx(float(expected), rel=1e-10)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_weights_that_are_no_numbers_are_refused_beside_zero_ones(bad: float) -> None:
    with pytest.raises(BenchError, match="log-weights: 1 of 4 values are NaN or infinite"):
        ImportanceWeightedBound(2).update(torch.tensor([[-math.inf, 0.0], [bad, 0.0]]))


def test_an_example_without_a_weight_is_refused() -> None:
    with pytest.raises(BenchError, match=r"all 2 draws of 1 of 3 examples are −∞, .*: take more samples"):
        ImportanceWeightedBound(2).update(torch.tensor([[-math.inf, 0.0, -math.inf], [-math.inf, 0.0, 1.0]]))
