"""Calibration runs follow the code of plugin files: of estimators, of shapes and of divergences."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.suite import load_suite
from tests.registries import restored

ESTIMATOR = """
from bench.metrics import Value, register_estimator


@register_estimator("constant", version=2)
def constant(p, q, divergences, generator):
    return {d.name: Value(1.0, None) for d in divergences}
"""
SHAPE = """
import torch
from torch.distributions import Independent, Normal

from bench.calibration import register_shape


@register_shape("moved")
def moved(d, strength):
    shifts = torch.zeros(2, d, dtype=torch.float64)
    shifts[0] = strength * 1.0
    return tuple(Independent(Normal(shift, torch.ones(d, dtype=torch.float64)), 1) for shift in shifts)
"""
DIVERGENCE = """
import bench

bench.register_divergence("sixth", lambda r: (r - 1) ** 2 / 6)
"""


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    with restored():
        yield


def ids(folder: Path, *codes: str) -> dict[tuple[str, str, tuple[str, ...]], str]:
    """Ids by estimator, shape and divergences."""
    plugins = [folder / f"plugin_{i}.py" for i in range(len(codes))]
    for path, code in zip(plugins, codes, strict=True):
        path.write_text(code)
    suite = {
        "kind": "calibration",
        "name": "c",
        "seeds": 1,
        "estimators": {"constant": {}, "knn": {}},
        "pairs": {"shapes": ["moved", "shifted"], "dimensions": [1], "sizes": [0.5]},
        "samples": [200],
        "divergences": ["kl", "sixth"],
        "plugins": [str(path) for path in plugins],
    }
    runs = load_suite(suite).runs()
    return {(run.method, run.pair.shape, run.divergences): run.run_id for run in runs}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("edited", "changed"),
    [
        ((ESTIMATOR.replace("1.0", "2.0"), SHAPE, DIVERGENCE), lambda method, shape, asked: method == "constant"),
        ((ESTIMATOR, SHAPE.replace("1.0", "2.0"), DIVERGENCE), lambda method, shape, asked: shape == "moved"),
        ((ESTIMATOR, SHAPE, DIVERGENCE.replace("/ 6", "/ 600")), lambda method, shape, asked: "sixth" in asked),
        (("# text\n" + ESTIMATOR, SHAPE + "\n\n", '"""Text."""\n' + DIVERGENCE), lambda *_: False),
    ],
    ids=["estimator", "shape", "divergence", "text"],
)
def test_edits_change_the_runs_that_rest_on_them(tmp_path: Path, edited: tuple[str, ...], changed: object) -> None:
    before, after = ids(tmp_path, ESTIMATOR, SHAPE, DIVERGENCE), ids(tmp_path, *edited)
    assert before.keys() == after.keys()
    assert len(before) == 4
    assert {key for key in before if before[key] != after[key]} == {key for key in before if changed(*key)}  # type: ignore[operator]
