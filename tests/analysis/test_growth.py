"""Which estimates have not converged: by their own growth or by that of the witnesses in the same run."""

from __future__ import annotations

import pandas as pd

from bench.analysis.growth import find_growing
from bench.convergence import GROWTH_WITHIN

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
