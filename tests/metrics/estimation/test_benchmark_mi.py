"""Estimators that another Python runs: with a stand-in for the package, and without it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import torch

from bench import BenchError, estimate_divergences
from bench.metrics import ESTIMATORS
from bench.metrics.estimation import benchmark_mi

NAMES = ["bmi_ksg", "bmi_infonce", "bmi_mine", "bmi_nwj"]
STAND_IN = '''
class KSGEnsembleFirstEstimator:
    """Says what it was given: the sum of x, and of y a hundredth."""
    def estimate(self, x, y):
        print("chatter")
        return x.shape[1] * 100 + y.shape[1] + x.mean() / 1000 + y.mean() / 100000

class InfoNCEEstimator:
    def __init__(self, batch_size=256, verbose=True, seed=42):
        self.value = batch_size + seed / 2**31
    def estimate(self, x, y):
        return self.value

class MINEEstimator(InfoNCEEstimator):
    def estimate(self, x, y):
        return float("nan")

class NWJEstimator(InfoNCEEstimator):
    def estimate(self, x, y):
        raise ValueError("too few points")
'''


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of that name for this very Python."""
    package = tmp_path / "bmi"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "estimators.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv(benchmark_mi.PYTHON, sys.executable)
    benchmark_mi._find_fault.cache_clear()
    yield
    benchmark_mi._find_fault.cache_clear()


def sample(n: int = 300) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.arange(5.0).repeat(n, 1), torch.full((n, 5), 7.0)


def estimate(name: str, n: int = 300, seed: int = 0) -> float:
    found = estimate_divergences(*sample(n), ["kl"], seed, estimator=name, split=2)["kl"]
    assert found.stderr is None
    assert found.estimator == name
    return found.value


def test_they_are_registered_as_joint() -> None:
    assert [(ESTIMATORS[name].given, ESTIMATORS[name].only, ESTIMATORS[name].versions) for name in NAMES] == [
        ("joint", ("kl",), {"quick": 1})
    ] * 4
    assert ESTIMATORS["cross_fitted_critic"].given == "points"


@pytest.mark.usefixtures("stand_in")
def test_the_joint_sample_arrives_in_two_parts() -> None:
    """Two coordinates and three, whose constants are their medians and so 0 by then; Q's points are elsewhere."""
    assert estimate("bmi_ksg") == pytest.approx(203, abs=1e-9)


@pytest.mark.usefixtures("stand_in")
def test_seeds_and_batches() -> None:
    assert [int(estimate("bmi_infonce", n)) for n in (100, 511, 512, 2000)] == [50, 255, 256, 256]
    assert estimate("bmi_infonce") == estimate("bmi_infonce") != estimate("bmi_infonce", seed=1)


@pytest.mark.usefixtures("stand_in")
def test_what_it_cannot_do_is_told() -> None:
    with pytest.raises(BenchError, match=r"MINEEstimator gives nan for these samples; expected a finite number"):
        estimate("bmi_mine")
    with pytest.raises(BenchError, match=r"NWJEstimator ends with code 1: ValueError: too few points"):
        estimate("bmi_nwj")


@pytest.mark.parametrize("split", [None, 0, 5])
def test_the_split_is_needed(split: int | None) -> None:
    with pytest.raises(
        BenchError, match=rf"'bmi_ksg' .* found split {split} of 5 coordinates; expected .* from 1 to 4"
    ):
        estimate_divergences(*sample(), ["kl"], estimator="bmi_ksg", split=split)


@pytest.mark.parametrize("python", [sys.executable, "/no/such/python"])
def test_a_missing_package_is_named_with_what_to_do(
    python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bmi.py").write_text("raise ImportError('made up')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv(benchmark_mi.PYTHON, python)
    benchmark_mi._find_fault.cache_clear()
    reason = "No such file or directory" if python == "/no/such/python" else ".*made up.*"
    command = re.escape("pip install benchmark-mi==0.1.3")
    try:
        with pytest.raises(
            BenchError, match=rf"cannot import benchmark-mi \({reason}\).*{command}.*{benchmark_mi.PYTHON}"
        ):
            estimate("bmi_ksg")
    finally:
        benchmark_mi._find_fault.cache_clear()
