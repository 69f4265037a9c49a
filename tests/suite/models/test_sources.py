"""A plugin file that was edited registers something else: its old figures must not stand for the new ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.divergences import DIVERGENCES
from bench.spec import RunSpec
from bench.suite import ModelSuite, list_references, load_suite
from tests.registries import restored
from tests.suite.samples import no_data, small_suite

PLUGIN = '''
"""Something of every kind."""

import torch

import bench
from bench.datasets import Dataset, register_dataset
from bench.metrics import register_metric
from bench.models import VAE, register_method
from bench.models.settings import VAESettings


class MineSettings(VAESettings):
    family: str


@register_method("mine", settings=MineSettings)
class Mine(VAE):
    """A VAE with a loss of its own."""

    def losses(self, x, noise):
        losses, curves = super().losses(x, noise)
        return {"model": losses["model"] * 2}, curves


# twice the sixth part
bench.register_divergence("sixth", lambda r: (r - 1) ** 2 / 6)


@register_metric("radius", version=1)
def radius(subject):
    return {"radius": float(subject.data.test.norm(dim=1).mean()) * 3}
'''
DATASET = """
from bench.datasets import load_dataset, register_dataset
from dataclasses import replace


@register_dataset("mine")
def mine(size: int = 1000):
    return replace(load_dataset("ring", size=size), name="mine")
"""


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    with restored():
        yield


def runs_of(folder: Path, code: str, **changes: Any) -> dict[str, RunSpec]:
    """The runs of a suite that uses all of the plugin, by method."""
    (folder / "extra.py").write_text(code)
    methods = {
        "mine": {"family": "mine"},
        "sixth": {"family": "fgan", "divergence": "sixth"},
        "kl": {"family": "fgan", "divergence": "kl"},
    }
    plugins = [str(folder / "extra.py"), *changes.pop("plugins", ())]
    suite = load_suite(
        small_suite(methods=methods, plugins=plugins, seeds=1, datasets=["ring"], metrics=["fid"]) | changes
    )
    assert isinstance(suite, ModelSuite)
    return {run.method: run for run in suite.runs(no_data)}


@pytest.mark.parametrize(("old", "new"), [("* 2}", "* 3}"), ("/ 6)", "/ 600)")])
def test_what_is_trained_is_another_model(tmp_path: Path, old: str, new: str) -> None:
    """The whole file counts, for a family and a divergence alike; what comes with the package stays as it is."""
    before, after = (runs_of(tmp_path, code) for code in (PLUGIN, PLUGIN.replace(old, new)))
    assert set(before["mine"].sources) == {"family"}
    assert set(before["sixth"].sources) == {"divergence"}
    for method in ("mine", "sixth"):
        assert after[method].run_id != before[method].run_id
        assert after[method].training_id != before[method].training_id
    assert after["kl"].sources == {}
    assert after["kl"].run_id == before["kl"].run_id


def test_what_is_measured_is_another_figure_of_the_same_model(tmp_path: Path) -> None:
    alone = PLUGIN[: PLUGIN.index("class MineSettings")] + PLUGIN[PLUGIN.index("@register_metric") :]
    metric = str(tmp_path / "metric.py")
    ids = []
    for code in (alone, alone.replace("* 3}", "* 4}")):
        (tmp_path / "metric.py").write_text(code)
        ids.append(runs_of(tmp_path, "", methods=small_suite()["methods"], metrics=["radius"], plugins=[metric])["kl"])
    assert ids[0].protocols["radius"].startswith("radius/1@")
    assert ids[0].run_id != ids[1].run_id
    assert ids[0].training_id == ids[1].training_id


def test_text_layout_and_comments_change_nothing(tmp_path: Path) -> None:
    edited = PLUGIN.replace("Something of every kind", "All sorts").replace("# twice the sixth part\n", "\n\n\n")
    edited = edited.replace("A VAE with a loss of its own.", "A VAE.")
    before, after = (runs_of(tmp_path, code, metrics=["radius"]) for code in (PLUGIN, edited))
    assert {run.run_id for run in before.values()} == {run.run_id for run in after.values()}


def test_a_dataset_counts_for_models_and_for_real_data(tmp_path: Path) -> None:
    data = str(tmp_path / "data.py")
    rows = []
    for code in (DATASET, DATASET.replace("size=size", "size=size + 1")):
        (tmp_path / "data.py").write_text(code)
        rows.append(runs_of(tmp_path, PLUGIN, datasets=["mine"], plugins=[data]))
    for method in ("mine", "sixth", "kl"):
        assert rows[0][method].sources["dataset"] != rows[1][method].sources["dataset"]
        assert rows[0][method].training_id != rows[1][method].training_id
    references = [list_references(found.values()) for found in rows]
    assert [set(row.sources) for found in references for row in found] == [{"dataset"}] * 2
    assert references[0][0].run_id != references[1][0].run_id


def test_a_name_that_is_gone_is_unknown(tmp_path: Path) -> None:
    runs_of(tmp_path, PLUGIN)
    assert "sixth" in DIVERGENCES
    with pytest.raises(ValueError, match="found 'sixth'; expected one of"):
        runs_of(tmp_path, PLUGIN.replace('"sixth"', '"seventh"'))


def test_what_comes_with_the_package_has_no_source() -> None:
    suite = load_suite(small_suite(methods={"a": {"family": "fgan", "divergence": "alpha(0.3)"}}))
    assert isinstance(suite, ModelSuite)
    assert {str(run.sources) for run in suite.runs(no_data)} == {"{}"}
