"""From points of the unit cube to configurations: one list of points, shared by all methods."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.stats import qmc

from bench.suite.models.key_checks import applies
from bench.suite.reading.errors import KeyPath
from bench.suite.search.schema import Range, SearchBlock
from bench.suite.settings import Setting

MOST_KEYS = 32
"""Dimensions that points have, whether a space needs them or not: a key more leaves those of other keys as they are."""


@dataclass(frozen=True)
class Dimension:
    """One setting that is searched.

    Attributes:
        key: its dotted key.
        column: the coordinate of the points that decides it.
        range: what it is drawn from.
        source: where the range is written.
    """

    key: str
    column: int
    range: Range
    source: KeyPath

    def setting(self, value: Any, *below: str | int) -> Setting:  # noqa: ANN401 - any setting
        """The setting with a value; `below` says where in the range it is written."""
        return Setting(tuple(self.key.split(".")), value, (*self.source, *below))

    @property
    def given(self) -> list[Setting]:
        """The setting with every value that is written out: both ends, or all options."""
        kind = self.range.kind
        return [self.setting(value, kind, i) for i, value in enumerate(self.range.given)]


def list_dimensions(block: SearchBlock, method: str, family: str) -> tuple[Dimension, ...]:
    """What is searched of a method: the shared keys that its family has, and its own.

    A key that is shared has the same coordinate in every method, even where a method gives it another range.
    """
    own = block.methods.get(method, {})
    shared = [
        Dimension(key, i, own.get(key, given), _place(method, key, is_own=key in own))
        for i, (key, given) in enumerate(block.space.items())
    ]
    more = [key for key in own if key not in block.space]
    others = [
        Dimension(key, len(block.space) + i, own[key], _place(method, key, is_own=True)) for i, key in enumerate(more)
    ]
    return tuple(d for d in (*shared, *others) if applies(d.setting(None), family))


def draw_points(count: int, seed: int) -> np.ndarray:
    """Points of a scrambled Sobol sequence, shape (count, MOST_KEYS), in [0, 1).

    More of them begin with the same ones, so that trials can be added.
    """
    return _draw(math.ceil(math.log2(count)) if count > 1 else 0, seed)[:count]


def draw_settings(dimensions: Sequence[Dimension], points: np.ndarray) -> list[tuple[Setting, ...]]:
    """A configuration for each point.

    Args:
        dimensions: what is searched.
        points: shape (n, MOST_KEYS), in [0, 1).
    """
    return [tuple(d.setting(d.range.at(float(point[d.column]))) for d in dimensions) for point in points]


def describe_settings(settings: Sequence[Setting]) -> Mapping[str, Any]:
    """A configuration as values by dotted key."""
    return {".".join(setting.key): copy.deepcopy(setting.value) for setting in settings}


def _place(method: str, key: str, *, is_own: bool) -> KeyPath:
    return ("search", "methods", method, key) if is_own else ("search", "space", key)


@lru_cache(maxsize=4)
def _draw(exponent: int, seed: int) -> np.ndarray:
    points: np.ndarray = qmc.Sobol(MOST_KEYS, scramble=True, seed=np.random.default_rng(seed)).random_base2(exponent)
    return points
