"""What the report says in words."""

from __future__ import annotations

import pandas as pd

from bench.analysis.statistics import counts
from bench.analysis.variants import identified
from bench.columns import Column
from bench.reporting.page.overview import write_summary
from bench.reporting.page.provenance import list_data, list_environments
from bench.reporting.page.readings import collect_readings
from bench.reporting.tables.cells import Header, Table
from bench.reporting.text import join_names
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting import synthetic


def test_summary_says_what_was_run_and_how_it_ended(runs: pd.DataFrame) -> None:
    known = identified(runs)
    text = write_summary(known, counts(known, synthetic.suite()), synthetic.suite())
    assert text.startswith("5 methods (vae, kl, reverse_kl, js, gan) on 2 datasets (ring, digits), 3 seeds each: ")
    assert "26 of 30 runs finished, 1 diverged, 1 failed, 2 not run." in text
    assert (
        "Trained on cpu (laptop) with torch 2.13.0, ray 2.60.0, Python 3.11.2, bench 0.1.0, commit 4f9c2d1be0." in text
    )
    assert "started 2026-05-01 10:00 to 10:58 UTC." in text


def test_summary_without_provenance() -> None:
    known = identified(frame([{}]))
    assert write_summary(known, counts(known, {}), {}) == (
        "1 method (vae) on 1 dataset (ring), 1 seed each: 1 of 1 run finished."
    )


def test_a_cohorts_time_counts_once() -> None:
    rows = [{"train_seconds": 90.0, "cohort_size": 3, "eval_seconds": 10.0} for _ in range(3)]
    known = identified(frame(rows))
    text = write_summary(known, counts(known, {}), {})
    assert "1 min 30 s of training and 30 s of evaluation" in text


def test_uncommitted_changes_are_told() -> None:
    known = identified(frame([{"git_commit": "0123456789abcdef", "git_dirty": True, "torch": "2.13.0"}]))
    assert "commit 0123456789 with uncommitted changes" in write_summary(known, counts(known, {}), {})


def test_environments_are_told_apart() -> None:
    rows = [{"hostname": h, "torch": t, "train_seconds": 60.0} for h, t in (("a", "1"), ("a", "1"), ("b", None))]
    assert [
        (row["hostname"], row["torch"], row["runs"], row["time"]) for row in list_environments(identified(frame(rows)))
    ] == [
        ("a", "1", "2", "2 min"),
        ("b", "", "1", "1 min"),
    ]


def _table(*keys: tuple[str, str]) -> Table:
    return Table("ring", tuple(Header(COLUMNS.describe(metric), protocol) for metric, protocol in keys), ())


def test_readings_collect_the_protocols_of_a_column() -> None:
    tables = [_table(("fid", "fid/1"), ("fid", "fid/2"), ("kid", "kid/1")), _table(("elbo", ""), ("fid", "fid/1"))]
    (likelihood, (elbo,)), (features, (fid, kid)) = collect_readings(tables, COLUMNS)
    assert (likelihood, features) == ("Likelihood", "Features")
    assert [(reading.column.name, reading.protocols) for reading in (elbo, fid, kid)] == [
        ("elbo", ()),
        ("fid", ("fid/1", "fid/2")),
        ("kid", ("kid/1",)),
    ]


def test_readings_leave_out_what_only_one_table_knows_and_what_is_not_printed() -> None:
    own = Header(Column("elbo", "Mine", "Not what elsewhere is called so."), "")
    assert collect_readings([Table("ring", (own,), ()), _table(("parzen_n", ""))], COLUMNS) == []


def test_data_sources_tell_what_figures_depend_on() -> None:
    rows = [
        {"dataset_sha256": "a", "feature_extractor": "e", "binarisation": "static"},
        {"dataset_sha256": "a", "feature_extractor": "f", "binarisation": None},
        {"dataset_sha256": "b", "feature_extractor": "f", "binarisation": None, "dataset": "grid"},
    ]
    assert list_data(frame(rows), COLUMNS) == [
        {"dataset": "ring", "dataset_sha256": "a", "feature_extractor": "e, f", "binarisation": "static"},
        {"dataset": "grid", "dataset_sha256": "b", "feature_extractor": "f", "binarisation": ""},
    ]
    assert list_data(pd.DataFrame({"fid": [1.0]}), COLUMNS) == []


def test_long_lists_are_cut() -> None:
    assert join_names(list("abcdef")) == "a, b, c, d, e, f"
    assert join_names(list("abcdefgh")) == "a, b, c, d, e and 3 more"
