"""The resolved suite as a suite file: what is common stays in the blocks, what differs becomes overrides."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from bench.suite.draft import BLOCKS
from bench.suite.layers import Cell

if TYPE_CHECKING:
    from bench.suite.suite import ModelSuite, Suite

Key = tuple[str, ...]
Flat = dict[Key, Any]


def resolved(suite: ModelSuite) -> dict[str, Any]:
    """The suite as plain values that `load_suite` reads back to the same runs.

    All defaults are filled in, budgets are applied and gone, plugins are absolute paths.
    """
    shared = _common(_flat(_blocks(cell)) for cell in suite.cells)
    models = {
        name: [_flat(cell.settings["model"]) for cell in suite.cells if cell.method == name] for name in suite.methods
    }
    methods = {name: _common(variants) for name, variants in models.items()}
    overrides = []
    for cell in suite.cells:
        factors, blocks = _flat(cell.settings["model"]), _flat(_blocks(cell))
        differing = _beyond(methods[cell.method], factors) | _beyond(shared, blocks)
        if differing:
            where = {"dataset": cell.dataset.label, "method": cell.method}
            overrides.append({"where": where, "set": _nested(differing)})
    return {
        "name": suite.name,
        "title": suite.title,
        "seeds": list(suite.seeds),
        "datasets": [{"name": d.name, **d.parameters} if d.parameters else d.name for d in suite.datasets],
        "methods": {name: _nested(flat) for name, flat in methods.items()},
        **_nested(shared),
        "metrics": list(suite.metrics),
        "overrides": overrides,
        "published": [figure.model_dump(mode="json", exclude_none=True) for figure in suite.published],
        "plugins": [path.as_posix() for path in suite.plugins],
    }


def dump_suite(suite: Suite, path: str | Path) -> Path:
    """Write the resolved suite as a suite file, whole or not at all.

    Plugins are named relative to the file, so that a folder can be moved as a whole.

    Returns:
        The path.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    values = suite.resolved()
    values["plugins"] = [_relative(plugin, target.parent) for plugin in suite.plugins]
    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 120
    text = io.StringIO()
    yaml.dump(values, text)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    partial.write_text(text.getvalue(), encoding="utf-8")
    partial.replace(target)
    return target


def _relative(plugin: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(plugin, folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return plugin.as_posix()


def _blocks(cell: Cell) -> dict[str, Any]:
    return {name: cell.settings[name] for name in BLOCKS}


def _common(variants: Iterable[Flat]) -> Flat:
    """The first variant's values of the keys that all variants have."""
    first, *others = variants
    return {key: value for key, value in first.items() if all(key in other for other in others)}


def _beyond(common: Flat, flat: Flat) -> Flat:
    """What differs from the common values."""
    return {key: value for key, value in flat.items() if key not in common or common[key] != value}


def _flat(values: Mapping[str, Any], above: Key = ()) -> Flat:
    flat: Flat = {}
    for name, value in values.items():
        if isinstance(value, dict) and value:
            flat |= _flat(value, (*above, name))
        else:
            flat[(*above, name)] = value
    return flat


def _nested(flat: Flat) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in flat.items():
        node = values
        for part in key[:-1]:
            node = node.setdefault(part, {})
        node[key[-1]] = value
    return values
