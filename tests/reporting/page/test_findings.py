"""What comparisons say, in sentences: against frames whose outcome is known."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from bench.analysis.pairs import compare_methods
from bench.analysis.statistics import count_outcomes
from bench.analysis.variants import identify_runs
from bench.column import Column, Columns
from bench.reporting.page.findings import NO_CLAIM, NOTHING_COMPARED, tell_findings
from tests.analysis.frames import frame

COLUMNS = Columns.of([
    Column("score", "Score", "", better="higher", unit="nats"), Column("cost", "Cost", "", better="lower"),
])  # fmt: skip


def _tell(runs: pd.DataFrame, **suite: object) -> list[str]:
    counts = count_outcomes(identify_runs(runs), suite)
    return tell_findings(compare_methods(runs, COLUMNS), counts, COLUMNS)


def _runs(seeds: int, metric: str = "score", **means: float) -> pd.DataFrame:
    noise = np.random.default_rng(1).normal(0, 0.01, seeds)
    return frame([
        {"method": name, "seed": seed, metric: mean + (1 + place) * noise[seed]}
        for place, (name, mean) in enumerate(means.items()) for seed in range(seeds)
    ])  # fmt: skip


def test_a_claim_has_n_p_and_effect() -> None:
    """Six pairs of one sign: p = 2/2⁶, one comparison, so Holm changes nothing; by 5 nats up to the noise of 0.01."""
    claim, rest, failed = _tell(_runs(6, good=6.0, poor=1.0))
    assert claim == (
        "1 of 1 comparison shows a difference: on ring good is better than poor by Score "
        "(by 5 nats, n = 6, p = 0.031 after Holm over 1 comparison)."
    )
    assert rest == "Every comparison separates its two methods."
    assert failed == "All 12 runs finished."


def test_the_better_one_is_named_whatever_its_place_and_end() -> None:
    claim, *_ = _tell(_runs(7, "cost", dear=6.0, cheap=1.0))
    assert "on ring cheap is better than dear by Cost (by 5, n = 7, p = 0.016" in claim


def test_the_leader_of_several_is_told_with_the_rest_counted() -> None:
    """Of a above b above c: a's two claims are told, that of b over c is counted. p after Holm: 3 · 2/2⁹ at most."""
    claim, rest, _ = _tell(_runs(9, a=9.0, b=5.0, c=1.0))
    assert claim == (
        "3 of 3 comparisons show a difference: on ring a is better than b and c by Score "
        "(by 4 to 8 nats, n = 9, p ≤ 0.012 after Holm over 3 comparisons); "
        "1 further difference is in the tables of pairs."
    )
    assert rest == "Every comparison separates its two methods."


def test_a_leader_of_all_is_told_so() -> None:
    claim, *_ = _tell(_runs(10, a=9.0, b=5.0, c=3.0, d=1.0))
    assert "on ring a is better than all 3 others by Score (by 4 to 8 nats, n = 10" in claim


def test_claims_are_of_the_leader_whatever_the_order_of_the_pair() -> None:
    claim, *_ = _tell(_runs(10, d=1.0, b=5.0, a=9.0))
    assert "on ring a is better than d and b by Score" in claim


def test_too_few_seeds_say_how_many_it_would_take() -> None:
    claim, rest, _ = _tell(_runs(3, a=9.0, b=5.0, c=1.0))
    assert claim == f"{NO_CLAIM} by 3 comparisons."
    assert rest == "3 comparisons cannot be told with 3 shared seeds; 7 would be needed."  # 3 · 2/2⁷ ≤ 0.05 < 3 · 2/2⁶


@pytest.mark.parametrize("gap", [0.0, 1.0, 1e6])
def test_one_seed_claims_nothing(gap: float) -> None:
    claim, rest, _ = _tell(frame([{"method": name, "seed": 0, "score": gap * i} for i, name in enumerate("ab")]))
    assert claim.startswith(NO_CLAIM)
    assert "with 1 shared seed; 6 would be needed" in rest or "equal figures" in rest


@pytest.mark.parametrize("seeds", [1, 3, 12])
def test_equal_figures_claim_nothing(seeds: int) -> None:
    values = np.random.default_rng(0).normal(size=seeds)
    runs = frame([{"method": m, "seed": s, "score": values[s]} for m in "abc" for s in range(seeds)])
    claim, rest, _ = _tell(runs)
    assert claim == f"{NO_CLAIM} by 3 comparisons."
    assert rest == "3 comparisons have equal figures."


def test_noise_is_called_so() -> None:
    """Differences +1 and −1 in equal numbers: the sign-flip test's p is 1."""
    signs = [1, -1] * 5
    runs = frame(
        [{"method": m, "seed": s, "score": float(i * signs[s])} for i, m in enumerate("ab") for s in range(10)]
    )
    claim, rest, _ = _tell(runs)
    assert claim.startswith(NO_CLAIM)
    assert rest == "1 comparison is within noise (n = 10)."


def test_no_claim_is_made_of_methods_that_are_alike() -> None:
    """Of 40 tables of three alike methods at most 7 may claim: 5 % each, binomial above that with p < 0.004."""
    random = np.random.default_rng(5)
    claims = 0
    for _ in range(40):
        rows = [{"method": m, "seed": s, "score": random.normal()} for m in "abc" for s in range(8)]
        claims += not _tell(frame(rows))[0].startswith(NO_CLAIM)
    assert claims <= 7


def test_failures_are_counted_by_method() -> None:
    rows = [{"method": "a", "seed": s, "score": 1.0} for s in range(3)]
    rows += [{"method": "b", "seed": s, "status": "diverged" if s < 2 else "done", "score": 1.0} for s in range(3)]
    rows += [{"method": "c", "seed": 0, "status": "failed"}]
    failed = _tell(frame(rows), methods=["a", "b", "c"], datasets=["ring"], seeds=3)[-1]
    assert failed == (
        "Of 7 runs 3 did not finish: 2 of 3 of b on ring and 1 of 1 of c on ring. 2 planned runs are not there."
    )


def test_failures_on_several_datasets_are_added() -> None:
    rows = [
        {"method": m, "seed": s, "dataset": d, "status": "failed" if m == "b" and s == 0 else "done", "score": 1.0}
        for m in "ab" for s in range(3) for d in ("ring", "digits")
    ]  # fmt: skip
    assert _tell(frame(rows))[-1] == "Of 12 runs 2 did not finish: 2 of 6 of b on 2 datasets."


def test_many_failures_are_cut() -> None:
    rows = [{"method": f"m{i}", "seed": 0, "status": "failed"} for i in range(9)]
    assert _tell(frame(rows))[-1].endswith("and 4 more.")


def test_one_method_compares_nothing() -> None:
    assert _tell(frame([{"score": 1.0}]))[0] == NOTHING_COMPARED
    assert _tell(frame([{"score": 1.0}]))[-1] == "The one run finished."


def test_an_estimate_at_its_ceiling_is_a_reason() -> None:
    runs = frame([
        {"method": m, "seed": s, "div_kl": 5.0 + i, "div_kl_reach": 1.0} for i, m in enumerate("ab") for s in range(9)
    ])  # fmt: skip
    counts = count_outcomes(identify_runs(runs), {})
    _, rest, _ = tell_findings(compare_methods(runs, Columns()), counts, Columns())
    assert re.fullmatch(r"1 comparison cannot be told: an estimate is at its ceiling.*", rest)
