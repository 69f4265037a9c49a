"""Two processes train a cohort as one does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import bench
from tests.launch.test_launch import NETWORK, odd_suite

STEPS = 30
GAN = {"latent": 2, "generator": [8], "critic": [8], "batch_norm": True}


def parallel_suite(cohort: int, **more: Any) -> dict[str, Any]:
    suite = odd_suite() | {"name": "parallel", "seeds": 2, "metrics": ["fid"]}
    suite["methods"] = {
        "vae": {"family": "vae", "network": NETWORK | {"batch_norm": True}},
        "js": {"family": "fgan", "divergence": "js", "network": GAN},
        "packed": {"family": "fgan", "divergence": "js", "pack": 3, "network": GAN},
        "steady": {
            "family": "hinge_gan", "ema": 0.9, "spectral_norm": True, "r1": 0.5, "instance_noise": 0.1,
            "network": GAN | {"critic": [8, 8], "critic_batch_norm": True},
        },
    }  # fmt: skip
    # 17 examples, or 7 packs: the ranks' parts differ, so that their weights matter
    suite["training"] = {"steps": STEPS, "batch_size": 17, "curve_points": STEPS, "lr": 1e-3}
    suite["overrides"] = [{"where": {"method": "packed"}, "set": {"training.batch_size": 21}}]
    return suite | {"resources": {"cpu": 1, "cohort": cohort}} | more


def curves_of(folder: Path) -> pd.Series:
    curves = bench.load(folder / "parallel", curves=True)
    return curves.set_index(["run_id", "step", "metric"])["value"].sort_index()


@pytest.mark.parametrize("cohort", [pytest.param(1, marks=pytest.mark.nightly), 2])
def test_two_ranks_give_the_losses_of_one(tmp_path: Path, cohort: int) -> None:
    """Within 1e-5 of each loss: rounding alone differs, and 30 steps at this rate amplify it little."""
    suite = parallel_suite(cohort)
    one = bench.run(suite, out=tmp_path / "one", inline=True)
    two = bench.run(suite, out=tmp_path / "two", inline=True, settings={"resources.ranks": 2})
    assert (two["status"] == "done").all()
    assert one["run_id"].tolist() == two["run_id"].tolist()
    assert two["ranks"].tolist() == ["2"] * len(two)
    expected, found = curves_of(tmp_path / "one"), curves_of(tmp_path / "two")
    assert found.index.equals(expected.index)
    assert len(found) >= STEPS * len(one)
    assert ((found - expected).abs() / expected.abs().clip(lower=1)).max() < 1e-5


@pytest.mark.nightly
def test_a_rank_that_fails_fails_the_run_and_says_why(tmp_path: Path) -> None:
    suite = odd_suite("raise second", "well") | {"seeds": 1}
    runs = bench.run(suite, out=tmp_path, inline=True, settings={"resources.ranks": 2}).set_index("method")
    assert runs["status"].to_dict() == {"raise second": "failed", "well": "done", "vae": "done"}
    assert "rank 1 of 2 ended with status 1" in runs.loc["raise second", "error"]
    assert "RuntimeError: on purpose, on the second rank" in runs.loc["raise second", "error"]


def test_more_ranks_than_gpus_are_refused(tmp_path: Path) -> None:
    for wrong, said in (
        ({"resources.gpu": 1.5}, "a fraction of one GPU"),
        ({"resources.gpu": 1, "resources.ranks": 2}, "at most one"),
    ):
        with pytest.raises(bench.BenchError, match=said):
            bench.run(odd_suite(), out=tmp_path, inline=True, settings=wrong)
