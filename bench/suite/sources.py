"""What plugin files a run rests on: an edited file registers something else under the same name."""

from __future__ import annotations

from typing import Any

from bench.registry import Registry


def collect_sources(**used: tuple[Registry[Any], object]) -> dict[str, str]:
    """Hashes of the plugin files behind the entries that a run uses, by what each entry is to it.

    Args:
        **used: registry and name of each entry; what is no registered name has no file.
    """
    found = {what: registry.source(name) for what, (registry, name) in used.items() if isinstance(name, str)}
    return {what: source for what, source in found.items() if source is not None}


def label_protocol(registry: Registry[Any], name: str, version: int) -> str:
    """Name and version of a protocol, with the hash of its code where a plugin file registered it: mine/1@3fa9c1d2."""
    source = registry.source(name)
    return f"{name}/{version}" + (f"@{source[:8]}" if source else "")
