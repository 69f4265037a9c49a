"""Samples as users have them: tensors, arrays, nested lists, data frames; all become tensors here, or one error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from bench.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd

    Samples: TypeAlias = Tensor | np.ndarray[Any, Any] | Sequence[Any] | pd.DataFrame | pd.Series[Any]
else:
    Samples = Any
"""What every metric function takes: numbers, along the first axis an example each."""

_EXPECTED = "expected numbers: a tensor, a NumPy array, a nested list or a pandas frame"
_WIDER = {torch.uint16: torch.int64, torch.uint32: torch.int64, torch.uint64: torch.float64}
"""Types that torch stores but hardly computes with."""
_OF_TORCH = {np.dtype(kind) for kind in ("f2", "f4", "f8", "u1", "i1", "i2", "i4", "i8", "?")}


def as_tensor(values: Samples, what: str) -> Tensor:
    """The values as a dense tensor without gradient, of their own type and on their own device.

    NumPy's and pandas' types that torch lacks become float64, as do lists. A series is a frame of one column. Missing
    values become NaN.

    Args:
        values: numbers of any real type.
        what: how the message calls them, such as "samples".

    Raises:
        ArgumentError: if they are not real numbers, or rows have different lengths.
    """
    if isinstance(values, Tensor):
        return _check_kind(values.detach(), what)
    if _is_pandas(values):
        return torch.from_numpy(_read_frame(values, what))
    if isinstance(values, list | tuple) and values and all(isinstance(row, Tensor) for row in values):
        return _check_kind(_stack(values, what).detach(), what)
    return torch.from_numpy(_read_array(values, what))


def as_model_input(model: object, values: Samples, what: str) -> Tensor:
    """Examples as a model takes them: of its parameters' type and on their device, where it has any.

    Raises:
        ArgumentError: if they are not real numbers, or have no axis of examples.
    """
    examples = as_tensor(values, what)
    if examples.ndim < 2:
        raise ArgumentError(f"{what}: shape {tuple(examples.shape)}; expected (n, *shape), an example a row")
    parameters = model.parameters() if isinstance(model, nn.Module) else ()
    like = next((p for p in parameters if p.is_floating_point()), None)
    if like is not None:
        return examples.to(like)
    return examples if examples.is_floating_point() else examples.to(torch.get_default_dtype())


def as_names(names: str | Iterable[str], what: str) -> tuple[str, ...]:
    """Names, each once; one alone need not be in a list.

    Raises:
        ArgumentError: if there is none, or something is not a text.
    """
    found = (names,) if isinstance(names, str) else tuple(names) if isinstance(names, Iterable) else (names,)
    if found and all(isinstance(name, str) for name in found):
        return tuple(dict.fromkeys(found))
    raise ArgumentError(f'{what}: found {names!r}; expected names, such as "kl" or ["kl", "js"]')


def as_count(value: object, what: str, *, at_least: int = 1, unit: str = "") -> int:
    """A whole number.

    Raises:
        ArgumentError: if it is none, or is below `at_least`.
    """
    number = _read_whole(value)
    if number is None or number < at_least:
        kind = "a whole number of at least" if number is None else "at least"
        raise ArgumentError(f"{what} {value!r}; expected {kind} {at_least}{unit and f' {unit}'}")
    return number


def _read_whole(value: object) -> int | None:
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        return None
    try:
        return int(value.__index__())
    except TypeError:  # a tensor of many numbers, or of none that are whole
        return None


def _check_kind(values: Tensor, what: str) -> Tensor:
    if values.is_complex() or values.is_quantized:
        raise ArgumentError(f"{what}: found a tensor of {values.dtype}; {_EXPECTED} of a real type")
    dense = values if values.layout == torch.strided else values.to_dense()
    return dense.to(_WIDER.get(dense.dtype, dense.dtype))


def _stack(rows: Sequence[Tensor], what: str) -> Tensor:
    shapes = {tuple(row.shape) for row in rows}
    if len(shapes) > 1:
        raise ArgumentError(f"{what}: found rows of shapes {_name_some(shapes)}; expected the same for every example")
    return torch.stack([row.to(rows[0]) for row in rows])


def _is_pandas(values: object) -> bool:
    pandas = sys.modules.get("pandas")  # who has a frame has imported it
    return pandas is not None and isinstance(values, pandas.DataFrame | pandas.Series)


def _read_frame(values: Any, what: str) -> np.ndarray[Any, Any]:  # noqa: ANN401
    """Columns of numbers as float64 in one block; a missing value is NaN."""
    frame = values.to_frame() if values.ndim == 1 else values
    columns = []
    for label, (_, column) in zip(frame.columns, frame.items(), strict=True):
        try:
            numbers = column.to_numpy(dtype=np.float64, na_value=np.nan) if _is_numeric(column) else None
        except (TypeError, ValueError):
            numbers = None
        if numbers is None:
            raise ArgumentError(
                f"{what}: column {label!r} holds {column.dtype}; expected numbers in every column: leave it out, or "
                "encode it as numbers"
            )
        columns.append(numbers)
    return np.stack(columns, 1) if columns else np.empty((len(frame), 0))


def _is_numeric(column: Any) -> bool:  # noqa: ANN401
    """Whether a column holds real numbers, as objects too; texts that look like numbers are none."""
    if column.dtype == object:
        return all(isinstance(value, Real) or value is None for value in column)
    return getattr(column.dtype, "kind", "O") in "fiub"


def _read_array(values: object, what: str) -> np.ndarray[Any, Any]:
    """A contiguous, writable array of a type that torch has."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentError(f"{what}: {_describe(values)} ({_first_line(error)}); {_EXPECTED}") from None
    if np.ma.is_masked(values):
        raise ArgumentError(f"{what}: found masked values; expected every value: fill them, or leave examples out")
    if array.dtype == object and array.size and all(isinstance(value, Real) for value in array.flat):
        array = array.astype(np.float64)
    if array.dtype.kind not in "fiub" or (array.ndim == 0 and not isinstance(values, Real | np.ndarray | np.generic)):
        raise ArgumentError(f"{what}: {_describe(values)}; {_EXPECTED}")
    if isinstance(values, list | tuple):
        array = array.astype(np.float64)
    native = array.dtype.newbyteorder("=")
    wanted = native if native in _OF_TORCH else np.dtype(np.float64)
    writable = array.dtype == wanted and array.flags.writeable
    return np.asarray(array, order="C") if writable else np.array(array, dtype=wanted, order="C")


def _describe(values: object) -> str:
    kind = f"array of {values.dtype}" if isinstance(values, np.ndarray) else type(values).__name__
    inside = f" of {type(values[0]).__name__}" if isinstance(values, list | tuple) and values else ""
    return f"found {'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}{inside}"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _name_some(shapes: Iterable[tuple[int, ...]], most: int = 3) -> str:
    named = sorted(map(str, shapes))
    return ", ".join(named[:most]) + (", …" if len(named) > most else "")
