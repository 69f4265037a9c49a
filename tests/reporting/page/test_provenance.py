"""Where figures are from, in tables and sentences."""

from __future__ import annotations

import pandas as pd

from bench.analysis.variants import identify_runs
from bench.reporting.page.provenance import list_data, list_environments
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame


def test_environments_are_told_apart() -> None:
    rows = [{"hostname": h, "torch": t, "train_seconds": 60.0} for h, t in (("a", "1"), ("a", "1"), ("b", None))]
    assert [
        (row["hostname"], row["torch"], row["runs"], row["time"])
        for row in list_environments(identify_runs(frame(rows)))
    ] == [
        ("a", "1", "2", "2 min"),
        ("b", "", "1", "1 min"),
    ]


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
