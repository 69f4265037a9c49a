"""Whatever the file holds, the answer is a suite or a message, never another exception."""

from __future__ import annotations

import contextlib
import copy
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.suite import SuiteError, load_suite
from tests.suite.models.test_bad_suites import GOOD
from tests.suite.reading.test_document import PLAIN
from tests.suite.samples import small_suite

RICH = small_suite(
    datasets=["ring", {"name": "ring", "modes": 12}],
    methods={
        "vae": {"family": "vae", "epsilon": 0.5, "network": {"latent": 3, "encoder": [4]}},
        "kl": {"family": "fgan", "divergence": "kl"},
    },
    overrides=[
        {"where": {"dataset": "ring", "method": ["vae"]}, "set": {"training.steps": 3, "network": {"latent": 2}}}
    ],
    budgets={"b": {"seeds": [1, 2], "training": {"steps": 3}}},
    resources={"cpu": 1},
    published=[
        {"source": "x", "metric": "fid", "value": 3},
        {"source": "x", "metric": "fid", "values": {"kl": [1, 2]}},
    ],
    evaluation={"samples": 30},
)


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all entries."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield (*above, key)
        yield from paths(inner, (*above, key))


NUMBERS = [None, True, 0, -1, 1.5, 10**30, float("nan"), float("inf")]
LIKELY = st.sampled_from([*NUMBERS, "", "x", "kl", [], {}, [[]], {"": 1}])
KEYS = ["family", "training", "network", "latent", "seeds", "where", "name", "", "a.b", "training.steps"]


@settings(max_examples=200, deadline=None)
@given(
    path=st.sampled_from(list(paths(RICH))),
    value=LIKELY | PLAIN,
    key=st.none() | st.sampled_from(KEYS),
    budget=st.sampled_from([None, "b"]),
)
def test_any_value_anywhere(path: tuple[Any, ...], value: object, key: str | None, budget: str | None) -> None:
    """A value is replaced, or a key is added beside it."""
    suite = copy.deepcopy(RICH)
    holder: Any = suite
    for part in path[:-1]:
        holder = holder[part]
    holder[key if key is not None and isinstance(holder, dict) else path[-1]] = value
    with contextlib.suppress(SuiteError):
        assert load_suite(suite, budget=budget).seeds


@settings(max_examples=100, deadline=None)
@given(
    start=st.integers(0, len(GOOD)),
    length=st.integers(0, 8),
    inserted=st.text(st.sampled_from(string.punctuation + "ab1\n\t é"), max_size=4),
)
def test_any_slip_of_the_pen(tmp_path_factory: pytest.TempPathFactory, start: int, length: int, inserted: str) -> None:
    path = tmp_path_factory.getbasetemp() / "slip.yaml"
    path.write_text(GOOD[:start] + inserted + GOOD[start + length :], encoding="utf-8")
    message = complaint(path)
    assert message is None or message.startswith(f"{path}:")


def complaint(path: Path) -> str | None:
    """What is wrong with the file, or None if it is a suite."""
    try:
        load_suite(path)
    except SuiteError as error:
        return str(error)
    return None
