"""Data as YAML that people can read: scripts stay scripts."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString


def dump(*documents: Mapping[str, Any]) -> str:
    """Mappings as a stream of YAML documents; texts of several lines are written as such."""
    yaml = YAML()
    yaml.width = 10_000  # a command in two lines is no command any more
    yaml.default_flow_style = False
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = io.StringIO()
    yaml.dump_all([_prepare(document) for document in documents], text)
    return text.getvalue()


def quoted(text: str) -> str:
    """A text that is written in quotes."""
    marked: str = DoubleQuotedScalarString(text)
    return marked


def _prepare(value: Any) -> Any:  # noqa: ANN401 - any plain value
    if isinstance(value, Mapping):
        return {key: _prepare(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_prepare(inner) for inner in value]
    if isinstance(value, str) and "\n" in value:
        return LiteralScalarString(value)
    return value
