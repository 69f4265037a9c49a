"""Estimators of public packages: with these where they are installed, and without them."""

from __future__ import annotations

import math
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bench import BenchError, estimate_divergences
from bench.metrics import ESTIMATORS

NAMES = ["densratio", "infomeasure"]
INSTALLED_BY = {"densratio": '"divergence-bench[calibration]"', "infomeasure": "infomeasure"}


def test_they_are_registered_without_a_plugin_file() -> None:
    """Nothing of them is imported until they are used, and their version is what earlier runs were recorded with."""
    assert [(ESTIMATORS[name].versions, ESTIMATORS.source(name)) for name in NAMES] == [
        ({"quick": 1}, None),
        ({"quick": 1}, None),
    ]


def shifted(n: int, m: int, d: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Standard normal points, and others shifted by one: both KL divergences are ½."""
    x, y = (torch.randn(size, d, generator=torch.Generator().manual_seed(size)) for size in (n, m))
    y[:, 0] += 1
    return x, y


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_package_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    command = re.escape(f"pip install {INSTALLED_BY[name]}")
    with pytest.raises(BenchError, match=rf"estimator '{name}': the package cannot be imported.*{command}$"):
        estimate_divergences(*shifted(200, 201, 2), ["kl"], estimator=name)


@pytest.mark.parametrize("name", NAMES)
def test_the_global_random_states_are_left_alone(name: str) -> None:
    pytest.importorskip(name)
    before, torch_before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    one, two, other = (
        estimate_divergences(*shifted(300, 301, 2), ["kl"], seed=seed, estimator=name)["kl"] for seed in (0, 0, 1)
    )
    assert one == two
    assert (other != one) == (name == "densratio")  # the other draws nothing
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), torch_before)


def test_densratio_gives_lower_bounds() -> None:
    """Not above ½ by more than four standard errors, and above half of it, which a hundred kernels on a line reach."""
    pytest.importorskip("densratio")
    estimates = estimate_divergences(*shifted(2000, 2500, 1), ["kl", "reverse_kl", "jeffreys"], estimator="densratio")
    for name in ("kl", "reverse_kl"):
        stderr = estimates[name].stderr
        assert stderr is not None
        assert 0.25 < estimates[name].value < 0.5 + 4 * stderr, name
    assert estimates["jeffreys"].value == pytest.approx(estimates["kl"].value + estimates["reverse_kl"].value)


def test_figures_that_are_not_finite_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    package = pytest.importorskip("densratio")
    nowhere = SimpleNamespace(compute_density_ratio=lambda x: np.full(len(x), np.nan))
    monkeypatch.setattr(package, "densratio", lambda *_, **__: nowhere)
    with pytest.raises(BenchError, match=r"'densratio': the package gives nan for these samples"):
        estimate_divergences(*shifted(200, 201, 2), ["kl"], estimator="densratio")


def test_infomeasure_for_samples_of_different_sizes() -> None:
    """Four standard errors of ½ that a kNN estimate of 2,000 points has (0.02 each)."""
    pytest.importorskip("infomeasure")
    estimates = estimate_divergences(*shifted(2000, 3000, 1), ["kl", "reverse_kl", "jeffreys"], estimator="infomeasure")
    assert estimates["kl"].value == pytest.approx(0.5, abs=0.1)
    assert estimates["reverse_kl"].value == pytest.approx(0.5, abs=0.1)
    assert estimates["jeffreys"].value == pytest.approx(estimates["kl"].value + estimates["reverse_kl"].value)
    assert all(e.stderr is None and math.isfinite(e.value) for e in estimates.values())
