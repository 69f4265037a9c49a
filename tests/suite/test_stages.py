"""Stages: what runs next may depend on what ran before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from bench.spec import RunSpec, WorkSpec
from bench.suite import ModelSuite, Results, load_suite
from tests.suite.samples import no_data, small_suite


@dataclass(frozen=True, kw_only=True)
class RaceSuite(ModelSuite):
    """The method that was best with the first seed runs with the others."""

    def stages(self, results: Results) -> Iterator[Sequence[WorkSpec]]:
        runs = self.runs(no_data)
        yield [run for run in runs if run.seed == self.seeds[0]]
        best = results().sort_values("fid")["method"].iloc[0]
        yield [run for run in runs if run.seed != self.seeds[0] and run.method == best]


def test_by_default_there_is_one_stage_of_all_runs() -> None:
    suite = load_suite(small_suite(datasets=[{"name": "ring", "size": 100}]))

    def no_results() -> pd.DataFrame:
        raise AssertionError("nothing is chosen from results")

    assert list(suite.stages(no_results)) == [suite.runs()]


def test_a_stage_is_made_when_the_one_before_is_done() -> None:
    plain = load_suite(small_suite(datasets=["ring"], seeds=3))
    assert isinstance(plain, ModelSuite)
    suite = RaceSuite(**{name: getattr(plain, name) for name in ("name", "title", "seeds", "metrics", "cells")})
    table: list[dict[str, object]] = []
    stages = suite.stages(lambda: pd.DataFrame(table))
    for run in next(stages):
        assert isinstance(run, RunSpec)
        table.append({"method": run.method, "fid": {"vae": 3.0, "kl": 1.0, "js": 2.0}[run.method]})
    assert len(table) == 3
    assert [(run.method, run.seed) for run in next(stages)] == [("kl", 1), ("kl", 2)]
    assert next(stages, None) is None
