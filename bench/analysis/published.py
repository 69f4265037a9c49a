"""Our figures beside those of papers: differences, whether both errors cover them, and whether the order agrees."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

import pandas as pd
from scipy import stats

from bench.analysis.intervals import LEVEL
from bench.analysis.measured import read_numbers
from bench.published import PublishedFigure
from bench.statuses import Status

COMPARED = [
    "dataset", "method", "metric", "protocol", "ours", "std", "n", "margin", "published", "spread", "published_margin",
    "published_n", "difference", "agreement", "source", "note", "recalled",
]  # fmt: skip
ORDERS = ["dataset", "metric", "source", "note", "methods", "tau", "published_order", "our_order"]
ORDER_ONLY: Final = "another scale: the order alone"
Agreement = Literal[
    "within both errors", "outside both errors", "within our error", "outside our error",
    "another scale: the order alone", "",
]  # fmt: skip
_TWO_SIDED: Final = float(stats.norm.ppf(0.5 + LEVEL / 2))
LEAST_ORDERED: Final = 3
"""Methods that an order is told of."""


@dataclass(frozen=True)
class Placed:
    """A published figure, and the column of ours that it is comparable with.

    Attributes:
        figure: the figure.
        dataset: our name of its dataset.
        protocol: the protocol of our column.
    """

    figure: PublishedFigure
    dataset: str
    protocol: str


def compare_published(summary: pd.DataFrame, errors: pd.DataFrame, placed: Sequence[Placed]) -> pd.DataFrame:
    """A row for each published figure that one of ours is comparable with.

    `margin` is half of the 95 % interval of our mean over seeds; of a single seed, of its own standard error.
    `published_margin` is the same of theirs where their ± is known to be a standard deviation of `n` runs or a standard
    error, else their ± as printed. `agreement` says whether |difference| ≤ margin + published_margin + half a unit of
    the last digit that they print, and is empty where our margin is not known. Of a figure that only the order can be
    compared of, these are null.

    Args:
        summary: as `bench.analysis.summarise` gives it.
        errors: `dataset, method, metric, stderr`: the standard error of figures that have one, of one seed.
        placed: the published figures.

    Returns:
        The columns `COMPARED`, in the order of `placed`.
    """
    ours = {_place(row): row for row in summary.to_dict(orient="records")}
    single = {(r["dataset"], r["method"], r["metric"]): float(r["stderr"]) for r in errors.to_dict(orient="records")}
    rows = [
        _compare(entry, row, single)
        for entry in placed
        if (row := ours.get((entry.dataset, entry.figure.method, entry.figure.metric, entry.protocol))) is not None
    ]
    return pd.DataFrame(rows, columns=COMPARED)


def compare_orders(compared: pd.DataFrame) -> pd.DataFrame:
    """Kendall's τ_b between published figures and ours, for each metric and source with three methods or more.

    Args:
        compared: as `compare_published` gives it.

    Returns:
        `dataset, metric, source, note, methods, tau, published_order, our_order`; orders go from the largest figure to
        the smallest, and τ is NaN where all figures of one side are equal.
    """
    rows = []
    for names, group in compared.groupby(["dataset", "metric", "source", "note"], sort=False, dropna=False):
        once = group.drop_duplicates("method")
        if len(once) < LEAST_ORDERED:
            continue
        tau = float(stats.kendalltau(once["published"], once["ours"]).statistic)
        orders = (_order(once, "published"), _order(once, "ours"))
        rows.append((*names, len(once), tau, *orders))
    return pd.DataFrame(rows, columns=ORDERS)


def collect_errors(runs: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Standard errors of single runs: `dataset, method, metric, stderr`, averaged over finished seeds."""
    done = runs[(runs["dataset"] == dataset) & (runs["status"] == Status.DONE)]
    parts = [
        done[["dataset", "method"]].assign(metric=name.removesuffix("_se"), stderr=read_numbers(done[name]))
        for name in done.columns
        if name.endswith("_se")
    ]
    if not parts:
        return pd.DataFrame(columns=["dataset", "method", "metric", "stderr"])
    means = pd.concat(parts).groupby(["dataset", "method", "metric"])["stderr"].mean()
    return means.dropna().reset_index()


def _place(row: Mapping[Hashable, Any]) -> tuple[Any, ...]:
    return row["dataset"], row["method"], row["metric"], row["protocol"]


def _compare(entry: Placed, row: Mapping[Hashable, Any], single: Mapping[tuple[Any, ...], float]) -> list[Any]:
    figure = entry.figure
    margin = theirs = difference = math.nan
    agreement: Agreement = ORDER_ONLY
    if figure.compare == "level":
        margin = _measure_own_margin(row, single.get((row["dataset"], row["method"], row["metric"]), math.nan))
        theirs, difference = measure_margin(figure), float(row["mean"]) - figure.value
        agreement = judge(difference, margin, theirs, measure_rounding(figure.value))
    return [
        entry.dataset, figure.method, figure.metric, entry.protocol, row["mean"], row["std"], row["n"], margin,
        figure.value, figure.spread, theirs, figure.n, difference, agreement, figure.source, figure.note,
        figure.recalled,
    ]  # fmt: skip


def measure_margin(figure: PublishedFigure) -> float:
    """Half of the 95 % interval of a published mean where its ± says so much; else the ± itself, NaN without one."""
    if figure.spread is None:
        return math.nan
    if figure.spread_is == "standard error":
        return _TWO_SIDED * figure.spread
    if figure.spread_is == "standard deviation" and figure.n is not None and figure.n > 1:
        return float(stats.t.ppf(0.5 + LEVEL / 2, figure.n - 1)) * figure.spread / math.sqrt(figure.n)
    return figure.spread


def measure_rounding(value: float) -> float:
    """Half a unit of the last digit of a published figure; zeros that it ends with are not known, so count as none."""
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return 0.5 * 10.0 ** min(exponent, 0) if isinstance(exponent, int) else 0.0


def judge(difference: float, margin: float, theirs: float, rounding: float = 0.0) -> Agreement:
    """Whether a difference is covered by what is known of both errors, and by the rounding of the published figure."""
    if math.isnan(margin) or math.isnan(difference):
        return ""
    size = max(abs(difference) - rounding, 0.0)
    if math.isnan(theirs):
        return "within our error" if size <= margin else "outside our error"
    return "within both errors" if size <= margin + theirs else "outside both errors"


def _measure_own_margin(row: Mapping[Hashable, Any], stderr: float) -> float:
    low, high = float(row["low"]), float(row["high"])
    if not math.isnan(low) and not math.isnan(high):
        return max(high - float(row["mean"]), float(row["mean"]) - low)
    return _TWO_SIDED * stderr


def _order(group: pd.DataFrame, name: str) -> str:
    """Methods from the largest figure to the smallest; `=` between equals."""
    ranked = group.sort_values(name, ascending=False, kind="stable")
    values, methods = ranked[name].tolist(), ranked["method"].tolist()
    text = str(methods[0])
    for before, value, method in zip(values, values[1:], methods[1:], strict=False):
        text += f" {'=' if value == before else '>'} {method}"
    return text


__all__ = [
    "COMPARED",
    "ORDERS",
    "ORDER_ONLY",
    "Agreement",
    "Placed",
    "collect_errors",
    "compare_orders",
    "compare_published",
    "judge",
    "measure_margin",
    "measure_rounding",
]
