"""Small suites to test with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

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
