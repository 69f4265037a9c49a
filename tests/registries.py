"""Registries as they were: plugins of a test leave nothing behind for others."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import bench.api  # noqa: F401 - imports all that registers something, so that only plugins come later
from bench.registry import _REGISTRIES


@contextmanager
def restored() -> Iterator[None]:
    """Forget what is registered within, and the plugin files that registered it."""
    modules = set(sys.modules)
    before = [(registry, dict(registry._entries), dict(registry._origins)) for registry in _REGISTRIES.values()]
    try:
        yield
    finally:
        for registry, entries, origins in before:
            registry._entries.clear()
            registry._entries.update(entries)
            registry._origins.clear()
            registry._origins.update(origins)
        for name in set(sys.modules) - modules:
            if name.startswith("bench_plugin_"):
                del sys.modules[name]
