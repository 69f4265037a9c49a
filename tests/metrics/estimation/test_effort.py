"""What an estimate may cost, and what it says of what it lacks."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bench import estimate_divergences
from bench.convergence import GROWTH_WITHIN, RESOLVED_FROM, is_growing, is_unresolved
from bench.errors import ArgumentError
from bench.metrics import ESTIMATORS
from bench.metrics.estimation.ratio import EFFORTS, make_design


def draw(n: int, d: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    x, y = torch.randn(2, n, d, generator=torch.Generator().manual_seed(seed))
    return x, y + 0.5


def test_an_unknown_effort_is_named() -> None:
    with pytest.raises(ArgumentError, match="found effort 'huge'; expected quick or thorough"):
        estimate_divergences(*draw(200, 1), ["kl"], effort="huge")


def test_an_estimator_without_a_choice_says_so() -> None:
    with pytest.raises(ArgumentError, match="estimator 'knn': found effort 'thorough'; expected quick"):
        estimate_divergences(*draw(200, 1), ["kl"], estimator="knn", effort="thorough")


def test_growth_is_none_where_the_estimator_does_not_say() -> None:
    estimate = estimate_divergences(*draw(200, 1), ["kl"], estimator="knn")["kl"]
    assert estimate.growth is None
    assert estimate.converged is None


def test_gaussians_are_converged() -> None:
    x, y = draw(4000, 2)
    estimate = estimate_divergences(x, y + 0.5, ["kl", "js"])
    assert all(e.converged for e in estimate.values())
    for e in estimate.values():
        assert e.extrapolated == e.value + max(e.growth or 0.0, 0.0)


def test_what_is_folded_up_is_told_to_be_unfinished() -> None:
    """A correlation of .9 between coordinates that one angle has turned by four times its radius."""
    x, y = torch.randn(2, 2000, 4, generator=torch.Generator().manual_seed(1))
    x[:, 2] = 0.9 * x[:, 0] + 0.19**0.5 * x[:, 2]
    estimate = estimate_divergences(_fold(x), _fold(y), ["kl"])["kl"]
    truth = -0.5 * torch.tensor(0.19).log().item()
    assert estimate.value < truth - 3 * (estimate.stderr or 0)
    assert estimate.converged is False


def test_what_is_not_seen_at_all_is_not_told_to_have_converged() -> None:
    """Nothing differs, or everything in a sheet so thin that critics cannot see it: both read zero."""
    x, y = torch.randn(2, 2000, 2, generator=torch.Generator().manual_seed(2))
    assert estimate_divergences(x, y, ["kl"])["kl"].converged is False


def test_growth_counts_beyond_noise() -> None:
    assert not is_growing(GROWTH_WITHIN * 0.1, 0.1)
    assert is_growing(GROWTH_WITHIN * 0.101, 0.1)
    assert not is_growing(-1.0, 0.1)


def test_an_estimate_is_resolved_far_above_its_noise() -> None:
    assert not is_unresolved(RESOLVED_FROM * 0.1, 0.1)
    assert is_unresolved(RESOLVED_FROM * 0.099, 0.1)
    assert is_unresolved(-1.0, 0.0)
    assert is_unresolved(0.0, 0.0)


def _fold(x: Tensor) -> Tensor:
    parts = []
    for pair in x.split(2, dim=1):
        angle = 4 * pair.norm(dim=1)
        cos, sin = angle.cos(), angle.sin()
        parts += [cos * pair[:, 0] - sin * pair[:, 1], sin * pair[:, 0] + cos * pair[:, 1]]
    return torch.stack(parts, 1)


def test_each_effort_has_a_version_of_its_own() -> None:
    """What changes one effort does not put the figures of another aside."""
    known = ESTIMATORS["cross_fitted_critic"].versions
    assert known == {name: effort.version for name, effort in EFFORTS.items()}
    for name in EFFORTS:
        assert estimate_divergences(*draw(100, 1), ["kl"], effort=name)["kl"].version == known[name]


@pytest.mark.parametrize(("every_pair", "critics"), [(True, 10), (False, 5)])
def test_each_point_is_judged_by_critics_of_every_pair_of_folds_or_of_neighbours(
    every_pair: bool, critics: int
) -> None:
    design = make_design(*draw(100, 2), torch.Generator().manual_seed(0), every_pair=every_pair)
    assert design.pairs.critics == critics
    assert design.pairs.critic.shape == (5, critics * 2 // 5)
