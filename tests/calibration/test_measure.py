"""One calibration run as figures."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bench.calibration import measure
from bench.calibration.columns import COLUMNS
from bench.column import Columns
from bench.errors import BenchError
from bench.spec import CalibrationSpec, PairSettings, ResourceSettings
from bench.suite import import_plugin

PLUGIN = Path(__file__).with_name("plugin.py")
CPU = torch.device("cpu")


def spec(estimator: str = "plug_in", **changes: Any) -> CalibrationSpec:
    import_plugin(PLUGIN)
    values: dict[str, Any] = {
        "suite": "s",
        "method": "m",
        "dataset": "d",
        "dataset_sha256": "ab" * 32,
        "seed": 0,
        "protocols": {"estimator": f"{estimator}/1", "pairs": "pairs/1"},
        "resources": ResourceSettings(),
        "estimator": estimator,
        "pair": PairSettings(shape="shifted", dimensions=2, size=0.5),
        "points": 1000,
        "divergences": ("kl", "reverse_kl"),
    }
    return CalibrationSpec(**(values | changes))


def test_estimates_stand_beside_exact_values() -> None:
    figures, labels = measure(spec(), CPU)
    assert figures["div_kl_exact"] == pytest.approx(0.5)
    assert figures["div_reverse_kl_exact"] == pytest.approx(0.5)
    # the plug-in estimate of a parametric family at n = 1000: standard error about √(2 · 0.5 · 2 / 1000) = 0.045
    assert figures["div_kl"] == pytest.approx(0.5, abs=0.2)
    assert figures["div_kl_se"] == pytest.approx(2 / math.sqrt(1000))
    assert (figures["dimensions"], figures["points"], figures["size"]) == (2.0, 1000.0, 0.5)
    assert figures["estimate_seconds"] > 0
    assert labels == {"shape": "shifted", "estimator": "plug_in", "bijection": "none", "effort": "quick"}


def test_what_is_returned_is_what_is_declared() -> None:
    figures, labels = measure(spec(), CPU)
    declared = {role: {c.name for c in COLUMNS if c.role == role} for role in ("figure", "label")}
    divergences = {name for name in figures if Columns().describe(name).divergence or name.endswith("_se")}
    assert figures.keys() - divergences == declared["figure"]
    assert labels.keys() == declared["label"]


def test_the_same_run_gives_the_same_figures_and_another_seed_others() -> None:
    one, again, other = (measure(spec(seed=seed), CPU)[0] for seed in (0, 0, 1))
    assert one["div_kl"] == again["div_kl"] != other["div_kl"]


def test_what_is_no_number_is_left_out_and_infinity_is_kept() -> None:
    wide = PairSettings(shape="widened", dimensions=1, size=2.0)
    figures, _ = measure(spec("half_blind", divergences=("kl", "js", "neyman"), pair=wide), CPU)
    assert "div_kl" not in figures
    assert figures["div_kl_exact"] == pytest.approx(2.0)
    assert figures["div_js"] == math.inf
    assert figures["div_neyman_exact"] == math.inf
    assert not [name for name in figures if name.endswith("_se")]


def test_effort_and_growth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Effort is passed on, and what an estimate tells of its growth is kept."""
    asked: list[dict[str, Any]] = []

    def estimate(x: Any, y: Any, names: Any, seed: int, **options: Any) -> dict[str, Any]:
        asked.append(options)
        return {name: SimpleNamespace(value=1.0, stderr=None, growth=0.25) for name in names}

    monkeypatch.setattr(sys.modules["bench.calibration.measure"], "estimate_divergences", estimate)
    figures, labels = measure(spec(effort="thorough"), CPU)
    assert (figures["div_kl"], figures["div_kl_growth"], labels["effort"]) == (1.0, 0.25, "thorough")
    measure(spec(), CPU)
    assert asked == [{"estimator": "plug_in", "effort": "thorough"}, {"estimator": "plug_in", "effort": "quick"}]


def test_a_refusal_passes() -> None:
    with pytest.raises(BenchError, match="found 2 dimensions; expected 1"):
        measure(spec("refusing"), CPU)


def test_identity() -> None:
    """Stored results are found by these: if this fails, `IDENTITY_VERSION` must rise."""
    one = spec(method="other", dataset="label", suite="t", resources=ResourceSettings(cpu=4))
    assert one.run_id == spec().run_id == "57cee449f22d96d2"
    changes: list[dict[str, Any]] = [
        {"seed": 1},
        {"points": 2000},
        {"divergences": ("kl",)},
        {"protocols": {"estimator": "plug_in/2", "pairs": "pairs/1"}},
        {"pair": PairSettings(shape="shifted", dimensions=2, size=0.6)},
    ]
    assert len({spec(**change).run_id for change in changes} | {one.run_id}) == len(changes) + 1
    assert spec(seed=1).cohort_key == spec(seed=2).cohort_key
