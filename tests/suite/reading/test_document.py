"""Reading YAML: values, places, and files that cannot be read."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from bench.suite.reading.document import Document, parse_assignments, read_document, read_plain
from bench.suite.reading.errors import Problem, SuiteError
from bench.suite.reading.plain import UNPRINTABLE, make_plain
from tests.suite.samples import WriteSuite

SCALARS = [
    ("1e-3", 1e-3),
    ("1.0e-3", 1e-3),
    ("1E-3", 1e-3),
    (".01", 0.01),
    ("-.5", -0.5),
    ("2e4", 20_000),
    ("+2E4", 20_000),
    ("20000.0", 20_000.0),
    ("1e30", 1e30),
    ("1_000", 1000),
    ("0x10", 16),
    ("0o17", 15),
    ("12", 12),
    ("-3", -3),
    ("true", True),
    ("on", "on"),
    ("no", "no"),
    ("1:30", "1:30"),
    ("2024-01-01", "2024-01-01"),
    ("'12'", "12"),
    ("null", None),
    ("~", None),
    ("", None),
    ("ε = .1", "ε = .1"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_scalars(write: WriteSuite, text: str, value: object) -> None:
    read = read_document(write(f"a: {text}\n")).values["a"]
    assert read == value
    assert type(read) is type(value)


UNREADABLE = [
    ("", 1, "found an empty file; expected a mapping with name"),
    ("# only a comment\n", 1, "found an empty file"),
    ("- a\n- b\n", 1, "found ['a', 'b']; expected a mapping with name"),
    ("just text\n", 1, "found 'just text'; expected a mapping with name"),
    ("name: x\nmethods:\n\tkl: 1\n", 3, "found a tab: indent with spaces"),
    ("name: x\ntitle: a: b\n", 2, "found invalid YAML: mapping values are not allowed here"),
    ("name: x\nseeds: [1, 2\ntitle: y\n", 3, "while parsing a flow sequence that begins on line 2"),
    ("name: x\ntitle: 'open\n", 3, "while scanning a quoted scalar that begins on line 2"),
    ("name: x\n---\nname: y\n", 2, "found another document"),
    ("name: x\ntitle: *nowhere\n", 2, "found undefined alias 'nowhere'"),
    ("name: x\ntitle: \x01\n", 2, "found the control character 0x01; expected printable text"),
]


@pytest.mark.parametrize(("text", "line", "message"), UNREADABLE)
def test_unreadable_text(write: WriteSuite, text: str, line: int, message: str) -> None:
    path = write(text)
    with pytest.raises(SuiteError) as raised:
        read_document(path)
    assert str(raised.value).startswith(f"{path}:{line}:")
    assert message in str(raised.value)


def test_nesting_without_end(write: WriteSuite) -> None:
    with pytest.raises(SuiteError, match="nested too deeply"):
        read_document(write("a: " + "[" * 1000))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"nope\.yaml: found no such file; expected a suite file"):
        read_document(tmp_path / "nope.yaml")
    with pytest.raises(SuiteError, match=": found a folder; expected a suite file"):
        read_document(tmp_path)


def test_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes("name: x\ntitle: ü\n".encode("latin-1"))
    with pytest.raises(SuiteError, match=r"x\.yaml:2: found bytes that are not UTF-8"):
        read_document(path)
    path.write_bytes("name: ü\r\nseeds: 1\r\n".encode("utf-8-sig"))
    assert read_document(path).values == {"name": "ü", "seeds": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: {x: 1, x: 2}\n", ":2:11: b.x: found a second 'x' (the first is on line 2); expected each key once"),
        ("a: 1\nb: 2\na: 3\n", ":3:1: a: found a second 'a' (the first is on line 1)"),
        ("a: &a [1, *a]\n", ":1:4: a[1]: found an alias to something that contains it"),
        ("a: 1\n? [b]\n: 2\n", ":2:3: found a list or mapping as a key; expected text as a key"),
        ("a: !thing 3\n", ":1:4: a: found the tag !thing; expected a plain value"),
        ("a: !!int x\n", ":1:4: a: found 'x'; expected a value of type int"),
        ("a: [1, .nan]\n", ":1:8: a[1]: found nan; expected a finite number"),
        ("a:\n  <<: 3\n", ":2:7: a.<<: found '3'; expected a mapping or a list of mappings"),
    ],
)
def test_faults_in_the_tree(write: WriteSuite, text: str, message: str) -> None:
    path = write(text)
    with pytest.raises(SuiteError) as raised:
        read_plain(path)
    assert message in str(raised.value)


def test_all_faults_at_once(write: WriteSuite) -> None:
    document = read_document(write("a: 1\na: 2\nb: .inf\nc: {d: 1, d: 2}\n"))
    placed = SuiteError(document.place(problem) for problem in document.problems)
    assert [problem.line for problem in placed.problems] == [2, 3, 4]


def test_merged_mappings(write: WriteSuite) -> None:
    text = "base: &base {lr: 1, steps: 2, deep: {x: 1}}\nmore: &more {lr: 5, z: 6}\n"
    text += "use:\n  steps: 7\n  <<: [*base, *more]\n"
    document = read_document(write(text))
    assert document.values["use"] == {"lr": 1, "steps": 7, "deep": {"x": 1}, "z": 6}
    assert document.place(Problem(("use", "steps"), "", "")).line == 4
    assert document.place(Problem(("use", "deep", "x"), "", "")).line == 1


def test_keys_are_text(write: WriteSuite) -> None:
    assert read_document(write("1: a\ntrue: b\n1e-3: c\n")).values == {"1": "a", "true": "b", "1e-3": "c"}


def test_places(write: WriteSuite) -> None:
    document = read_document(write("methods:\n  kl: {divergence: klx}\n  empty:\ndatasets: [a, ring]\n"))

    def place(*path: str | int, on_key: bool = False) -> tuple[str, int | None, int | None]:
        placed = document.place(Problem(path, "", "", on_key=on_key))
        return placed.key, placed.line, placed.column

    assert place("methods", "kl", "divergence") == ("methods.kl.divergence", 2, 20)
    assert place("methods", "kl", "divergence", on_key=True) == ("methods.kl.divergence", 2, 8)
    assert place("methods", "kl", "missing") == ("methods.kl.missing", 2, 3)
    assert place("methods", "empty") == ("methods.empty", 3, 3)
    assert place("datasets", 1, "name") == ("datasets[1]", 4, 15)
    assert place("nowhere") == ("nowhere", 1, 1)
    assert place() == ("", 1, 1)
    assert place("--set", "training.steps") == ("--set training.steps", None, None)
    assert Document({}).place(Problem(("a", 0), "", "")).line is None


TEXT = st.text().filter(lambda text: not UNPRINTABLE.search(text))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXT, PLAIN, min_size=1, max_size=4))
def test_what_yaml_writes_is_read_back(tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any]) -> None:
    text = io.StringIO()
    YAML().dump(values, text)
    path = tmp_path_factory.mktemp("suite") / "x.yaml"
    path.write_bytes(text.getvalue().encode())
    assert _same(read_plain(path), values)


def _same(one: object, other: object) -> bool:
    """Equal in value and in type; a whole number may come back as the number it is."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def test_plain_values() -> None:
    value, problems = make_plain({"a": (1, np.int64(2), np.float32(0.5)), "b": np.array([1.0, 2.0]), "p": Path("x/y")})
    assert value == {"a": [1, 2, 0.5], "b": [1.0, 2.0], "p": "x/y"}
    assert not problems


def test_values_that_are_not_plain() -> None:
    _, problems = make_plain({"a": {1: 2}, "b": [{1, 2}], "c": math.nan, "d": "\ud800", "e": b"x"})
    assert [p.key for p in problems] == ["a.1", "b[0]", "c", "d", "e"]
    assert "found the key 1; expected text as a key" in str(problems[0])
    assert "found a set; expected plain values" in str(problems[1])


def test_assignments() -> None:
    given_values = ["training.lr=1e-3", "training.betas=[0.5, .9]", "name = a=b", "x=1", "x=2", "y="]
    expected = {"training.lr": 1e-3, "training.betas": [0.5, 0.9], "name": "a=b", "x": 2, "y": None}
    assert parse_assignments(given_values) == expected


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("training.steps", "--set: found 'training.steps'; expected KEY=VALUE"),
        ("=3", "--set: found '=3'; expected KEY=VALUE"),
        ("a=[1", "--set a: found '[1': expected ',' or ']'"),
        ("a={x: 1, x: 2}", "--set a: found a second 'x'"),
        ("a=!t 1", "--set a: found the tag !t"),
    ],
)
def test_bad_assignments(assignment: str, message: str) -> None:
    with pytest.raises(SuiteError) as raised:
        parse_assignments([assignment])
    assert str(raised.value).startswith(message)
