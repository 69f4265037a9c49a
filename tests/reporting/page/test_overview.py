"""What the report says in words."""

from __future__ import annotations

import pandas as pd

from bench.analysis.statistics import count_outcomes
from bench.analysis.variants import identify_runs
from bench.reporting.page.overview import write_summary
from tests.analysis.frames import frame
from tests.reporting import synthetic


def test_summary_says_what_was_run_and_how_it_ended(runs: pd.DataFrame) -> None:
    known = identify_runs(runs)
    text = write_summary(known, count_outcomes(known, synthetic.suite()), synthetic.suite())
    assert text.startswith("5 methods (vae, kl, reverse_kl, js, gan) on 2 datasets (ring, digits), 3 seeds each: ")
    assert "26 of 30 runs finished, 1 diverged, 1 failed, 2 not run." in text
    assert (
        "Trained on cpu (laptop) with torch 2.13.0, ray 2.60.0, Python 3.11.2, bench 0.1.0, commit 4f9c2d1be0." in text
    )
    assert "started 2026-05-01 10:00 to 10:58 UTC." in text


def test_summary_without_provenance() -> None:
    known = identify_runs(frame([{}]))
    assert write_summary(known, count_outcomes(known, {}), {}) == (
        "1 method (vae) on 1 dataset (ring), 1 seed each: 1 of 1 run finished."
    )


def test_a_cohorts_time_counts_once() -> None:
    rows = [{"train_seconds": 90.0, "cohort_size": 3, "eval_seconds": 10.0} for _ in range(3)]
    known = identify_runs(frame(rows))
    text = write_summary(known, count_outcomes(known, {}), {})
    assert "1 min 30 s of training and 30 s of evaluation" in text


def test_uncommitted_changes_are_told() -> None:
    known = identify_runs(frame([{"git_commit": "0123456789abcdef", "git_dirty": True, "torch": "2.13.0"}]))
    assert "commit 0123456789 with uncommitted changes" in write_summary(known, count_outcomes(known, {}), {})
