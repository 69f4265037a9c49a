"""The suites that come with the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.suite import load_suite
from bench.suite.document import read_plain
from tests.suite.samples import no_data

SUITES = sorted((Path(__file__).parents[2] / "suites").rglob("*.yaml"))


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.name)
def test_valid_under_every_budget(path: Path) -> None:
    plain = load_suite(path)
    assert plain.name == path.stem
    for budget in read_plain(path).get("budgets", {}):
        runs = load_suite(path, budget=budget).runs(no_data)
        assert 0 < len(runs) <= len(plain.runs(no_data))


@pytest.mark.parametrize("name", ["quickstart", "mnist"])
def test_main_suites(name: str) -> None:
    path = next(path for path in SUITES if path.stem == name)
    suite = load_suite(path)
    assert suite.methods == ("vae", "kl", "reverse_kl", "js", "gan")
    assert len(suite.runs(no_data)) == 30
    smoke = load_suite(path, budget="smoke")
    assert smoke.seeds == (0,)
    assert {cell.training.steps for cell in smoke.cells} == {20}
