"""Registries, and what travels to other processes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from bench.errors import BenchError, UnknownNameError
from bench.registry import SOURCE, Extension, Registry, extensions, install, registering


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


def test_the_hash_of_a_plugin_file_travels_with_its_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker has the entries, which came pickled, but not the module."""
    registry: Registry[int] = Registry("hashed thing")
    module = ModuleType("my_hashed_plugin")
    setattr(module, SOURCE, "3fa9c1d2")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    registry.add("foreign", 1, module.__name__)
    registry.add("built in", 2, "bench.somewhere")
    (item,) = [item for item in extensions() if item.kind == "hashed thing"]
    assert registry.sources() == {"foreign": "3fa9c1d2"}
    monkeypatch.delitem(sys.modules, module.__name__)
    assert registry.source("foreign") is None
    install([item])
    assert registry.sources() == {"foreign": "3fa9c1d2"}


def test_a_module_that_registers_again_replaces_what_it_had() -> None:
    registry: Registry[int] = Registry("replaced thing")
    for name, origin in (("a", "mine"), ("b", "other"), ("c", "mine")):
        registry.add(name, 1, origin)
    with registering("mine"):
        registry.add("d", 2, "mine")
        registry.add("a", 2, "mine")
    assert list(registry.items()) == [("a", 2), ("b", 1), ("d", 2)]
    with pytest.raises(BenchError, match="registered by other already"), registering("mine"):
        registry.add("b", 3, "mine")
    assert list(registry.items()) == [("a", 2), ("b", 1), ("d", 2)]
    with registering("another"):
        registry.add("c", 3, "another")  # nobody has that name any more
    assert registry.origin("c") == "another"


def test_a_registry_that_is_gone_sends_nothing() -> None:
    registry: Registry[int] = Registry("passing thing")
    registry.add("foreign", 1, "my_plugin")
    assert any(item.kind == "passing thing" for item in extensions())
    del registry
    assert not any(item.kind == "passing thing" for item in extensions())
