"""The suites that come with the project."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bench.spec import WorkSpec
from bench.suite import ModelSuite, Suite, load_suite
from bench.suite.reading.document import read_plain
from tests.registries import restored
from tests.suite.samples import no_data

SUITES = sorted((Path(__file__).parents[2] / "suites").rglob("*.yaml"))


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    with restored():
        yield


def planned(suite: Suite) -> Sequence[WorkSpec]:
    """The runs of a suite of any kind, without loading data."""
    return suite.runs(no_data) if isinstance(suite, ModelSuite) else suite.runs()


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.name)
def test_valid_under_every_budget(path: Path) -> None:
    plain = load_suite(path)
    assert plain.name == path.stem
    for budget in read_plain(path).get("budgets", {}):
        runs = planned(load_suite(path, budget=budget))
        assert len({run.run_id for run in runs}) == len(runs) > 0


@pytest.mark.parametrize("name", ["quickstart", "mnist"])
def test_main_suites(name: str) -> None:
    path = next(path for path in SUITES if path.stem == name)
    suite = load_suite(path)
    assert isinstance(suite, ModelSuite)
    assert suite.methods == ("vae", "kl", "reverse_kl", "js", "gan")
    assert len(suite.runs(no_data)) == 30
    smoke = load_suite(path, budget="smoke")
    assert isinstance(smoke, ModelSuite)
    assert smoke.seeds == (0,)
    assert {cell.training.steps for cell in smoke.cells} == {20}
