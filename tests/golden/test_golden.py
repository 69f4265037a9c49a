"""No id moves unless a protocol version or IDENTITY_VERSION is raised on purpose: then run `tests.golden.collect`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden.collect import IDS, budgets_of, ids_of, label, suite_files
from tests.registries import restored

GOLDEN = json.loads(IDS.read_text(encoding="utf-8"))
CASES = [(path, budget) for path in suite_files() for budget in budgets_of(path)]


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    with restored():
        yield


@pytest.mark.parametrize(("path", "budget"), CASES, ids=lambda value: getattr(value, "stem", str(value)))
def test_ids_are_where_they_were(path: Path, budget: str | None) -> None:
    expected = GOLDEN["ids"][label(path, budget)]
    found = ids_of(path, budget, dict(GOLDEN["fingerprints"]))
    assert {kind: " ".join(ids) for kind, ids in found.items()} == expected


def test_every_golden_suite_is_still_there() -> None:
    assert {label(*case) for case in CASES} == GOLDEN["ids"].keys()
