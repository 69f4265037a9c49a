"""Batch normalisation against torch's own, and its fixed statistics."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bench.errors import BenchError
from bench.models.batch_norm import BatchNorm, fix_statistics, has_batch_norm


@pytest.mark.parametrize("shape", [(16, 3), (16, 3, 5, 4)])
def test_training_equals_torch(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    mine = BatchNorm(3)
    theirs = nn.BatchNorm1d(3) if len(shape) == 2 else nn.BatchNorm2d(3)
    x = 2 * torch.randn(shape) + 1
    assert torch.equal(mine(x), theirs(x))


def test_fixed_statistics_equal_torchs_cumulative_averages() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(BatchNorm(3), nn.Linear(3, 4), BatchNorm(4))
    theirs = nn.Sequential(nn.BatchNorm1d(3, momentum=None), nn.Linear(3, 4), nn.BatchNorm1d(4, momentum=None))
    theirs[1].load_state_dict(model[1].state_dict())
    batches = [torch.randn(32, 3) for _ in range(10)]
    for batch in batches:
        theirs(batch)
    fix_statistics(model, (lambda batch=batch: model(batch) for batch in batches))  # type: ignore[misc]
    x = torch.randn(8, 3)
    assert torch.allclose(model.eval()(x), theirs.eval()(x), atol=1e-6)


def test_a_sample_does_not_depend_on_its_neighbours_once_fixed() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 5), BatchNorm(5)).eval()
    fix_statistics(model, iter([lambda: model(torch.randn(64, 2))]))
    x = torch.randn(10, 2)
    assert torch.allclose(model(x)[:1], model(x[:1]), atol=1e-6)


def test_layers_that_no_pass_reaches_are_refused() -> None:
    model = nn.ModuleList([BatchNorm(2)])
    with pytest.raises(BenchError, match="no statistics"):
        fix_statistics(model, iter([lambda: None]))


def test_has_batch_norm() -> None:
    assert has_batch_norm(nn.Sequential(BatchNorm(2)))
    assert not has_batch_norm(nn.Linear(2, 2))
