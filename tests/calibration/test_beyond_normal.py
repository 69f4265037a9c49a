"""The 40 tasks: their names, truths and samplers."""

from __future__ import annotations

import json
import math
import os
import subprocess
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp, kstest, multivariate_t, norm

from bench.calibration import TASKS, expand_tasks, pair_of, register_task, settings_of_task
from bench.calibration import beyond_normal as tasks
from bench.calibration.joints import AdditiveUniform
from bench.calibration.tasks import Task
from bench.divergences import divergence
from bench.errors import BenchError
from bench.metrics.estimation.true_ratio import true_ratio
from tests.registries import restored

TRUTHS = {
    "1v1-normal-0.75": 0.4133, "1v1-bimodal-0.75": 0.4133, "1v1-additive-0.1": 1.7094, "1v1-additive-0.75": 0.3333,
    "wiggly-1v1-normal-0.75": 0.4133, "half_cube-1v1-normal-0.75": 0.4133, "normal_cdf-1v1-normal-0.75": 0.4133,
    "swissroll_x-normal_cdf-1v1-normal-0.75": 0.4133,
    "multinormal-dense-2-2-0.5": 0.2939, "multinormal-dense-3-3-0.5": 0.4133, "multinormal-dense-5-5-0.5": 0.5928,
    "multinormal-dense-25-25-0.5": 1.2922, "multinormal-dense-50-50-0.5": 1.6243,
    "student-identity-1-1-1": 0.2242, "student-identity-2-2-1": 0.4319, "student-identity-2-2-2": 0.1931,
    "student-identity-3-3-2": 0.2909, "student-identity-3-3-3": 0.1787, "student-identity-5-5-2": 0.4482,
    "student-identity-5-5-3": 0.2985, "asinh-student-identity-1-1-1": 0.2242, "asinh-student-identity-2-2-1": 0.4319,
    "asinh-student-identity-3-3-2": 0.2909, "asinh-student-identity-5-5-2": 0.4482,
}  # fmt: skip
"""Of all but the sparse tasks, as published to four digits (Czyż et al. 2023); those have 1.0217 under every map."""
PYTHON = os.environ.get("BENCH_BMI_PYTHON")


def test_there_are_forty_with_the_published_truths() -> None:
    mine = expand_tasks((tasks.COLLECTION,))
    assert len(mine) == 40
    for task in mine:
        assert task.size == pytest.approx(TRUTHS.get(task.name, 1.0217), abs=5e-5), task.name
        assert ("sparse" in task.name) == (task.name not in TRUTHS)


@pytest.mark.parametrize("name", list(tasks.make_tasks()))
def test_samples(name: str) -> None:
    """Marginals of P and Q are the same, which the means of a bounded function of each coordinate tell to 5 errors."""
    pair = pair_of(settings_of_task(TASKS[name]))
    n = 2000
    x, y = pair.sample(n, 0)
    assert x.shape == y.shape == (n, TASKS[name].dimensions)
    assert x.dtype == torch.float64
    assert pair.split in (1, 2, 3, 5, 25, 50)
    assert torch.equal(x, pair.sample(n, 0)[0])
    assert not torch.equal(x, pair.sample(n, 1)[0])
    assert not (set(x.flatten().tolist()) & set(y.flatten().tolist()))
    both = torch.cat([x, y])
    scale = both.abs().median(0).values
    means = [(points / scale).tanh().mean(0) for points in (x, y)]
    assert float((means[0] - means[1]).abs().max()) < 5 * math.sqrt(2 / n)


@pytest.mark.parametrize("name", list(tasks.make_tasks()))
def test_log_ratios_have_the_divergences_that_they_are_said_to_have(name: str) -> None:
    """The bound at the true ratio is the divergence: within 5 standard errors, a sample's own.

    js, whose terms are bounded, has a standard error that can be relied on; kl is there in every task.
    """
    pair = pair_of(settings_of_task(TASKS[name]))
    v_p, v_q = pair.sample_log_ratios(5000, 0)
    assert v_p.shape == v_q.shape == (5000,)
    estimates = true_ratio(v_p, v_q, [divergence("js"), divergence("kl")], torch.Generator())
    for key, estimate in estimates.items():
        exact = pair.exact(key)
        assert exact is not None
        assert estimate.stderr is not None
        assert estimate.value == pytest.approx(exact, abs=5 * estimate.stderr), key


def test_log_ratios_are_those_of_the_very_points() -> None:
    """Of mapped tasks as of their laws', and by scipy's density."""
    plain, mapped = (pair_of(settings_of_task(TASKS[f"{start}student-identity-3-3-2"])) for start in ("", "asinh-"))
    (x, y), law = plain.sample(200, 0), partial(multivariate_t, df=2)
    for points, ratios in zip((x, y), plain.sample_log_ratios(200, 0), strict=True):
        joint, product = law(shape=np.eye(6)), law(shape=np.eye(3))
        expected = joint.logpdf(points) - product.logpdf(points[:, :3]) - product.logpdf(points[:, 3:])
        np.testing.assert_allclose(ratios, expected, rtol=1e-9, atol=1e-9)
    x, _ = mapped.sample(200, 0)
    expected = (joint.logpdf(x.sinh()) - product.logpdf(x[:, :3].sinh())) - product.logpdf(x[:, 3:].sinh())
    np.testing.assert_allclose(mapped.sample_log_ratios(200, 0)[0], expected, rtol=1e-6, atol=1e-6)


def test_waves_are_increasing() -> None:
    for waves in (tasks._WAVES_X, tasks._WAVES_Y):
        assert sum(abs(size * frequency) for size, frequency, _ in waves) < 1
        t = torch.linspace(-6, 6, 5001, dtype=torch.float64)
        assert float(tasks.wiggle(waves, t).diff().min()) > 0


def test_two_modes() -> None:
    """P-value of Kolmogorov and Smirnov's test against the mixture's own distribution function."""
    x = torch.randn(5000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    made = tasks.make_bimodal(tasks._MODES_X, x)
    assert bool((made[x.argsort()].diff() > 0).all())
    assert kstest(made.numpy(), lambda t: 0.3 * norm.cdf(t) + 0.7 * norm.cdf(t - 5)).pvalue > 0.01


@given(st.floats(-5, 5))
def test_modes_by_the_inverse_of_their_distribution_function(x: float) -> None:
    y = float(tasks.make_bimodal(tasks._MODES_Y, torch.tensor([x], dtype=torch.float64))[0])
    assert 0.5 * norm.cdf(y + 1) + 0.5 * norm.cdf(y - 3) == pytest.approx(norm.cdf(x), abs=1e-12)


def test_spirals_turn_the_planes_that_they_should() -> None:
    """X in the plane of 1 and 2 by |x|²/3, Y in that of 2 and 3."""
    plain, turned = TASKS["multinormal-sparse-3-3-2-2.0"], TASKS["spiral-multinormal-sparse-3-3-2-2.0"]
    (x, y), (x_turned, y_turned) = (task.sample(100, torch.Generator().manual_seed(0)) for task in (plain, turned))
    for before, after, (i, j) in ((x, x_turned, (0, 1)), (y, y_turned, (1, 2))):
        angle = before.square().sum(1) / 3
        expected = torch.complex(before[:, i], before[:, j]) * torch.polar(torch.ones_like(angle), angle)
        torch.testing.assert_close(after[:, i], expected.real)
        torch.testing.assert_close(after[:, j], expected.imag)
        still = ({0, 1, 2} - {i, j}).pop()
        assert torch.equal(after[:, still], before[:, still])


def test_tasks_can_be_added_and_named_alone() -> None:
    with restored():
        mine = register_task(Task("mine", "Mine", "others", AdditiveUniform(0.2), partial(torch.mul, 2)), __name__)
        assert expand_tasks(("others", "1v1-normal-0.75", "mine")) == (mine, TASKS["1v1-normal-0.75"])
        assert mine.size == pytest.approx(0.2 - math.log(0.4))
        with pytest.raises(BenchError, match=r"unknown task 'beyond_norma'"):
            expand_tasks(("beyond_norma",))


SCRIPT = """
import json, sys, bmi
task = bmi.benchmark.BENCHMARK_TASKS[sys.argv[1]]
x, y = task.sample(4000, 5)
print(json.dumps([task.name, task.mutual_information, x.tolist(), y.tolist()]))
"""


@pytest.mark.skipif(PYTHON is None, reason="BENCH_BMI_PYTHON names no Python with benchmark-mi")
@pytest.mark.slow
@pytest.mark.parametrize("name", list(tasks.make_tasks()))
def test_the_package_draws_from_the_same_laws(name: str) -> None:
    """Two-sample tests of 20 random projections of bounded points, at a level of 1 % for all 40 tasks together."""
    assert PYTHON is not None
    done = subprocess.run([PYTHON, "-c", SCRIPT, name], capture_output=True, text=True, check=True)
    title, truth, x, y = json.loads(done.stdout.splitlines()[-1])
    task = TASKS[name]
    assert task.title == title
    assert task.size == pytest.approx(truth, rel=1e-6)
    theirs = torch.cat([torch.tensor(x, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)], 1)
    ours = torch.cat(task.sample(4000, torch.Generator().manual_seed(1)), 1)
    scale = theirs.abs().median(0).values
    directions = torch.randn(theirs.shape[1], 20, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    one, two = ((points / scale).tanh() @ directions for points in (ours, theirs))
    assert min(ks_2samp(one[:, k], two[:, k]).pvalue for k in range(20)) > 0.01 / (20 * 40)
