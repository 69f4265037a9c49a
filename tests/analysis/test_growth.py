"""Which estimates have not converged: by themselves or by the witnesses in the same run."""

from __future__ import annotations

import pandas as pd

from bench.analysis.growth import find_growing, find_unresolved
from bench.convergence import GROWTH_WITHIN, RESOLVED_FROM

SE = 0.1
LITTLE, MUCH = 0.9 * GROWTH_WITHIN * SE, 1.1 * GROWTH_WITHIN * SE


def runs(**growth: list[float | None]) -> pd.DataFrame:
    columns = {f"div_{name}_growth": values for name, values in growth.items()}
    errors = {f"div_{name}_se": [SE] * len(values) for name, values in growth.items()}
    return pd.DataFrame(columns | errors, index=[3, 5])


def test_own_growth_decides() -> None:
    assert find_growing(runs(pearson=[LITTLE, MUCH]), "div_pearson").tolist() == [False, True]


def test_a_witness_decides_for_all() -> None:
    frame = runs(pearson=[LITTLE, LITTLE], js=[LITTLE, MUCH])
    assert find_growing(frame, "div_pearson").tolist() == [False, True]


def test_others_are_no_witnesses() -> None:
    frame = runs(kl=[LITTLE, LITTLE], pearson=[LITTLE, MUCH])
    assert find_growing(frame, "div_kl").tolist() == [False, False]


def test_what_is_not_known_is_not_growing() -> None:
    frame = runs(kl=[MUCH, MUCH], js=[None, LITTLE])
    assert find_growing(frame, "div_js").tolist() == [False, True]
    assert find_growing(frame, "div_gan").tolist() == [False, False]
    assert find_growing(frame, "fid").tolist() == [False, False]


ENOUGH, SMALL = 1.01 * RESOLVED_FROM * SE, 0.99 * RESOLVED_FROM * SE


def estimates(**values: list[float]) -> pd.DataFrame:
    frame = runs(**{name: [0.0] * len(own) for name, own in values.items()})
    return frame.assign(**{f"div_{name}": own for name, own in values.items()})


def test_small_beside_its_noise_is_unresolved() -> None:
    assert find_unresolved(estimates(kl=[ENOUGH, SMALL]), "div_kl").tolist() == [False, True]
    assert find_unresolved(estimates(kl=[-ENOUGH, 0.0]).assign(div_kl_se=0.0), "div_kl").tolist() == [True, True]


def test_a_small_witness_decides_for_all() -> None:
    frame = estimates(pearson=[ENOUGH, ENOUGH], js=[ENOUGH, SMALL])
    assert find_unresolved(frame, "div_pearson").tolist() == [False, True]
    assert find_growing(frame, "div_pearson").tolist() == [False, False]


def test_small_is_meant_from_where_nothing_differs() -> None:
    frame = estimates(gan=[-1.0, -1.0 + ENOUGH])
    assert find_unresolved(frame, "div_gan", lower=-1.0).tolist() == [True, False]


def test_what_is_not_known_is_not_unresolved() -> None:
    frame = estimates(kl=[SMALL, SMALL]).assign(div_kl_growth=[None, 0.0])
    assert find_unresolved(frame, "div_kl").tolist() == [False, True]
    assert find_unresolved(frame.assign(fid=0.0), "fid").tolist() == [False, False]
