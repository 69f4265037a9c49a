"""Runs that did not finish: all in a file, some on the page."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from bench.analysis.variants import identify_runs
from bench.reporting.page.failures import MOST, choose_failures, list_failures, tabulate_failures
from tests.analysis.frames import frame
from tests.reporting import synthetic


def _many(**numbers: int) -> pd.DataFrame:
    rows = [
        {"method": m, "seed": seed, "status": "failed", "error": "no"} for m in numbers for seed in range(numbers[m])
    ]
    return identify_runs(frame(rows))


def test_failures_keep_order_message_and_traceback(runs: pd.DataFrame) -> None:
    found = list_failures(identify_runs(runs), list(synthetic.METHODS), list(synthetic.DATASETS))
    assert [(f.dataset, f.method, f.seed, f.status, f.steps) for f in found] == [
        ("ring", "reverse_kl", "1", "diverged", "412"),
        ("digits", "kl", "2", "failed", "2000"),
    ]
    assert found[1].message == "RuntimeError: CUDA error: device-side assert triggered"
    assert found[1].traceback == found[1].short_traceback == synthetic.TRACEBACK.strip()


def test_failures_without_a_message() -> None:
    (found,) = list_failures(identify_runs(frame([{"status": "timeout", "error": None}])), ["vae"], ["ring"])
    assert (found.message, found.traceback, found.steps) == ("no message", "", "")


def test_statuses_are_told_in_words() -> None:
    rows = [{"status": "out_of_memory"}, {"status": "interrupted"}, {"status": "unheard_of"}]
    found = list_failures(identify_runs(frame(rows)), ["vae"], ["ring"])
    assert [failure.status for failure in found] == ["out of memory", "interrupted", "unheard_of"]


def test_few_failures_are_all_shown() -> None:
    found = list_failures(_many(a=MOST), ["a"], ["ring"])
    assert choose_failures(found) == found


def test_of_many_failures_each_kind_is_shown() -> None:
    found = list_failures(_many(a=1000, b=500, c=2), list("abc"), ["ring"])
    chosen = choose_failures(found)
    assert Counter(failure.method for failure in chosen) == {"a": MOST // 2 - 1, "b": MOST // 2 - 1, "c": 2}
    assert chosen == [failure for failure in found if failure in chosen]
    assert len(tabulate_failures(found)) == 1502


def test_long_texts_are_cut_on_the_page_only() -> None:
    text = "x" * 100_000
    (found,) = list_failures(
        identify_runs(frame([{"status": "failed", "error": f"{text}\n{text}"}])), ["vae"], ["ring"]
    )
    assert len(found.short_message) < 1000
    assert len(found.short_traceback) < 5000
    assert tabulate_failures([found])["traceback"].item() == f"{text}\n{text}"
