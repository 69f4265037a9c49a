"""Training of critics: what is averaged, and that halves are halves."""

from __future__ import annotations

import pytest
import torch

from bench.metrics.estimation.ratio.closed_forms import make_constant
from bench.metrics.estimation.ratio.design import make_design
from bench.metrics.estimation.ratio.features import PlainFeatures
from bench.metrics.estimation.ratio.learners import EFFORTS, PLAIN
from bench.metrics.estimation.ratio.networks import make_initial_networks
from bench.metrics.estimation.ratio.training import Training, _Average


def test_the_average_of_constant_weights_is_those_weights() -> None:
    networks = make_initial_networks(PlainFeatures(2), 3, 8, 2, torch.Generator().manual_seed(0))
    average = _Average(networks, memory=5.0)
    for step in range(1, 20):
        average.update(step)
    for kept, trained in zip(average.networks.parameters, networks.parameters, strict=True):
        assert torch.allclose(kept, trained)


def test_the_average_forgets_in_about_its_memory() -> None:
    """After ten times as many steps as are remembered, e⁻⁸ of the start is left: shares are 1/6 from step 50 on."""
    networks = make_initial_networks(PlainFeatures(2), 1, 4, 1, torch.Generator().manual_seed(0))
    average = _Average(networks, memory=5.0)
    before = [parameter.clone() for parameter in average.networks.parameters]
    with torch.no_grad():
        for parameter in networks.parameters:
            parameter += 1
    for step in range(1, 100):
        average.update(step)
    for kept, old in zip(average.networks.parameters, before, strict=True):
        assert torch.allclose(kept, old + 1, atol=1e-3)


@pytest.mark.parametrize("name", list(EFFORTS))
def test_half_an_effort_has_half_the_steps_of_the_same_learners(name: str) -> None:
    whole, half = EFFORTS[name], EFFORTS[name].halved()
    steps = [(a.training.steps, b.training.steps) for a, b in zip(whole.learners, half.learners, strict=True)]  # type: ignore[attr-defined]
    assert all(a == 2 * b for a, b in steps)


def test_networks_find_a_ratio_that_no_closed_form_has() -> None:
    """Two squares of side 2 that overlap by half: v is 0, or as large as it can be said, and js is log 2.

    js = ½·2 log 2 with half of either law alone; 4,000 points leave a standard error of .02.
    """
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.rand(4000, 2, generator=generator) * 2 for _ in range(2))
    design = make_design(x, y + torch.tensor([1.0, 0.0]), generator)
    learner = PLAIN
    said = learner.fit(design, make_constant(design.rows_p, design.rows_q), generator)
    assert float(said.loss.mean()) == pytest.approx(torch.tensor(2.0).log().item(), abs=0.05)


def test_training_is_halved_with_its_checks() -> None:
    assert Training(steps=300, checks=12).halved() == Training(steps=150, checks=6)
