"""Mutual information by the estimators of benchmark-mi 0.1.3 (Czyż et al. 2023), as yardsticks on joint samples.

That package wants pandas and pydantic of versions before this one's, so it is run by a Python of its own, which the
environment variable `BENCH_BMI_PYTHON` names. All estimators have the settings that are the package's defaults, but for
batches of networks, which are as large as half of the sample where that is less than 256.
"""

from __future__ import annotations

import functools
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.divergences import Divergence
from bench.errors import BenchError
from bench.metrics.estimation.estimators import Compute, Value, register_estimator

__bench_source__ = None  # versions say what is measured: they are raised by hand, not by every edit of this file

PYTHON = "BENCH_BMI_PYTHON"
WORKER = Path(__file__).with_name("benchmark_mi_worker.py")
_INSTALL = (
    'python -m venv bmi && bmi/bin/pip install benchmark-mi==0.1.3 "jax<0.4.34" "jaxlib<0.4.34" "numpy<2" && '
    f"export {PYTHON}=$PWD/bmi/bin/python"
)
_BATCH = 256
_TRAINED_ON = 0.5
_SEEDS = 2**31


def require_package() -> None:
    """See that the estimators can be run at all.

    Raises:
        BenchError: if not; it says how to install them.
    """
    python = _interpreter()
    reason = _find_fault(python)
    if reason:
        raise BenchError(
            f"estimators bmi_*: {python} cannot import benchmark-mi ({reason}), which needs an environment of its own: "
            f"{_INSTALL}"
        )


def estimate_mutual_information(name: str, x: Tensor, y: Tensor, seed: int, settings: Mapping[str, Any]) -> float:
    """I(X; Y) in nats by one of the package's estimators.

    Args:
        name: class in `bmi.estimators`.
        x: points of X, shape (n, d).
        y: points of Y, shape (n, e), paired with them.
        seed: of estimators that have one.
        settings: keyword arguments of the class.

    Raises:
        BenchError: if the package cannot be run, fails, or gives no finite number.
    """
    require_package()
    with tempfile.TemporaryDirectory() as folder:
        samples, answer = Path(folder) / "samples.npz", Path(folder) / "answer.json"
        np.savez(samples, x=x.double().cpu().numpy(), y=y.double().cpu().numpy())
        order = json.dumps({"estimator": name, "seed": seed, "settings": dict(settings)})
        done = _run([_interpreter(), str(WORKER), str(samples), str(answer), order])
        if done.returncode or not answer.exists():
            raise BenchError(f"benchmark-mi's {name} ends with code {done.returncode}: {_last_line(done.stderr)}")
        value = float(json.loads(answer.read_text(encoding="utf-8"))["value"])
    if not math.isfinite(value):
        raise BenchError(f"benchmark-mi's {name} gives {value} for these samples; expected a finite number")
    return value


def _interpreter() -> str:
    return os.environ.get(PYTHON, sys.executable)


@functools.cache
def _find_fault(python: str) -> str:
    """Why an interpreter cannot import the package; empty if it can."""
    try:
        done = _run([python, "-c", "import bmi.estimators"])
    except OSError as error:
        return error.strerror or str(error)
    return _last_line(done.stderr) if done.returncode else ""


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    threads = str(torch.get_num_threads())
    share = {"JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    if threads == "1":
        share["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | share)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it says nothing"


def _make_estimator(name: str, is_trained: bool) -> Compute:
    def estimate(
        x: Tensor, y: Tensor, divergences: Sequence[Divergence], generator: torch.Generator
    ) -> dict[str, Value]:
        seed = int(torch.randint(_SEEDS, (), generator=generator, device=generator.device))
        settings = {"batch_size": min(_BATCH, int(_TRAINED_ON * len(x))), "verbose": False} if is_trained else {}
        value = estimate_mutual_information(name, x, y, seed, settings)
        return {d.name: Value(value, None) for d in divergences}

    return estimate


def _register(label: str, name: str, is_trained: bool, about: str) -> None:
    estimate: Callable[..., Mapping[str, Value]] = _make_estimator(name, is_trained)
    estimate.__doc__ = f"{about}, of the package benchmark-mi: mutual information alone, without a standard error."
    register_estimator(label, version=1, only=("kl",), given="joint", require=require_package)(estimate)


_SETTINGS = {
    "bmi_ksg": ("KSGEnsembleFirstEstimator", False, "Nearest neighbours (Kraskov et al. 2004)"),
    "bmi_infonce": ("InfoNCEEstimator", True, "InfoNCE (van den Oord et al. 2018)"),
    "bmi_mine": ("MINEEstimator", True, "MINE (Belghazi et al. 2018)"),
    "bmi_nwj": ("NWJEstimator", True, "NWJ (Nguyen et al. 2010)"),
}
for _label, _how in _SETTINGS.items():
    _register(_label, *_how)
