"""What the tests of places have in common: an order, and how a manifest is read back."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
from ruamel.yaml import YAML

from bench.deploy import TARGETS, Bundle, Command, Document, Order, Timetable

SCHEMAS = Path(__file__).with_name("schemas")
AWKWARD = 'it\'s 100% "odd" $HOME \\ x'
"""A value that every place quotes in its own way."""


def order(cron: str = "0 2 * * *", timezone: str | None = None, **changes: Any) -> Order:
    given: dict[str, Any] = {"suite": "suites/a.yaml", "name": "My_Suite", "out": "results", "bench": ("bench",)}
    files = Bundle("suites/a.yaml", {"suites/a.yaml": "name: My_Suite\nseeds: 1\n", "plugins/p.py": "x = 1\n"})
    return Order(Command(**given | changes), files, Timetable.parse(cron), Path("/home/me/my work"), timezone)


def written(place: str, what: Order, **given: Any) -> list[Document]:
    return [*TARGETS[place].write(place, what, given)]


def documents(text: str) -> list[Any]:
    return [*YAML(typ="safe", pure=True).load_all(text)]


def validate_kubernetes(thing: Any, kind: str | None = None) -> None:
    """Hold an object against the schema of its kind."""
    schema = _schema("kubernetes")
    jsonschema.validate(thing, {**schema, "$ref": f"#/$defs/{schema['kinds'][kind or thing['kind']]}"})


def validate_workflow(thing: Any) -> None:
    jsonschema.validate(thing, _schema("github-workflow"))


def is_name(text: str) -> bool:
    """Whether Kubernetes takes it for the name of an object that becomes a label or a host."""
    return re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", text) is not None


@lru_cache
def _schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())
    return found
