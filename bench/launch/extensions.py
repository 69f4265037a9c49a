"""Work packed for another process, with what users registered: plugin files are no modules that it could import."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from typing import Any, cast

import cloudpickle

from bench.registry import Extension, extensions, install


def pack_work(work: object) -> bytes:
    """Something to be done elsewhere, and every registered entry that does not come with the package, code included.

    Args:
        work: anything that can be pickled; classes of plugin files travel by value.
    """
    found = extensions()
    for module in {item.origin for item in found} - {"__main__"}:
        if module in sys.modules and PathFinder.find_spec(module.partition(".")[0]) is None:
            cloudpickle.register_pickle_by_value(sys.modules[module])
    return cast("bytes", cloudpickle.dumps((found, work)))


def unpack_work(content: bytes) -> Any:  # noqa: ANN401 - whatever was packed
    """Register in this process what was registered where the work was packed; the work."""
    found: tuple[Extension, ...]
    found, work = cloudpickle.loads(content)
    install(found)
    return work
