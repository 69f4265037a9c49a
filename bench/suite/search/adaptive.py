"""Optuna's tree-structured Parzen estimator: trials in rounds, each after what those before gave.

A study is made anew for each round, from the trials that are done: what is proposed is a function of these and of the
seed, so that an interrupted search goes on as it would have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np

from bench.column import Better
from bench.errors import BenchError
from bench.suite.search.samplers import Configuration, Told
from bench.suite.search.schema import SearchBlock
from bench.suite.search.space import Dimension, draw_points, draw_settings

STARTUP = 10
"""Trials that are drawn in advance: the same points for every method, as without a sampler that adapts."""
ROUND = 4
"""Trials that are proposed together after them, and run at once."""
ARGUMENTS: Mapping[str, Any] = {"n_ei_candidates": 24, "group": False, "constant_liar": True}
"""Of `TPESampler`, beside the seed and `n_startup_trials`; its other arguments are deprecated in Optuna 5."""


def propose_tpe(
    dimensions: Sequence[Dimension], block: SearchBlock, trials: int, told: Sequence[Told], better: Better
) -> list[Configuration]:
    """The trials of the next round; trials without a figure count as worse than all others.

    Raises:
        BenchError: if Optuna is not installed.
    """
    require_optuna()
    if len(told) < STARTUP:
        return draw_settings(dimensions, draw_points(min(trials, STARTUP), block.seed)[len(told) :])
    count = min(ROUND, trials - len(told))
    return [] if count <= 0 else _ask(dimensions, block.seed, told, better, count)


def describe_tpe() -> str:
    """The sampler with its version and arguments.

    Raises:
        BenchError: if Optuna is not installed.
    """
    require_optuna()
    arguments = ", ".join(f"{name}={value}" for name, value in ARGUMENTS.items())
    return (
        f"TPE of Optuna {version('optuna')}, adaptive ({arguments}), in rounds of {ROUND} after {STARTUP} scrambled "
        "Sobol points"
    )


def require_optuna() -> None:
    """See that Optuna is there.

    Raises:
        BenchError: if it is not; it says how to install it, and how to do without.
    """
    if find_spec("optuna") is None:
        raise BenchError(
            "search.sampler: tpe needs Optuna, which is not installed; `pip install 'divergence-bench[search]'` "
            "installs it, and `sampler: sobol` does without"
        )


def _ask(
    dimensions: Sequence[Dimension], seed: int, told: Sequence[Told], better: Better, count: int
) -> list[Configuration]:
    optuna = import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    state = int(np.random.SeedSequence([seed, len(told)]).generate_state(1)[0])
    sampler = optuna.samplers.TPESampler(seed=state, n_startup_trials=STARTUP, **ARGUMENTS)
    direction = "minimize" if better == "lower" else "maximize"
    study = optuna.create_study(sampler=sampler, direction=direction)
    distributions = {d.key: _make_distribution(optuna, d) for d in dimensions}
    for trial in told:
        study.add_trial(_tell(optuna, dimensions, distributions, trial))
    asked = [study.ask(distributions).params for _ in range(count)]
    return [tuple(d.setting(_read(d, params[d.key])) for d in dimensions) for params in asked]


def _make_distribution(optuna: Any, dimension: Dimension) -> Any:  # noqa: ANN401 - of a package without types here
    given = dimension.range
    if given.choice is not None:
        return optuna.distributions.CategoricalDistribution(list(range(len(given.choice))))
    if given.integer is not None:
        return optuna.distributions.IntDistribution(*given.integer)
    return optuna.distributions.FloatDistribution(*given.given, log=given.log is not None)


def _tell(optuna: Any, dimensions: Sequence[Dimension], distributions: Mapping[str, Any], trial: Told) -> Any:  # noqa: ANN401
    values = {".".join(setting.key): setting.value for setting in trial.settings}
    params = {d.key: _write(d, values[d.key]) for d in dimensions}
    states = optuna.trial.TrialState
    # A pruned trial without intermediate values ranks below all that are complete; a failed one would be left out.
    state = states.PRUNED if trial.value is None else states.COMPLETE
    return optuna.trial.create_trial(state=state, value=trial.value, params=params, distributions=dict(distributions))


def _write(dimension: Dimension, value: Any) -> Any:  # noqa: ANN401 - any setting
    options = dimension.range.choice
    return value if options is None else options.index(value)


def _read(dimension: Dimension, value: Any) -> Any:  # noqa: ANN401 - any setting
    options = dimension.range.choice
    return dimension.range.tidy(value) if options is None else options[int(value)]
