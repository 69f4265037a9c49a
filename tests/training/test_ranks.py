"""Which part of a batch each rank sees, and what it counts."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.training import ALONE, Group


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 13))
def test_parts_are_whole_groups_that_make_up_the_batch(size: int, together: int, groups: int) -> None:
    batch = torch.arange(2 * together * groups).reshape(2, -1)
    parts = [Group(rank, size).split(batch, together) for rank in range(size)]
    assert torch.equal(torch.cat(parts, dim=1), batch)
    lengths = [part.shape[1] for part in parts]
    assert all(length % together == 0 for length in lengths)
    assert max(lengths) - min(lengths) <= together


@given(st.integers(1, 4), st.integers(1, 5), st.integers(4, 13))
def test_weighed_means_of_parts_sum_to_the_mean_of_the_batch(size: int, together: int, groups: int) -> None:
    """What a packed critic gives is one number a group."""
    batch = torch.rand(1, together * groups, dtype=torch.float64)
    total = 0.0
    for rank in range(size):
        part = Group(rank, size).split(batch, together)
        of_groups = part.reshape(-1, together).prod(1)
        total += float(Group(rank, size).weigh({"loss": of_groups.mean()}, batch.shape[1], together)["loss"])
    assert total == pytest.approx(float(batch.reshape(-1, together).prod(1).mean()))


def test_one_process_sees_everything() -> None:
    batch = torch.rand(2, 6)
    assert ALONE.split(batch, 3) is batch
    assert ALONE.weigh({"loss": batch}, 6, 3)["loss"] is batch
