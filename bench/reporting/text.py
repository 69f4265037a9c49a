"""Numbers and names as text: digits that the spread supports, durations, one-line headlines."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bench.column import COMPANIONS, Columns, mode_of

if TYPE_CHECKING:
    import pandas as pd

MINUS = "\u2212"
EMPTY = "\u2014"
AT_LEAST = "≥\u00a0"
"""Before an estimate that is at its ceiling: it is a bound from below."""
GROWING = "↑"
"""After an estimate that still grows with what critics are given: it has not converged."""
UNRESOLVED = "°"
"""After an estimate that is too small beside its noise to say what it lacks: it has not been seen to converge."""

_ROUNDING = 1e-12
"""A spread below this share of the mean is the rounding error of equal values."""
_SMALL, _LARGE = 1e-4, 1e6
"""Outside this range numbers are written with a power of ten."""
_MOST_DECIMALS = 8
_UNDECLARED = Columns()
_MOST_NAMES = 6
_COVERED, _TOTAL = "modes_covered", "modes_total"


def write_significant(value: float, digits: int) -> str:
    """`value` with so many significant digits; whole numbers are written out in full.

    Very large and very small values are written as 1.2e−7.
    """
    if not math.isfinite(value):
        return _write_not_finite(value)
    if value == 0:
        return "0"
    if value == int(value) and abs(value) < _LARGE:
        return _set_minus(f"{value:.0f}")
    exponent = _find_exponent(value, digits)
    if _SMALL <= abs(value) < _LARGE:
        return _set_minus(f"{value:.{max(0, digits - 1 - exponent)}f}")
    return _write_scaled(value, exponent, digits - 1)


def write_as_given(value: float) -> str:
    """`value` with the digits it was given with, six at most."""
    return _set_minus(f"{value:.6g}") if math.isfinite(value) else _write_not_finite(value)


def write_mean_and_spread(mean: float, spread: float | None, digits: int) -> tuple[str, str]:
    """Mean and spread as text, both rounded to two significant digits of the spread.

    Args:
        mean: the mean.
        spread: the spread; None where there is none, as for a single seed.
        digits: significant digits of the mean where no spread says how many there are.

    Returns:
        Text of the mean, text of the spread; the latter is a dash for no spread, never 0.
    """
    if spread is None or math.isnan(spread):
        return write_significant(mean, digits), EMPTY
    if not (math.isfinite(mean) and math.isfinite(spread)):
        return write_significant(mean, digits), write_significant(spread, 2)
    if spread <= _ROUNDING * abs(mean):
        return write_significant(mean, digits), "0"
    last = _find_exponent(spread, 2) - 1
    largest = max(abs(mean), spread)
    scale = 0 if _SMALL <= largest < _LARGE else _find_exponent(largest, 2)
    decimals = max(0, scale - last)
    if decimals > _MOST_DECIMALS:
        return write_significant(mean, 6), write_significant(spread, 2)
    if scale:
        return _write_scaled(mean, scale, decimals), _write_scaled(spread, scale, decimals)
    return _set_minus(f"{round(mean, -last):.{decimals}f}"), f"{round(spread, -last):.{decimals}f}"


def write_duration(seconds: float) -> str:
    """Seconds as text in the two largest units: 3 h 12 min."""
    if seconds < 60:
        return f"{write_significant(seconds, 2)} s"
    whole = round(seconds)
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    parts = []
    for name, size in units:
        count, whole = divmod(whole, size)
        parts.append((count, name))
    first = next(i for i, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {name}" for count, name in parts[first : first + 2] if count)


def find_last_line(error: object) -> str:
    """The line of an error or traceback that says what happened: its last one."""
    lines = [line.strip() for line in str(error or "").splitlines() if line.strip()]
    return lines[-1] if lines else ""


def make_slug(name: str) -> str:
    """`name` made fit for a file name."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "unnamed"


def write_count(count: int, word: str) -> str:
    """`3 seeds`, `1 seed`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def join_names(names: Sequence[str]) -> str:
    """Names in a row, at most six of them."""
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[: _MOST_NAMES - 1])} and {len(names) - _MOST_NAMES + 1} more"


def headline(row: Mapping[str, Any] | pd.Series[Any], columns: Columns = _UNDECLARED) -> str:
    """A finished run's headline figures on one line: `elbo −12.3  kl 0.12  fid 4.56  modes 8/8`.

    These are the columns whose headline is "line", and the divergence that the run was trained on.

    Args:
        row: a run, such as a row of `bench.load(...)` or a dictionary. Figures that it lacks are left out.
        columns: the declared columns.

    Returns:
        The text; empty if the run has none of the headline figures.
    """
    own = row.get("divergence")
    names = {column.name for column in columns.headlines("line")} | ({f"div_{own}"} if isinstance(own, str) else set())
    figures = {name: _read_number(row.get(name)) for name in sorted(names, key=columns.sort_key)}
    total = _read_number(row.get(_TOTAL))
    parts = []
    for name, value in figures.items():
        if value is not None:
            of = f"/{write_significant(total, 3)}" if name == _COVERED and total is not None else ""
            bound = AT_LEAST if (_read_number(row.get(f"{name}_reach")) or 0.0) >= 1 else ""
            parts.append(f"{columns.describe(name).short or name} {bound}{write_significant(value, 3)}{of}")
    return "  ".join(parts)


def list_figures(figures: Mapping[str, float], most: int = 5) -> str:
    """Figures on one line, as many as there is room for: `kid 0.0123  recall 0.981`.

    Companions and shares of single modes are left out.
    """
    names = [name for name in figures if not name.endswith(tuple(COMPANIONS)) and mode_of(name) is None]
    bounds = {name for name in names if figures.get(f"{name}_reach", 0.0) >= 1}
    parts = [
        f"{name} {AT_LEAST if name in bounds else ''}{write_significant(figures[name], 3)}" for name in names[:most]
    ]
    return "  ".join([*parts, *(["…"] if len(names) > most else [])])


def _read_number(value: object) -> float | None:
    if value is None or isinstance(value, (str, bool)):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return None if math.isnan(number) else number


def _find_exponent(value: float, digits: int) -> int:
    """Power of ten of the leading digit of `value`, once it is rounded to so many significant digits."""
    return int(f"{value:.{digits - 1}e}".split("e")[1])


def _write_scaled(value: float, exponent: int, decimals: int) -> str:
    return _set_minus(f"{Decimal(value).scaleb(-exponent):.{decimals}f}e{exponent}")


def _set_minus(text: str) -> str:
    """Typographic minus; no minus before a number that was rounded to zero."""
    if not text.split("e")[0].strip("-0."):
        text = text.removeprefix("-")
    return text.replace("-", MINUS)


def _write_not_finite(value: float) -> str:
    if math.isnan(value):
        return EMPTY
    return "∞" if value > 0 else f"{MINUS}∞"


__all__ = [
    "AT_LEAST",
    "EMPTY",
    "GROWING",
    "MINUS",
    "UNRESOLVED",
    "find_last_line",
    "headline",
    "join_names",
    "list_figures",
    "make_slug",
    "write_as_given",
    "write_count",
    "write_duration",
    "write_mean_and_spread",
    "write_significant",
]
