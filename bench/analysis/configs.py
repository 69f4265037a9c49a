"""The settings of runs, from the JSON in their column `config`: read once for rows that differ in their seed only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

LABELS = frozenset({
    "suite", "method", "dataset", "dataset_name", "dataset_sha256", "seed", "metrics", "protocols", "labels", "sources",
    "identity_version",
})  # fmt: skip
"""Keys of a config that are no settings: what a run is called, where it is from, and what is measured of it."""
_SEED = re.compile(r'"seed": ?-?\d+')


@dataclass(frozen=True)
class Configs:
    """The distinct settings of some rows.

    Attributes:
        contents: each settings, with any one of its seeds.
        codes: which of them each row has, shape (rows,).
    """

    contents: tuple[dict[str, Any], ...]
    codes: np.ndarray


def read_configs(texts: pd.Series[str]) -> Configs:
    """The settings in a column `config`; those of a row without any are empty."""
    given = [text if isinstance(text, str) else "" for text in texts]
    merged = [_SEED.sub('"seed": 0', text) if text.count('"seed"') == 1 else text for text in given]
    contents = {text: read_config(text) for text in dict.fromkeys(merged)}
    # A seed that is not the run's own, such as a dataset's, tells settings apart.
    apart = [text if "seed" in contents[same] else own for text, same, own in zip(merged, merged, given, strict=True)]
    codes, distinct = pd.factorize(np.array(apart, dtype=object))
    return Configs(tuple(contents.get(text) or read_config(text) for text in distinct), codes)


def read_config(text: str) -> dict[str, Any]:
    """The settings in one text; of one that holds no JSON object, the text itself."""
    try:
        content = json.loads(text) if text else {}
    except ValueError:
        content = text
    return content if isinstance(content, dict) else {"config": text}


def flatten(content: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted key and value of every setting, at all depths."""
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


__all__ = ["LABELS", "Configs", "flatten", "read_config", "read_configs"]
