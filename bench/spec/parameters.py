"""Which parameters of a dataset decide a result: those that are set, without later ones at their default."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, get_args, get_origin

from pydantic_core import to_jsonable_python

from bench.datasets import DATASETS
from bench.identity import Later


def decisive_parameters(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as a suite sets them, without those declared as later that have their default.

    Args:
        name: registered name of the dataset; of one that is not known here, all parameters count.
        parameters: plain values.
    """
    later = dict(later_parameters(DATASETS[name])) if name in DATASETS else {}
    return {key: value for key, value in parameters.items() if key not in later or not _is_same(value, later[key])}


def later_parameters(factory: Callable[..., object]) -> Iterator[tuple[str, Any]]:
    """Name and default of every parameter that is declared as later: `size: Annotated[int, LATER] = 3`."""
    for argument in inspect.signature(factory, eval_str=True).parameters.values():
        annotation = argument.annotation
        if get_origin(annotation) is Annotated and any(isinstance(mark, Later) for mark in get_args(annotation)[1:]):
            yield argument.name, argument.default


def _is_same(value: Any, default: Any) -> bool:  # noqa: ANN401 - whatever a factory takes
    """Whether a value of a suite file is the default, which may be a tuple where files have lists."""
    plain = to_jsonable_python(default)
    return bool(value == plain) and isinstance(value, bool) == isinstance(plain, bool)
