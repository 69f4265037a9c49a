"""Which metrics answer for a dataset."""

from __future__ import annotations

import pandas as pd

from bench.analysis.headlines import choose_axes, choose_headlines, list_candidates
from bench.analysis.statistics import collect_figures
from bench.analysis.variants import identify_runs
from bench.column import Columns
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting import synthetic


def _figures(runs: pd.DataFrame, columns: Columns = COLUMNS) -> pd.DataFrame:
    return collect_figures(identify_runs(runs), columns)


def test_those_that_most_methods_have_come_first() -> None:
    chosen = choose_headlines(_figures(synthetic.runs()), COLUMNS)
    names = {dataset: [metric for metric, _ in keys] for dataset, keys in chosen.items()}
    # ELBO and IW bound are of the VAE alone; the console's four are of all.
    assert names == {name: ["parzen_log_likelihood", "div_kl", "fid"] for name in synthetic.DATASETS}
    one = choose_headlines(_figures(synthetic.runs().query("dataset == 'ring'")), COLUMNS)["ring"]
    assert [metric for metric, _ in one] == ["parzen_log_likelihood", "div_kl", "fid", "modes_covered"]


def test_many_datasets_have_fewer_each() -> None:
    runs = pd.concat([synthetic.runs().query("dataset == 'ring'").assign(dataset=f"d{i}") for i in range(6)])
    chosen = choose_headlines(_figures(runs), COLUMNS)
    assert {len(keys) for keys in chosen.values()} == {2}


def test_one_method_alone_has_its_own() -> None:
    runs = synthetic.runs().query("method == 'vae' and dataset == 'digits'")
    chosen = choose_headlines(_figures(runs), COLUMNS)["digits"]
    assert [metric for metric, _ in chosen][:2] == ["elbo", "parzen_log_likelihood"]


def test_a_metric_has_one_protocol_that_of_most_methods() -> None:
    rows = [{"method": m, "fid": 1.0, "protocol_fid": "fid/1" if m == "a" else "fid/2"} for m in "abc"]
    assert choose_headlines(_figures(frame(rows)), COLUMNS) == {"ring": [("fid", "fid/2")]}


def test_without_headlines_any_metric_with_a_better_end_answers() -> None:
    rows = [{"method": m, "div_kl_exact": 1.0, "generator_mean": 2.0} for m in "ab"]
    assert choose_headlines(_figures(frame(rows)), COLUMNS) == {"ring": [("div_kl_exact", "")]}
    assert choose_headlines(_figures(frame([{"mine": 1.0}])), COLUMNS) == {"ring": []}
    assert choose_headlines(_figures(frame([])), COLUMNS) == {}


def test_axes_are_fid_and_a_likelihood_or_a_divergence() -> None:
    figures = _figures(synthetic.runs().query("dataset == 'ring'"))

    def axes(**dropped: object) -> list[str] | None:
        own = figures[~figures["metric"].isin(list(dropped))]
        found = choose_axes(list_candidates(own, COLUMNS), COLUMNS)
        return None if found is None else [metric for metric, _ in found]

    assert axes() == ["fid", "parzen_log_likelihood"]
    assert axes(parzen_log_likelihood=None) == ["fid", "div_kl"]
    assert axes(fid=None, parzen_log_likelihood=None, modes_covered=None) == ["div_kl", "div_reverse_kl"]
    assert choose_axes([("fid", "")], COLUMNS) is None
