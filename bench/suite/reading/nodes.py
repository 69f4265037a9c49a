"""From a YAML syntax tree to plain values, with the place of every key and value."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bench.suite.reading.errors import KeyPath, Problem, quote

TAG = "tag:yaml.org,2002:"
TEXT_TAGS = (f"{TAG}str", f"{TAG}timestamp", f"{TAG}value")
WHOLE_WITH_EXPONENT = re.compile(r"[-+]?\d+[eE]\+?\d+")
LARGEST_EXACT = 2.0**53


class Mark(NamedTuple):
    """A place in a file, counted from 1."""

    line: int
    column: int


class Place(NamedTuple):
    """Where an entry stands: its key (for a list item the item itself), and its value."""

    key: Mark
    value: Mark


def locate(node: Node) -> Mark:
    """Where a node begins."""
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


class Reader:
    """Reads one syntax tree.

    Attributes:
        places: where each key path stands.
        problems: what is wrong with the tree itself, such as a key given twice.
    """

    def __init__(self) -> None:
        self.places: dict[KeyPath, Place] = {}
        self.problems: list[Problem] = []
        self._constructor = YAML(typ="safe", pure=True).constructor

    def read(self, node: Node, path: KeyPath = (), above: tuple[Node, ...] = ()) -> Any:  # noqa: ANN401
        """The plain value of a node; `above` are the nodes that contain it."""
        if any(node is ancestor for ancestor in above):
            return self._fault(path, node, "an alias to something that contains it", "an alias to another part")
        if isinstance(node, MappingNode):
            return self._mapping(node, path, (*above, node))
        if isinstance(node, SequenceNode):
            return [self._item(item, (*path, i), (*above, node)) for i, item in enumerate(node.value)]
        return self._scalar(cast("ScalarNode", node), path)

    def _item(self, node: Node, path: KeyPath, above: tuple[Node, ...]) -> Any:  # noqa: ANN401
        self.places[path] = Place(locate(node), locate(node))
        return self.read(node, path, above)

    def _mapping(self, node: MappingNode, path: KeyPath, above: tuple[Node, ...]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for merged in reversed(list(self._merged(node, path))):
            if merged not in above:
                values |= self._mapping(merged, path, (*above, merged))
        own: set[str] = set()
        for key, value in node.value:
            if key.tag == f"{TAG}merge":
                continue
            if not isinstance(key, ScalarNode):
                self._fault(path, key, "a list or mapping as a key", "text as a key")
                continue
            at = (*path, key.value)
            if key.value in own:
                first = self.places[at].key.line
                self._fault(at, key, f"a second {quote(key.value)} (the first is on line {first})", "each key once")
                continue
            own.add(key.value)
            self.places[at] = Place(locate(key), locate(key) if _is_empty(value) else locate(value))
            values[key.value] = self.read(value, at, above)
        return values

    def _merged(self, node: MappingNode, path: KeyPath) -> Iterator[MappingNode]:
        """The mappings that `<<:` brings in; a mapping's own keys win over theirs, earlier ones over later ones."""
        for key, value in node.value:
            if key.tag != f"{TAG}merge":
                continue
            for part in value.value if isinstance(value, SequenceNode) else [value]:
                if isinstance(part, MappingNode):
                    yield part
                else:
                    self._fault((*path, "<<"), part, quote(part.value), "a mapping or a list of mappings")

    def _scalar(self, node: ScalarNode, path: KeyPath) -> Any:  # noqa: ANN401
        tag = str(node.tag)
        if tag in TEXT_TAGS:
            return node.value
        if tag == f"{TAG}null":
            return None
        try:
            if tag == f"{TAG}bool":
                return bool(self._constructor.construct_yaml_bool(node))
            if tag == f"{TAG}int":
                return int(self._constructor.construct_yaml_int(node))
            if tag == f"{TAG}float":
                return _number(node.value, float(self._constructor.construct_yaml_float(node)))
        except (ValueError, KeyError, IndexError):  # an explicit tag on a text that is no such thing
            return self._fault(path, node, quote(node.value), f"a value of type {tag.removeprefix(TAG)}")
        return self._fault(path, node, f"the tag {tag.replace(TAG, '!!')}", "a plain value without a tag")

    def _fault(self, path: KeyPath, node: Node, found: str, expected: str) -> None:
        line, column = locate(node)
        self.problems.append(Problem(path, found, expected, line=line, column=column))


def _is_empty(node: Node) -> bool:
    """Whether nothing is written: then the node's mark is where the next thing begins."""
    return isinstance(node, ScalarNode) and node.value == "" and node.tag == f"{TAG}null"


def _number(text: str, value: float) -> float:
    """2e4 is a whole number, as people mean it; 20000.0 is not."""
    is_whole = WHOLE_WITH_EXPONENT.fullmatch(text) and math.isfinite(value) and abs(value) < LARGEST_EXACT
    return int(value) if is_whole else value
