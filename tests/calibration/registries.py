"""Registries as they were: plugins of a test leave nothing behind for others."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.calibration import SHAPES
from bench.metrics import ESTIMATORS
from bench.registry import Registry

_REGISTRIES: tuple[Registry[Any], ...] = (ESTIMATORS, SHAPES)


@contextmanager
def restored() -> Iterator[None]:
    """Forget what is registered within, and the plugin files that registered it."""
    modules = set(sys.modules)
    before = [(dict(registry._entries), dict(registry._origins)) for registry in _REGISTRIES]
    try:
        yield
    finally:
        for registry, (entries, origins) in zip(_REGISTRIES, before, strict=True):
            registry._entries.clear()
            registry._entries.update(entries)
            registry._origins.clear()
            registry._origins.update(origins)
        for name in set(sys.modules) - modules:
            if name.startswith("bench_plugin_"):
                del sys.modules[name]
