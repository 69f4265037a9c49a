"""The 40 tasks of Beyond Normal (Czyż et al. 2023), which are also those of the package benchmark-mi 0.1.3.

Names are that package's. Everything is written anew from the definitions and held against it in law, not in draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from bench.calibration import maps
from bench.calibration.joints import AdditiveUniform, GaussianJoint, StudentJoint
from bench.calibration.tasks import JointLaw, Pointwise, Task, leave, register_task

COLLECTION = "beyond_normal"
BIVARIATE = 0.75  # correlation of the tasks in 1 × 1
DENSE = 0.5  # correlation of every two coordinates
STRENGTH = 2.0  # of signal against noise where two pairs of coordinates interact: a correlation of λ²/(1 + λ²)
PAIRS = 2

_WAVES_X = ((0.4, 1.0, 0.0), (0.2, 1.7, 1.0), (0.03, 3.3, -2.5))
_WAVES_Y = ((-0.4, 0.4, 0.0), (0.17, 1.3, 3.5), (0.02, 4.3, -2.5))
"""Amplitude, frequency and phase of the sines in `wiggle`."""
_MODES_X = ((0.3, 0.0), (0.7, 5.0))
_MODES_Y = ((0.5, -1.0), (0.5, 3.0))
"""Weights and means of the unit Gaussians that `make_bimodal` makes of a standard normal variable."""
_HALVINGS = 60
_BRACKET = 20.0


def wiggle(waves: tuple[tuple[float, float, float], ...], x: Tensor) -> Tensor:
    """X plus sines, increasing where Σ |amplitude · frequency| < 1."""
    return x + sum(size * (frequency * x + phase).sin() for size, frequency, phase in waves)


def make_bimodal(modes: tuple[tuple[float, float], ...], x: Tensor) -> Tensor:
    """F⁻¹(Φ(x)), F the distribution function of a mixture of unit Gaussians, by bisection."""
    target = torch.special.ndtr(x)
    low, high = torch.full_like(x, -_BRACKET), torch.full_like(x, _BRACKET)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        reached = torch.stack([weight * torch.special.ndtr(middle - mean) for weight, mean in modes]).sum(0)
        low, high = torch.where(reached < target, middle, low), torch.where(reached < target, high, middle)
    return (low + high) / 2


def roll_up(x: Tensor) -> Tensor:
    """One standard normal coordinate as a swiss roll in the plane."""
    return maps.make_swiss_roll()(x)


def _correlate(width: int, interacting: int, rho: float) -> GaussianJoint:
    """Unit variances, and correlation ρ of each of the first coordinates of X with its fellow of Y."""
    covariance = torch.eye(2 * width, dtype=torch.float64)
    for i in range(interacting):
        covariance[i, width + i] = covariance[width + i, i] = rho
    return _make_gaussian(covariance, width)


def _correlate_all(width: int) -> GaussianJoint:
    return _make_gaussian(torch.full((2 * width, 2 * width), DENSE, dtype=torch.float64).fill_diagonal_(1.0), width)


def _make_gaussian(covariance: Tensor, width: int) -> GaussianJoint:
    return GaussianJoint(tuple(tuple(row) for row in covariance.tolist()), width)


def _base_laws() -> Iterator[tuple[str, str, JointLaw]]:
    """Name, title and law of the tasks without maps."""
    yield f"1v1-normal-{BIVARIATE}", "Bivariate normal 1 × 1", _correlate(1, 1, BIVARIATE)
    for noise in (0.1, 0.75):
        yield f"1v1-additive-{noise}", f"Uniform 1 × 1 (additive noise={noise})", AdditiveUniform(noise)
    for width, degrees in ((1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (5, 2), (5, 3)):
        title = f"Student-t {width} × {width} (dof={degrees})"
        yield f"student-identity-{width}-{width}-{degrees}", title, StudentJoint(width, width, degrees)
    for width in (2, 3, 5, 25, 50):
        title = f"Multinormal {width} × {width} (dense)"
        yield f"multinormal-dense-{width}-{width}-{DENSE}", title, _correlate_all(width)
    rho = STRENGTH**2 / (1 + STRENGTH**2)
    for width in (2, 3, 5, 25):
        title = f"Multinormal {width} × {width} (2-pair)"
        yield f"multinormal-sparse-{width}-{width}-{PAIRS}-{STRENGTH}", title, _correlate(width, PAIRS, rho)


def _transform(task: Task, prefix: str, title: str, map_x: Pointwise, map_y: Pointwise | None = None) -> Task:
    """The task with maps after its own; the same for Y as for X if it is not given."""
    second = map_x if map_y is None else map_y
    after_x, after_y = _compose(task.map_x, map_x), _compose(task.map_y, second)
    return Task(f"{prefix}-{task.name}", f"{title} @ {task.title}", COLLECTION, task.law, after_x, after_y)


def _compose(first: Pointwise, second: Pointwise) -> Pointwise:
    return second if first is leave else lambda x: second(first(x))


def _spiral(task: Task, width: int) -> Task:
    """Turned by |x|²/d in the plane of coordinates 1 and 2, and by |y|²/d in that of 2 and 3."""
    turn_x, turn_y = (maps.make_spiral((plane,), 1 / width) for plane in ((0, 1), (1, 2)))
    return _transform(task, "spiral", "Spiral", turn_x, turn_y)


def make_tasks() -> dict[str, Task]:
    """All 40 by name, those without maps first."""
    tasks = {name: Task(name, title, COLLECTION, law) for name, title, law in _base_laws()}
    binormal, bistudent = tasks[f"1v1-normal-{BIVARIATE}"], tasks["student-identity-1-1-1"]
    sparse = {width: tasks[f"multinormal-sparse-{width}-{width}-{PAIRS}-{STRENGTH}"] for width in (3, 5, 25)}
    uniform = {width: _transform(task, "normal_cdf", "Normal CDF", maps.NORMAL_CDF) for width, task in sparse.items()}
    student = [bistudent, *(tasks[f"student-identity-{d}-{d}-{nu}"] for d, nu in ((2, 1), (3, 2), (5, 2)))]
    bimodal = (partial(make_bimodal, modes) for modes in (_MODES_X, _MODES_Y))
    wiggly = (partial(wiggle, waves) for waves in (_WAVES_X, _WAVES_Y))
    rolled = f"swissroll_x-normal_cdf-{binormal.name}"
    made = [
        _transform(binormal, "normal_cdf", "Normal CDF", maps.NORMAL_CDF),
        Task(f"1v1-bimodal-{BIVARIATE}", "Bimodal 1 × 1", COLLECTION, binormal.law, *bimodal),
        _transform(binormal, "wiggly", "Wiggly", *wiggly),
        _transform(binormal, "half_cube", "Half-cube", maps.HALF_CUBE),
        Task(rolled, "Swiss roll 2 × 1", COLLECTION, binormal.law, roll_up, maps.NORMAL_CDF),
        *uniform.values(),
        *(_transform(task, "half_cube", "Half-cube", maps.HALF_CUBE) for task in sparse.values()),
        *(_spiral(task, width) for width, task in sparse.items()),
        *(_spiral(task, width) for width, task in uniform.items()),
        *(_transform(task, "asinh", "Asinh", maps.ASINH) for task in student),
    ]
    return tasks | {task.name: task for task in made}


for _task in make_tasks().values():
    register_task(_task, __name__)


__all__ = ["COLLECTION", "make_bimodal", "make_tasks", "roll_up", "wiggle"]
