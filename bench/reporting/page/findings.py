"""What comparisons say, in three sentences: what separates, what does not, and what failed.

Sentences are computed from verdicts. A difference is claimed only where `decide` claims it, so never from one seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from bench.analysis.pairs import TABLE
from bench.analysis.significance import pairs_needed
from bench.analysis.statistics import NOT_RUN
from bench.analysis.verdicts import Verdict, count_seeds, tell_seeds
from bench.column import Columns
from bench.reporting.text import write_count
from bench.statuses import Status

_MOST_CLAIMS, _MOST_NAMES, _MOST_FAILURES = 3, 3, 5
_ALL_FROM = 3
NOTHING_COMPARED = "No two methods have figures of one headline metric on one dataset, so nothing is compared."
NO_CLAIM = "No difference between methods is shown"


def tell_findings(pairs: pd.DataFrame, counts: pd.DataFrame, columns: Columns) -> list[str]:
    """Three sentences: on claims (with n, p after Holm and effect), on what is not separated, and on failures.

    Args:
        pairs: comparisons as `compare_methods` gives them.
        counts: as `count_outcomes` gives them.
        columns: the declared columns.
    """
    return [*_tell_comparisons(pairs, columns), tell_failures(counts)]


def tell_failures(counts: pd.DataFrame) -> str:
    """How many runs did not finish, and of which methods; what was planned and not run is told too."""
    total, done, waiting = (int(counts[name].sum()) for name in ("total", Status.DONE.value, NOT_RUN))
    ended = total - waiting
    failed = ended - done
    beside = f" {write_count(waiting, 'planned run')} {_be(waiting)} not there." if waiting else ""
    if not failed:
        return (f"{_all_of(ended)} finished." if ended else "No run has ended.") + beside
    named = [text for _, text in sorted(_name_failures(counts), key=lambda found: -found[0])]
    return f"Of {write_count(ended, 'run')} {failed} did not finish: {_list(named, _MOST_FAILURES)}.{beside}"


def _name_failures(counts: pd.DataFrame) -> Iterator[tuple[int, str]]:
    """How many runs of each method did not finish, and the text that says so, with the dataset where it is one."""
    ended = counts["total"] - counts[NOT_RUN]
    rows = counts.assign(ended=ended, failed=ended - counts[Status.DONE.value])
    for method, own in rows.groupby("method", sort=False):
        bad = own[own["failed"] > 0]
        if len(bad) == 1:
            place = bad.iloc[0]
            yield int(place["failed"]), f"{place['failed']} of {place['ended']} of {method} on {place['dataset']}"
        elif len(bad):
            failed = int(bad["failed"].sum())
            yield failed, f"{failed} of {own['ended'].sum()} of {method} on {len(bad)} datasets"


def _tell_comparisons(pairs: pd.DataFrame, columns: Columns) -> list[str]:
    if pairs.empty:
        return [NOTHING_COMPARED]
    claims = _orient(pairs[pairs["verdict"].isin([Verdict.BETTER, Verdict.WORSE])])
    return [_tell_claims(claims, pairs, columns), _tell_rest(pairs, len(claims))]


def _orient(claims: pd.DataFrame) -> pd.DataFrame:
    """Claims with the better method first."""
    turned = claims["verdict"] == Verdict.WORSE
    swapped = claims.assign(
        method=claims["method"].where(~turned, claims["other"]), other=claims["other"].where(~turned, claims["method"])
    )
    return swapped.assign(effect=claims["difference"].abs())


def _tell_claims(claims: pd.DataFrame, pairs: pd.DataFrame, columns: Columns) -> str:
    compared = len(pairs)
    if claims.empty:
        return f"{NO_CLAIM} by {write_count(compared, 'comparison')}."
    leaders = sorted(_find_leaders(claims), key=lambda own: -len(own))
    told = [_tell_claim(own, _count_others(own, pairs), columns) for own in leaders[:_MOST_CLAIMS]]
    more = len(claims) - sum(len(own) for own in leaders[:_MOST_CLAIMS])
    beside = f"; {write_count(more, 'further difference')} {_be(more)} in the tables of pairs" if more else ""
    return f"{len(claims)} of {write_count(compared, 'comparison')} {_show(len(claims))} a difference: " + (
        "; ".join(told) + beside + "."
    )


def _find_leaders(claims: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The claims of the method that is better than most others, for each dataset, metric and protocol."""
    for _, own in claims.groupby(list(TABLE), sort=False):
        best = own["method"].value_counts(sort=False).idxmax()
        yield own[own["method"] == best]


def _count_others(own: pd.DataFrame, pairs: pd.DataFrame) -> int:
    """How many methods the leader of some claims was compared with there."""
    first = own.iloc[0]
    there = (pairs[list(TABLE)] == first[list(TABLE)]).all(axis=1)
    return int((there & ((pairs["method"] == first["method"]) | (pairs["other"] == first["method"]))).sum())


def _tell_claim(own: pd.DataFrame, others: int, columns: Columns) -> str:
    first = own.iloc[0]
    column = columns.describe(str(first["metric"]))
    unit = f" {column.unit}" if column.unit else ""
    better = _list([str(name) for name in own["other"]], _MOST_NAMES)
    if len(own) == others >= _ALL_FROM:
        better = f"all {others} others"
    p = _write_number(float(own["p_holm"].max()))
    among = f" over {write_count(int(first['comparisons']), 'comparison')}"
    return (
        f"on {first['dataset']} {first['method']} is better than {better} by {column.label} "
        f"(by {_write_range(own['effect'])}{unit}, n = {_write_whole_range(own['n'])}, "
        f"p {'=' if len(own) == 1 else '≤'} {p} after Holm{among})"
    )


def _tell_rest(pairs: pd.DataFrame, claims: int) -> str:
    noise, same = (pairs[pairs["verdict"] == verdict] for verdict in (Verdict.WITHIN_NOISE, Verdict.SAME))
    untold = pairs[pairs["verdict"] == Verdict.UNTOLD]
    parts = []
    if len(noise):
        parts.append(f"{_name_pairs(noise)} {_be(len(noise))} within noise (n = {_write_whole_range(noise['n'])})")
    parts += _tell_untold(untold)
    if len(same):
        parts.append(f"{_name_pairs(same)} {'has' if len(same) == 1 else 'have'} equal figures")
    if not parts:
        return "Every comparison separates its two methods."
    rest = "; ".join(parts)
    return f"Not separated: {rest}." if claims else f"{rest[0].upper()}{rest[1:]}."


def _tell_untold(untold: pd.DataFrame) -> Iterator[str]:
    """Where too few seeds are why, how many it would take; else the reason that is given."""
    few = untold[[_lacks_seeds(row) for row in untold.to_dict(orient="records")]] if len(untold) else untold
    for n, own in few.groupby("n", sort=True):
        needed = [pairs_needed(count) for count in sorted(set(own["comparisons"]))]
        would = f"{_write_whole_range(needed)} would be needed"
        yield f"{_name_pairs(own)} cannot be told with {count_seeds(int(str(n)))}; {would}"
    for why, own in untold.drop(index=few.index).groupby("why", sort=False):
        yield f"{_name_pairs(own)} cannot be told: {why}"


def _lacks_seeds(row: dict[Any, Any]) -> bool:
    return bool(row["why"] == tell_seeds(int(row["n"]), int(row["comparisons"])))


def _name_pairs(pairs: pd.DataFrame) -> str:
    return write_count(len(pairs), "comparison")


def _write_range(values: pd.Series[float]) -> str:
    low, high = _write_number(float(values.min())), _write_number(float(values.max()))
    return low if low == high else f"{low} to {high}"


def _write_whole_range(values: Sequence[int] | pd.Series[int]) -> str:
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"


def _write_number(value: float) -> str:
    return f"{value:.2g}" if abs(value) < 100 else f"{value:,.0f}"


def _list(names: Sequence[str], most: int) -> str:
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _all_of(number: int) -> str:
    return "The one run" if number == 1 else f"All {number} runs"


def _be(number: int) -> str:
    return "is" if number == 1 else "are"


def _show(number: int) -> str:
    return "shows" if number == 1 else "show"


__all__ = ["NOTHING_COMPARED", "NO_CLAIM", "tell_failures", "tell_findings"]
