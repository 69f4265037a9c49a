"""Cells as the blocks of a suite file: what is common stays in the blocks, what differs becomes overrides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.suite.models.cells import Cell
from bench.suite.models.draft import BLOCKS

Key = tuple[str, ...]
Flat = dict[Key, Any]


def describe_cells(cells: Sequence[Cell]) -> dict[str, Any]:
    """The blocks methods, training, evaluation, resources and overrides that give the same cells."""
    shared = _find_common(_flatten(_select_blocks(cell)) for cell in cells)
    variants: dict[str, list[Flat]] = {}
    for cell in cells:
        variants.setdefault(cell.method, []).append(_flatten(cell.settings["model"]))
    methods = {name: _find_common(flat) for name, flat in variants.items()}
    overrides = []
    for cell in cells:
        factors, blocks = _flatten(cell.settings["model"]), _flatten(_select_blocks(cell))
        differing = _subtract(factors, methods[cell.method]) | _subtract(blocks, shared)
        if differing:
            where = {"dataset": cell.dataset.label, "method": cell.method}
            overrides.append({"where": where, "set": _nest(differing)})
    return {
        "methods": {name: _nest(flat) for name, flat in methods.items()},
        **_nest(shared),
        "overrides": overrides,
    }


def _select_blocks(cell: Cell) -> dict[str, Any]:
    return {name: cell.settings[name] for name in BLOCKS}


def _find_common(variants: Iterable[Flat]) -> Flat:
    """The first variant's values of the keys that all variants have."""
    first, *others = variants
    return {key: value for key, value in first.items() if all(key in other for other in others)}


def _subtract(flat: Flat, common: Flat) -> Flat:
    """What differs from the common values."""
    return {key: value for key, value in flat.items() if key not in common or common[key] != value}


def _flatten(values: Mapping[str, Any], above: Key = ()) -> Flat:
    flat: Flat = {}
    for name, value in values.items():
        if isinstance(value, dict) and value:
            flat |= _flatten(value, (*above, name))
        else:
            flat[(*above, name)] = value
    return flat


def _nest(flat: Flat) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in flat.items():
        node = values
        for part in key[:-1]:
            node = node.setdefault(part, {})
        node[key[-1]] = value
    return values
