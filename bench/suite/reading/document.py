"""A suite as plain values that remember where they stand in their file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import Node
from ruamel.yaml.reader import ReaderError

from bench.suite.reading.errors import KeyPath, Problem, SuiteError, quote
from bench.suite.reading.nodes import Place, Reader
from bench.suite.reading.plain import make_plain

SECTIONS = "a mapping with name, seeds, datasets and methods"


@dataclass(frozen=True)
class Document:
    """A suite as written.

    Attributes:
        values: plain values: dict, list, str, int, float, bool, None.
        file: the file as the user named it, or None.
        places: where each key path stands in it.
        problems: what is wrong with the values whatever they mean: repeated keys, numbers that are not finite.
    """

    values: dict[str, Any]
    file: str | None = None
    places: Mapping[KeyPath, Place] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def place(self, problem: Problem) -> Problem:
        """The problem with its file, line and column; where its path ends outside the file, those of what holds it."""
        if problem.line is not None or (problem.path and str(problem.path[0]).startswith("--")):
            return replace(problem, file=self.file)
        path = self._cut_path(problem.path)
        for length in range(len(path), 0, -1):
            found = self.places.get(path[:length])
            if found is not None:
                line, column = found.value if length == len(path) and not problem.on_key else found.key
                return replace(problem, path=path, file=self.file, line=line, column=column)
        top = None if self.file is None else 1
        return replace(problem, path=path, file=self.file, line=top, column=top)

    def _cut_path(self, path: KeyPath) -> KeyPath:
        """The path without what follows a value that has no parts: `ring` is short for `{name: ring}`."""
        node: Any = self.values
        for depth, part in enumerate(path):
            if not isinstance(node, dict | list):
                return path[:depth]
            entries = node if isinstance(node, dict) else dict(enumerate(node))
            if part not in entries:
                return path
            node = entries[part]
        return path


def read_document(suite: str | Path | Mapping[str, Any]) -> Document:
    """Read a suite file, or take a suite given as a mapping.

    Raises:
        SuiteError: if there is no such file, or it is not YAML.
    """
    if isinstance(suite, Mapping):
        values, problems = make_plain(suite)
        return Document(values, problems=tuple(problems))
    return _read(Path(suite))


def read_plain(path: str | Path) -> dict[str, Any]:
    """The content of a suite file as plain values, not checked any further.

    Raises:
        SuiteError: if there is no such file, or it is not YAML.
    """
    document = read_document(Path(path))
    if document.problems:
        raise SuiteError(document.place(problem) for problem in document.problems)
    return document.values


def parse_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """Settings from command-line arguments KEY=VALUE, each value in YAML; of equal keys the last one counts.

    Raises:
        SuiteError: if one has no `=`, or its value is not YAML.
    """
    settings: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        at = ("--set", key.strip())
        if not equals or not key.strip():
            raise SuiteError([Problem(("--set",), quote(assignment), "KEY=VALUE, as in training.steps=100")])
        try:
            node, reader = _compose(text), Reader()
            value = None if node is None else reader.read(node)
        except YAMLError as error:
            raise SuiteError([Problem(at, quote(text), reason=_word_fault(error, text).reason)]) from None
        if reader.problems:
            raise SuiteError([replace(p, path=at, line=None, column=None) for p in reader.problems])
        settings.pop(key.strip(), None)
        settings[key.strip()] = value
    return settings


def _read(path: Path) -> Document:
    file = str(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
        root = _compose(text)
    except OSError as error:
        found = {FileNotFoundError: "no such file", IsADirectoryError: "a folder"}.get(type(error), str(error.strerror))
        raise SuiteError([Problem((), found, "a suite file", file=file)]) from None
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        raise SuiteError(
            [Problem((), "bytes that are not UTF-8", "a text file", file=file, line=before.count(b"\n") + 1)]
        ) from None
    except YAMLError as error:
        raise SuiteError([replace(_word_fault(error, text), file=file)]) from None
    except RecursionError:
        raise SuiteError([Problem((), "lists or mappings nested too deeply", SECTIONS, file=file)]) from None
    if root is None:
        raise SuiteError([Problem((), "an empty file", SECTIONS, file=file, line=1, column=1)])
    reader = Reader()
    values, problems = make_plain(reader.read(root))
    document = Document(values if isinstance(values, dict) else {}, file, reader.places, (*reader.problems, *problems))
    if not isinstance(values, dict):
        raise SuiteError([document.place(Problem((), quote(values), SECTIONS))])
    return document


def _compose(text: str) -> Node | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReusedAnchorWarning)
        return cast("Node | None", YAML(typ="safe", pure=True).compose(text))


def _word_fault(error: YAMLError, text: str) -> Problem:
    """A syntax error in words."""
    if isinstance(error, ReaderError):
        before = text[: text.index(chr(error.character))]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Problem((), f"the control character {error.character:#04x}", "printable text", line=line, column=column)
    if not isinstance(error, MarkedYAMLError):
        return Problem((), "invalid YAML", reason=str(error))
    mark = error.problem_mark or error.context_mark
    place = {} if mark is None else {"line": mark.line + 1, "column": mark.column + 1}
    if "'\\t'" in str(error.problem):
        return Problem((), "a tab", "spaces to indent with", reason="indent with spaces", **place)
    return Problem((), "invalid YAML", reason=", ".join(_list_clauses(error)), **place)


def _list_clauses(error: MarkedYAMLError) -> Iterator[str]:
    if error.problem:
        yield str(error.problem)
    if error.context and error.context_mark:
        yield f"{error.context} that begins on line {error.context_mark.line + 1}"
