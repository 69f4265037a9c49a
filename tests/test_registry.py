"""Registries, and what travels to other processes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.errors import BenchError, UnknownNameError
from bench.registry import Extension, Registry, extensions, install


def test_names_are_taken_once_and_suggested() -> None:
    registry: Registry[int] = Registry("test thing")
    registry.add("alpha", 1, "one")
    registry.add("alpha", 2, "one")  # the same module again, as when a plugin is loaded twice
    assert registry["alpha"] == 2
    with pytest.raises(BenchError, match="registered by one already"):
        registry.add("alpha", 3, "two")
    with pytest.raises(UnknownNameError, match=r"unknown test thing 'alpa'.*did you mean 'alpha'"):
        registry["alpa"]


def test_only_foreign_entries_travel() -> None:
    registry: Registry[Callable[[], int]] = Registry("travelling thing")
    registry.add("built in", lambda: 1, "bench.somewhere")
    registry.add("foreign", lambda: 2, "my_plugin")
    travelling = [item for item in extensions() if item.kind == "travelling thing"]
    assert [item.name for item in travelling] == ["foreign"]
    install([Extension("travelling thing", "arrived", lambda: 3, "their_plugin")])
    assert registry["arrived"]() == 3


def test_a_registry_that_is_gone_sends_nothing() -> None:
    registry: Registry[int] = Registry("passing thing")
    registry.add("foreign", 1, "my_plugin")
    assert any(item.kind == "passing thing" for item in extensions())
    del registry
    assert not any(item.kind == "passing thing" for item in extensions())
