"""A divergence that the package does not have: one f is enough to name it in suites, train on it and estimate it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch.distributions import Normal

import bench
from bench.divergences import DIVERGENCES
from bench.suite import load_suite

PLUGIN = """
import bench

bench.register_divergence("triangular", lambda r: (r - 1) ** 2 / (r + 1))
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "triangular.py"
    path.write_text(PLUGIN)
    yield path
    DIVERGENCES._entries.pop("triangular", None)
    DIVERGENCES._origins.pop("triangular", None)


def test_three_lines_add_a_divergence_and_train_with_it(plugin: Path) -> None:
    """Both parameterisations, both generator objectives; the exact value by quadrature is what training ends near.

    Vincze–Le Cam's triangular discrimination lies between half of and all of the squared Hellinger distance (Topsøe
    2000); it is symmetric and at most 2.
    """
    suite = {
        "name": "new",
        "plugins": [str(plugin)],
        "seeds": 1,
        "datasets": [{"name": "mixture", "weights": [1.0], "means": [1.5], "variances": [1.0], "size": 4000}],
        "methods": {
            "ratio": {"family": "fgan", "divergence": "triangular", "parameterisation": "ratio"},
            "fenchel": {"family": "fgan", "divergence": "triangular", "parameterisation": "fenchel"},
            "nonsaturating": {"family": "fgan", "divergence": "triangular", "generator_objective": "nonsaturating"},
        },
        "training": {"steps": 200, "batch_size": 256, "lr": 0.02},
        "evaluation": {"samples": 1000},
        "overrides": [{"set": {"network.generator": [], "network.critic": [16], "network.latent": 1}}],
        "metrics": ["divergences"],
    }
    runs = bench.run(suite, out=plugin.parent / "results", inline=True)
    assert list(runs["status"]) == ["done"] * 3, runs["error"].tolist()
    assert (runs["div_triangular"] < 0.2).all()  # 0.63 between N(1.5, 1) and N(0, 1)
    assert (runs["div_triangular"] <= runs["div_squared_hellinger"] * 2 + 3 * runs["div_triangular_se"]).all()
    assert {json.loads(config)["model"]["divergence"] for config in runs["config"]} == {"triangular"}


def test_exact_values_and_facts_follow_from_f(plugin: Path) -> None:
    exec(PLUGIN)
    d = bench.divergence("triangular")
    assert (d.name, d.direction, d.symmetric) == ("triangular", "symmetric", True)
    p, q = (Normal(torch.tensor(m, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64)) for m in (0.0, 0.8))
    value, hellinger = (bench.exact_divergence(name, p, q) for name in ("triangular", "squared_hellinger"))
    assert hellinger <= value <= 2 * hellinger
    assert bench.exact_divergence("triangular", q, p) == pytest.approx(value, rel=1e-7)


def test_a_suite_may_ask_every_method_for_it(tmp_path: Path) -> None:
    """Its name is known once the suite's own plugin is imported, which is not before the file is read."""
    (tmp_path / "wide.py").write_text(PLUGIN.replace("triangular", "triangular_too"))
    suite = {
        "name": "asked",
        "plugins": [str(tmp_path / "wide.py")],
        "seeds": 1,
        "datasets": ["mixture"],
        "methods": {"mle": {"family": "mle"}},
        "evaluation": {"divergences": ["triangular_too"]},
        "metrics": ["divergences"],
    }
    try:
        (run,) = load_suite(suite).runs()
        assert run.evaluation.divergences == ("triangular_too",)
    finally:
        DIVERGENCES._entries.pop("triangular_too", None)
        DIVERGENCES._origins.pop("triangular_too", None)
