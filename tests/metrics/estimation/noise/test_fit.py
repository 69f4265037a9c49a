"""What a fit under noise keeps of its critics, and that no choice looks at the points it is judged on."""

from __future__ import annotations

import torch

from bench.metrics.estimation.noise.fit import fit_log_ratio_levels
from bench.metrics.estimation.noise.training import Best, Effort, count_steps
from bench.metrics.estimation.ratio.folds import Predictions

BRIEF = Effort(width=8, steps=12, checks=2)


def predictions(losses: list[float]) -> Predictions:
    """Critics of as many folds whose evaluation tells which check they are from, with about these validation losses."""
    v = torch.tensor(losses)[:, None, None]
    return Predictions(evaluation_p=v, evaluation_q=v, validation_p=-v, validation_q=v)


def test_a_fold_keeps_its_best_whatever_the_others_do() -> None:
    """The first fold improves, fails twice and is given up; the second goes on."""
    best = Best([predictions([3.0, 9.0])], patience=2)
    checks = [[2.0, 8.0], [5.0, 7.0], [4.0, 6.0], [0.0, 5.0]]
    assert all(best.offer([predictions(losses)]) for losses in checks)
    assert best.predictions[0].evaluation_p.flatten().tolist() == [2.0, 5.0]


def test_training_ends_when_every_fold_is_given_up_at_every_level() -> None:
    best = Best([predictions([1.0]), predictions([1.0])], patience=2)
    assert best.offer([predictions([2.0]), predictions([0.5])])
    assert best.offer([predictions([2.0]), predictions([2.0])])
    assert not best.offer([predictions([2.0]), predictions([2.0])])
    assert [float(p.evaluation_p) for p in best.predictions] == [1.0, 0.5]


def test_labels_that_say_nothing_give_ratios_of_no_use() -> None:
    """Points dealt at random to P and Q: held-out critics that had seen them would tell them apart."""
    points = torch.randn(1000, 6, generator=torch.Generator().manual_seed(0))
    (ratios,) = fit_log_ratio_levels(points[:500], points[500:], [0.3], torch.Generator().manual_seed(1), BRIEF)
    assert ratios.p.shape == ratios.q.shape == (5, 100)
    assert ratios.validation_p.shape == (5, 200)
    assert float(ratios.p.mean() - ratios.q.mean()) < 3 * float(ratios.p.std() + ratios.q.std()) / 500**0.5


def test_every_level_has_its_own_ratios() -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 200, 3, generator=generator)
    found = fit_log_ratio_levels(x, y + 1.0, [0.1, 1.0, 3.0], torch.Generator().manual_seed(1), BRIEF)
    gaps = [float(r.p.mean() - r.q.mean()) for r in found]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] > 0


def test_few_points_take_fewer_steps() -> None:
    effort = Effort(steps=600, points=6000)
    assert [count_steps(effort, points) for points in (60, 3000, 6000, 60_000)] == [303, 450, 600, 600]
