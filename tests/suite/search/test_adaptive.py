"""Optuna's sampler: the same points first, then rounds that depend on what came before, and on nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from bench.errors import BenchError
from bench.suite.search.adaptive import ROUND, STARTUP, describe_tpe, propose_tpe
from bench.suite.search.registered import SAMPLERS, propose_sobol
from bench.suite.search.samplers import Configuration, Told
from bench.suite.search.schema import Range, SearchBlock
from bench.suite.search.space import list_dimensions

BLOCK = SearchBlock(
    trials=22,
    metric="fid",
    space={
        "training.lr": Range(log=(1e-4, 1.0)),
        "training.batch_size": Range(integer=(8, 64)),
        "training.betas": Range(choice=([0.0, 0.9], [0.5, 0.999])),
    },
    sampler="tpe",
)
DIMENSIONS = list_dimensions(BLOCK, "js", "fgan")


def judge(settings: Configuration) -> float | None:
    """Best at a rate of 0.01; nothing for large batches."""
    values = {setting.key[-1]: setting.value for setting in settings}
    return None if values["batch_size"] > 48 else abs(math.log10(values["lr"]) + 2)


def tell(configurations: Sequence[Configuration]) -> list[Told]:
    return [Told(settings, judge(settings)) for settings in configurations]


def go_on(trials: int, before: Sequence[Configuration] = ()) -> list[Configuration]:
    found = list(before)
    while new := propose_tpe(DIMENSIONS, BLOCK, trials, tell(found), "lower"):
        found += new
    return found


def test_without_optuna_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.suite.search.adaptive.find_spec", lambda name: None)
    for act in (lambda: propose_tpe(DIMENSIONS, BLOCK, 4, [], "lower"), describe_tpe):
        with pytest.raises(BenchError, match=r"tpe needs Optuna, which is not installed; `pip install .*\[search\]'"):
            act()  # type: ignore[operator]


def test_trials_begin_with_the_points_that_all_methods_share() -> None:
    pytest.importorskip("optuna")
    first = propose_tpe(DIMENSIONS, BLOCK, 22, [], "lower")
    assert first == propose_sobol(DIMENSIONS, BLOCK, STARTUP, [], "lower")
    assert propose_tpe(DIMENSIONS, BLOCK, 3, [], "lower") == first[:3]


def test_rounds_follow_from_what_was_told_alone() -> None:
    pytest.importorskip("optuna")
    whole = go_on(22)
    assert len(whole) == 22
    assert go_on(22, whole[:STARTUP]) == whole  # broken off and resumed
    assert go_on(STARTUP + ROUND) == whole[: STARTUP + ROUND]
    assert go_on(STARTUP + 1) == whole[: STARTUP + 1]  # trials can be added


def test_later_trials_are_near_the_best() -> None:
    pytest.importorskip("optuna")
    whole = go_on(42)
    judged = [math.inf if (value := judge(settings)) is None else value for settings in whole]
    early, late = judged[:STARTUP], judged[-STARTUP:]
    assert sorted(late)[STARTUP // 2] < sorted(early)[STARTUP // 2]  # medians
    assert sum(map(math.isinf, late)) <= sum(map(math.isinf, early))


def test_values_are_of_their_ranges() -> None:
    pytest.importorskip("optuna")
    for settings in go_on(22):
        lr, batch_size, betas = (setting.value for setting in settings)
        assert 1e-4 <= lr <= 1.0
        assert float(f"{lr:.6g}") == lr
        assert type(batch_size) is int
        assert betas in ([0.0, 0.9], [0.5, 0.999])


def test_it_is_named_as_what_it_is() -> None:
    optuna = pytest.importorskip("optuna")
    told = SAMPLERS["tpe"].describe()
    assert told.startswith(f"TPE of Optuna {optuna.__version__}, adaptive (n_ei_candidates=24, group=False, ")
    assert SAMPLERS["tpe"].is_adaptive
    assert not SAMPLERS["sobol"].is_adaptive
