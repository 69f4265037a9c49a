"""Exact: a float in every respect."""

from __future__ import annotations

import copy
import json
import math
import pickle

import numpy as np
import pandas as pd
import pytest

from bench.exact import Exact, exact_divergence
from bench.exact.value import Exact as ExactOfModule
from tests.exact.laws import mixture, normal


def test_behaves_as_a_plain_float() -> None:
    value = Exact(0.1, "monte carlo", stderr=1e-3)
    assert value == 0.1
    assert hash(value) == hash(0.1)
    assert json.dumps({"x": value}) == '{"x": 0.1}'
    assert f"{value:.2f} {value}" == "0.10 0.1"
    assert type(value + 1) is float
    assert pd.DataFrame({"x": [value, 2.0]})["x"].dtype == np.float64
    assert np.asarray([value]).dtype == np.float64
    assert math.isinf(Exact(math.inf, "quadrature"))


@pytest.mark.parametrize("value", [Exact(0.1, "monte carlo", stderr=1e-3), Exact(2.5, "quadrature", error=1e-9)])
def test_copies_keep_what_it_knows(value: Exact) -> None:
    for again in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value), copy.copy(value)):
        assert isinstance(again, ExactOfModule)
        assert (again, again.method, again.error, again.stderr) == (value, value.method, value.error, value.stderr)


def test_shows_how_it_was_computed() -> None:
    assert repr(Exact(0.5, "closed form")) == "Exact(0.5, 'closed form')"
    assert repr(Exact(0.5, "monte carlo", stderr=0.0012)) == "Exact(0.5, 'monte carlo', stderr=0.0012)"


def test_is_frozen() -> None:
    value = Exact(0.5, "closed form")
    with pytest.raises(AttributeError, match="immutable"):
        value.stderr = 1.0  # type: ignore[misc]
    with pytest.raises(AttributeError, match="immutable"):
        del value.method


def test_exact_divergence_returns_it() -> None:
    closed = exact_divergence("kl", normal(0.0, 1.0), normal(1.0, 1.0))
    assert (closed.method, closed.error, closed.stderr) == ("closed form", None, None)
    integrated = exact_divergence("kl", mixture([0.5, 0.5], [0.0, 1.0], [1.0, 1.0]), normal(1.0, 1.0))
    assert integrated.method == "quadrature"
    assert integrated.stderr is None
    assert integrated.error is not None
    assert 0 < integrated.error < 1e-7 * integrated
