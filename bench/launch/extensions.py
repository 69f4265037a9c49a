"""What users registered, packed for another process: plugin files are no modules that it could import."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from typing import cast

import cloudpickle

from bench.registry import Extension, extensions, install


def pack_extensions() -> bytes:
    """Every registered entry that does not come with the package, its code included."""
    found = extensions()
    for module in {item.origin for item in found} - {"__main__"}:
        if module in sys.modules and PathFinder.find_spec(module.partition(".")[0]) is None:
            cloudpickle.register_pickle_by_value(sys.modules[module])
    return cast("bytes", cloudpickle.dumps(found))


def unpack_extensions(content: bytes) -> None:
    """Register in this process what `pack_extensions` found in another."""
    found: tuple[Extension, ...] = cloudpickle.loads(content)
    install(found)
