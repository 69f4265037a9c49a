"""Small suites to test with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.suite import Suite, resolved_text

WriteSuite = Callable[[str], Path]


def no_data(name: str, parameters: Mapping[str, Any]) -> str:
    """A stand-in fingerprint: a function of name and parameters, without loading anything."""
    return f"{name}{sorted(parameters.items())}"


def small_suite(**changes: object) -> dict[str, Any]:
    """A valid suite as a mapping, with top-level keys replaced."""
    suite: dict[str, Any] = {
        "name": "small",
        "seeds": 2,
        "datasets": ["ring", "grid"],
        "methods": {
            "vae": {"family": "vae"},
            "kl": {"family": "fgan", "divergence": "kl"},
            "js": {"family": "fgan", "divergence": "js"},
        },
        "training": {"steps": 100},
        "metrics": ["elbo", "fid"],
    }
    return suite | changes


def dump_suite(suite: Suite, path: Path) -> Path:
    """Write the resolved suite where a test wants it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(resolved_text(suite, path.parent), encoding="utf-8")
    return path
