"""Names for things that users can add: datasets, divergences, methods, metrics."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from bench.errors import BenchError, UnknownNameError

T = TypeVar("T")

SOURCE = "__bench_source__"
"""Attribute of a plugin's module: the hash of its code."""

_REGISTRIES: WeakValueDictionary[str, Registry[Any]] = WeakValueDictionary()
"""Those in use, by kind: one that nobody holds any more has nothing to send to other processes."""


class Registry(Mapping[str, T]):
    """A mapping from names to entries that refuses duplicates and suggests near names.

    Args:
        kind: what an entry is called in messages, such as "dataset".
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}
        self._origins: dict[str, str] = {}
        self._sources: dict[str, str | None] = {}
        _REGISTRIES[kind] = self

    def add(self, name: str, entry: T, origin: str | None = None) -> T:
        """Register `entry` under `name`.

        The same module may register a name again: a plugin file that is loaded twice is harmless.

        Args:
            name: what suites call it.
            entry: the thing.
            origin: module of the code that defines it; by default the entry's own.

        Raises:
            BenchError: if another module has that name already.
        """
        origin = origin if origin is not None else str(getattr(entry, "__module__", ""))
        owner = self._origins.get(name, origin)
        if owner != origin:
            raise BenchError(f"{self.kind} '{name}' is registered by {owner} already; choose another name")
        self._entries[name] = entry
        self._origins[name] = origin
        return entry

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator form of `add`."""

        def decorate(entry: T) -> T:
            return self.add(name, entry)

        return decorate

    def origin(self, name: str) -> str:
        """Module of the code that defines an entry."""
        return self._origins[name]

    def source(self, name: str) -> str | None:
        """Hash of the plugin file that registered an entry; None for what comes with an installed package."""
        if name not in self._origins:
            return None
        # where another process imported the file, its hash came with the entry
        found = getattr(sys.modules.get(self._origins[name]), SOURCE, self._sources.get(name))
        return None if found is None else str(found)

    def sources(self) -> dict[str, str]:
        """The hashes of all entries that plugin files registered, by name."""
        return {name: source for name in self if (source := self.source(name)) is not None}

    def _withdraw(self, origin: str) -> dict[str, T]:
        """Take out the entries of a module and return them."""
        names = [name for name, owner in self._origins.items() if owner == origin]
        for name in names:
            del self._origins[name]
        return {name: self._entries.pop(name) for name in names}

    def _reorder(self, names: Sequence[str]) -> None:
        """Put entries that have some names first, in that order: a module imported again keeps its places."""
        first = [name for name in names if name in self._entries]
        self._entries = {name: self._entries[name] for name in dict.fromkeys([*first, *self._entries])}

    def __getitem__(self, name: str) -> T:
        try:
            return self._entries[name]
        except KeyError:
            raise UnknownNameError(self.kind, name, self._entries) from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(frozen=True)
class Extension:
    """An entry that does not come with the package, to be known in another process too.

    Attributes:
        kind: of its registry.
        name: what suites call it.
        entry: the thing.
        origin: module of the code that defines it.
        source: hash of the plugin file that registered it, if one did.
    """

    kind: str
    name: str
    entry: Any
    origin: str
    source: str | None = None


def extensions() -> tuple[Extension, ...]:
    """Every entry of every registry that does not come with the package."""
    return tuple(
        Extension(kind, name, registry[name], registry.origin(name), registry.source(name))
        for kind, registry in _REGISTRIES.items()
        for name in registry
        if not registry.origin(name).startswith("bench.")
    )


def install(extra: Sequence[Extension]) -> None:
    """Make entries known that another process knew."""
    for item in extra:
        registry = _REGISTRIES[item.kind]
        registry.add(item.name, item.entry, item.origin)
        registry._sources[item.name] = item.source


@contextmanager
def registering(origin: str) -> Iterator[None]:
    """While a module is imported, perhaps again: afterwards only what it registers now is known of it.

    If that raises, it is what was known of it before.

    Args:
        origin: the module's name.
    """
    before = [(registry, list(registry), registry._withdraw(origin)) for registry in list(_REGISTRIES.values())]
    try:
        yield
    except BaseException:
        for registry, _, entries in before:
            registry._withdraw(origin)
            for name, entry in entries.items():
                registry.add(name, entry, origin)
        raise
    finally:
        for registry, names, _ in before:
            registry._reorder(names)


def load_entry_points() -> None:
    """Import what installed packages offer in the entry-point group `bench`; importing registers it.

    Raises:
        BenchError: if such a package cannot be imported.
    """
    for point in entry_points(group="bench"):
        try:
            point.load()
        except Exception as error:
            raise BenchError(f"installed plugin '{point.name}' ({point.value}) cannot be imported: {error}") from error
