"""What the README shows works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bench
from bench.divergences import DIVERGENCES
from bench.metrics import METRICS
from bench.suite import load_suite

README = Path(__file__).parents[1] / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL)


def test_extensions_work_as_shown(tmp_path: Path) -> None:
    (plugin,) = [block for block in blocks("python") if "register_" in block]
    path = tmp_path / "my_plugin.py"
    path.write_text(plugin)
    suite = {
        "name": "shown",
        "seeds": 1,
        "datasets": [{"name": "moons", "size": 300}],
        "methods": {"cubic": {"family": "fgan", "divergence": "cubic"}},
        "training": {"steps": 3, "batch_size": 16},
        "metrics": ["radius"],
        "plugins": [str(path)],
    }
    runs = bench.run(suite, out=tmp_path, inline=True)
    assert runs["status"].tolist() == ["done"]
    assert runs["radius"].notna().all()
    assert "cubic" in DIVERGENCES
    assert "radius" in METRICS


def test_the_suite_shown_is_valid(tmp_path: Path) -> None:
    (suite,) = blocks("yaml")
    (tmp_path / "my_plugin.py").touch()
    path = tmp_path / "suite.yaml"
    path.write_text(suite)
    assert len(load_suite(path).methods) == 3


def test_plain_functions_work_as_shown() -> None:
    import torch

    (block,) = [block for block in blocks("python") if "estimate_divergences" in block]
    draw = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 200, 2, generator=draw)
    p, q = torch.distributions.Normal(0.0, 1.0), torch.distributions.Normal(1.0, 1.0)
    scope = {
        "bench": bench,
        "x": x,
        "y": y,
        "p": p,
        "q": q,
        "samples": x,
        "test": x,
        "validation": y,
        "features_real": x,
        "features_generated": y,
        "log_ratio_p": x[:, 0],
        "log_ratio_q": y[:, 0],
    }
    for line in filter(None, block.splitlines()):
        value = eval(line.partition("#")[0], scope)  # one expression a line
        assert value is not None


def test_the_exact_value_is_the_one_shown() -> None:
    (block,) = [block for block in blocks("python") if "modes = Independent" in block]
    *code, last = block.strip().splitlines()
    scope = {"bench": bench}
    exec("\n".join(code), scope)
    shown, method, error = eval(last.partition("#")[2])
    value = scope["value"]
    assert (float(value), value.method) == (pytest.approx(shown, rel=1e-7), method)
    assert value.error < 1e-7 * shown
    assert error < 1e-7 * shown


@pytest.mark.parametrize("path", re.findall(r"\]\(([^)#]+)\)", README.read_text()))
def test_links_lead_somewhere(path: str) -> None:
    assert (README.parent / path).exists()
