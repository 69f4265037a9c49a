"""Learning curves against a plain computation over all steps."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.training.curves import Curves


@given(st.integers(1, 60), st.integers(1, 20), st.integers(1, 3), st.integers(0, 2**31))
def test_points_are_means_over_the_steps_since_the_last(steps: int, points: int, members: int, seed: int) -> None:
    values = torch.randn(steps, members, generator=torch.Generator().manual_seed(seed))
    curves = Curves(members, steps, points)
    ends = []
    for step in range(steps):
        curves.add({"loss": values[step], "twice": 2 * values[step]})
        if curves.due(step):
            curves.record(step)
            ends.append(step + 1)
    assert len(ends) == min(points, steps)
    assert ends[-1] == steps
    for member in range(members):
        rows = curves.rows(member)
        assert [step for step, name, _ in rows if name == "loss"] == ends
        for start, (end, _, value) in zip([0, *ends], [r for r in rows if r[1] == "loss"], strict=False):
            assert math.isclose(value, values[start:end, member].mean().item(), abs_tol=1e-5)


@given(st.integers(1, 40), st.data(), st.sampled_from([math.nan, math.inf, -math.inf]))
def test_divergence_is_noticed_at_its_step(steps: int, data: st.DataObject, bad: float) -> None:
    at = data.draw(st.integers(0, steps - 1))
    curves = Curves(2, steps, 7)
    for step in range(steps):
        curves.add({"a": torch.tensor([1.0, bad if step == at else 2.0]), "b": torch.ones(2)})
        if curves.due(step):
            curves.record(step)
    assert curves.diverged_at(0) is None
    assert curves.diverged_at(1) == at
    assert all(step <= at for step, _, _ in curves.rows(1))
    assert not curves.all_diverged


@pytest.mark.parametrize("at", [4, 5])
def test_state_round_trip(at: int) -> None:
    """At a point as between two."""
    one, two = Curves(1, 10, 5), Curves(1, 10, 5)
    for step in range(10):
        one.add({"loss": torch.tensor([float(step)])})
        if one.due(step):
            one.record(step)
        if step == at:
            two.load(one.state())
        if step > at:
            two.add({"loss": torch.tensor([float(step)])})
            if two.due(step):
                two.record(step)
    assert one.rows(0) == two.rows(0)
