"""Samples as users have them: one conversion, and every metric function that goes through it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import Tensor, nn

from bench import ArgumentError, estimate_divergences
from bench.metrics import (
    DensityCoverage,
    EstimatedDivergences,
    FrechetDistance,
    KernelDistance,
    MaximumMeanDiscrepancy,
    ParzenLogLikelihood,
    PrecisionRecall,
    count_active_units,
    density_coverage,
    evaluate_elbo,
    frechet_distance,
    frechet_infinity,
    gaussian_frechet,
    importance_weighted_bound,
    kde_log_likelihood,
    kernel_distance,
    maximum_mean_discrepancy,
    mode_coverage,
    parzen_log_density,
    parzen_log_likelihood,
    precision_recall,
)
from bench.metrics.samples import as_count, as_names, as_tensor

X, Y = (torch.randn(120, 2, generator=torch.Generator().manual_seed(s), dtype=torch.float64) for s in (0, 1))

KINDS: dict[str, Callable[[Tensor], Any]] = {
    "array": lambda x: x.numpy(),
    "big-endian array": lambda x: x.numpy().astype(">f8"),
    "array of long doubles": lambda x: x.numpy().astype(np.longdouble),
    "array in reverse": lambda x: x.flip(0).numpy()[::-1],
    "array in Fortran's order": lambda x: np.asfortranarray(x.numpy()),
    "array of objects": lambda x: x.numpy().astype(object),
    "nested list": lambda x: x.tolist(),
    "list of rows": lambda x: list(x),
    "list of arrays": lambda x: list(x.numpy()),
    "frame": lambda x: pd.DataFrame(x.numpy(), columns=["a", "b"]),
    "frame of objects": lambda x: pd.DataFrame(x.numpy()).astype(object),
    "frame of nullable numbers": lambda x: pd.DataFrame(x.numpy()).astype("Float64"),
    "sparse tensor": lambda x: x.to_sparse(),
    "tensor with gradient": lambda x: x.clone().requires_grad_(),
}


class Model(nn.Module):
    """A likelihood of points in the plane, in float64."""

    latent_dim = 2

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.ones(2, dtype=torch.float64))

    def elbo_terms(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        return -(x + self.shift - noise).square().sum(1), noise.square().sum(1)

    def log_weights(self, x: Tensor, noise: Tensor) -> Tensor:
        return -(x + self.shift - noise).square().sum(2)

    def posterior_mean(self, x: Tensor) -> Tensor:
        return x * self.shift


def in_batches(metric: Any, x: Any) -> dict[str, float] | float:
    metric.update(x, real=True)
    metric.update(Y, real=False)
    found = metric.compute()
    return {name: float(value) for name, value in found.items()} if isinstance(found, dict) else float(found)


def parzen_class(x: Any) -> float:
    metric = ParzenLogLikelihood(x, 0.5)
    metric.update(x)
    return float(metric.compute()["parzen_log_likelihood"])


def stream() -> torch.Generator:
    return torch.Generator().manual_seed(0)


FUNCTIONS: dict[str, Callable[[Any], object]] = {
    "estimate_divergences": lambda x: estimate_divergences(x, Y, ["kl"], estimator="knn"),
    "estimate_divergences, y": lambda x: estimate_divergences(Y, x, ["kl"], estimator="knn"),
    "frechet_distance": lambda x: frechet_distance(x, Y),
    "frechet_infinity": lambda x: frechet_infinity(Y, x),
    "kernel_distance": lambda x: kernel_distance(x, Y),
    "precision_recall": lambda x: precision_recall(x, Y),
    "density_coverage": lambda x: density_coverage(Y, x),
    "maximum_mean_discrepancy": lambda x: maximum_mean_discrepancy(x, Y),
    "mode_coverage": lambda x: mode_coverage(x, "ring"),
    "kde_log_likelihood, samples": lambda x: kde_log_likelihood(x, Y),
    "kde_log_likelihood, test": lambda x: kde_log_likelihood(Y, x),
    "parzen_log_likelihood, samples": lambda x: parzen_log_likelihood(x, Y, Y),
    "parzen_log_likelihood, test": lambda x: parzen_log_likelihood(Y, x, Y),
    "parzen_log_likelihood, validation": lambda x: parzen_log_likelihood(Y, Y, x),
    "parzen_log_density": lambda x: parzen_log_density(x, x, [0.5]).tolist(),
    "evaluate_elbo": lambda x: float(evaluate_elbo(Model(), x, stream()).compute()["elbo"]),
    "importance_weighted_bound": lambda x: float(
        importance_weighted_bound(Model(), x, stream(), samples=3).compute()["log_likelihood_iw"]
    ),
    "count_active_units": lambda x: int(count_active_units(Model(), x).compute()),
    "FrechetDistance": lambda x: in_batches(FrechetDistance(2), x),
    "KernelDistance": lambda x: in_batches(KernelDistance(), x),
    "MaximumMeanDiscrepancy": lambda x: in_batches(MaximumMeanDiscrepancy(), x),
    "PrecisionRecall": lambda x: in_batches(PrecisionRecall(), x),
    "DensityCoverage": lambda x: in_batches(DensityCoverage(), x),
    "ParzenLogLikelihood": parzen_class,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_takes_every_kind(function: str, kind: str) -> None:
    call = FUNCTIONS[function]
    assert call(KINDS[kind](X)) == call(X)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_whole_numbers_are_numbers(function: str) -> None:
    whole, call = (1000 * X).round(), FUNCTIONS[function]
    assert call(whole.long()) == call(whole) == call(whole.int().numpy())


BAD: dict[str, Any] = {
    "text": "abc",
    "texts": [["a", "b"]] * 120,
    "texts of numbers": [["1", "2"]] * 120,
    "nothing": None,
    "mapping": {"a": 1},
    "ragged list": [[1.0, 2.0]] * 119 + [[1.0]],
    "ragged rows": [torch.zeros(2)] * 119 + [torch.zeros(3)],
    "complex": X.to(torch.complex64),
    "complex array": X.numpy() + 1j,
    "dates": np.zeros((120, 2), "M8[s]"),
    "records": np.zeros(120, [("a", "f8")]),
    "masked": np.ma.masked_array(X.numpy(), mask=X.numpy() > 0),
    "frame with a text column": pd.DataFrame(X.numpy()).assign(label="a"),
    "frame with a missing value": pd.DataFrame({"a": pd.array([1, None] * 60, dtype="Int64"), "b": range(120)}),
    "NaN": X * math.nan,
    "infinity": X / 0,
    "none": X[:0],
    "no number": torch.tensor(1.0),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - {"evaluate_elbo", "importance_weighted_bound"}))
def test_every_function_refuses_the_rest_with_one_error(function: str, bad: str) -> None:
    with pytest.raises(ArgumentError, match=r"expected|at least"):
        FUNCTIONS[function](BAD[bad])


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("text", r"x: found a str; expected numbers: a tensor, a NumPy array, a nested list or a pandas frame"),
        ("texts of numbers", "x: found a list of list; expected numbers"),
        ("complex", r"x: found a tensor of torch\.complex64; expected numbers"),
        ("ragged rows", r"x: found rows of shapes \(2,\), \(3,\); expected the same"),
        ("masked", "x: found masked values; expected every value"),
        ("frame with a text column", "x: column 'label' holds .*; expected numbers in every column"),
        ("frame with a missing value", "x: 60 of 240 values are NaN or infinite"),
    ],
)
def test_errors_say_which_argument_and_what_was_found(bad: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        kernel_distance(BAD[bad], Y)


@given(values=arrays.arrays(dtype=st.sampled_from(["f2", "f4", "f8", "i1", "i8", "u1", "u2", "u4", "?"]), shape=(3, 2)))
def test_numbers_stay_what_they_are(values: np.ndarray[Any, Any]) -> None:
    found = as_tensor(values, "values")
    np.testing.assert_array_equal(found.double().numpy(), values.astype(np.float64))
    np.testing.assert_array_equal(as_tensor(values.tolist(), "values").numpy(), values.astype(np.float64))


def test_conversion_shares_no_memory_that_it_must_not_write_to() -> None:
    fixed = np.broadcast_to(np.arange(2.0), (3, 2))
    as_tensor(fixed, "values").add_(1)
    assert fixed[0].tolist() == [0.0, 1.0]


def test_a_series_is_a_column() -> None:
    assert as_tensor(pd.Series([1.0, 2.0]), "values").tolist() == [[1.0], [2.0]]


def test_bandwidths_are_a_list_of_any_kind() -> None:
    expected = parzen_log_density(X, Y, torch.tensor([0.1, 0.5], dtype=torch.float64))
    for widths in ([0.1, 0.5], np.array([0.1, 0.5]), pd.Series([0.1, 0.5])):
        assert torch.equal(parzen_log_density(X, Y, widths), expected)
    with pytest.raises(ArgumentError, match=r"bandwidths: \[0.1\] of shape \(\); expected a list of positive numbers"):
        parzen_log_density(X, Y, 0.1)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"bandwidths: \[-1, -1, -1, -1, …\] of shape \(9,\); expected a list"):
        parzen_log_density(X, Y, [-1.0] * 9)


def test_lists_of_rows_on_a_line_are_points() -> None:
    one = estimate_divergences(X[:, 0], Y[:, 0], "kl", estimator="knn")
    assert one == estimate_divergences(X[:, :1].tolist(), pd.Series(Y[:, 0].numpy()), ["kl"], estimator="knn")


def test_one_name_is_a_list_of_one() -> None:
    assert as_names("kl", "names") == ("kl",)
    assert as_names(iter(["kl", "js", "kl"]), "names") == ("kl", "js")
    assert EstimatedDivergences("kl").names == ("kl",)
    assert list(estimate_divergences(X, Y, "kl", estimator="knn")) == ["kl"]


@pytest.mark.parametrize("bad", [[], [1], None, 3, [["kl"]]])
def test_names_are_texts(bad: Any) -> None:
    with pytest.raises(ArgumentError, match=r"names: found .*; expected names, such as"):
        estimate_divergences(X, Y, bad)


@pytest.mark.parametrize("bad", [0, -1, 2.5, 3.0, True, "3", None, math.nan, torch.tensor([1, 2])])
def test_counts_are_whole(bad: Any) -> None:
    with pytest.raises(ArgumentError, match=r"k = .*; expected .*at least 1 neighbour"):
        as_count(bad, "k =", unit="neighbour")


@pytest.mark.parametrize("good", [3, np.int64(3), torch.tensor(3)])
def test_counts_of_any_integer_type(good: Any) -> None:
    assert as_count(good, "k =") == 3


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf, "1", None, [1, 2]])
def test_spread_is_a_size(bad: Any) -> None:
    with pytest.raises(ArgumentError, match=r"found spread .*; expected a number of at least 0"):
        estimate_divergences(X, Y, "kl", spread=bad)


def test_covariances_are_refused_that_are_none() -> None:
    mean, eye = np.zeros(2), np.eye(2)
    assert float(gaussian_frechet(mean, eye, [1.0, 0.0], eye.tolist())) == pytest.approx(1.0)
    with pytest.raises(ArgumentError, match=r"cov_1: .*expected a symmetric matrix with none below zero"):
        gaussian_frechet(mean, -eye, mean, eye)
    with pytest.raises(ArgumentError, match="cov_2: differs from its transpose by 1"):
        gaussian_frechet(mean, eye, mean, [[1.0, 1.0], [0.0, 1.0]])
    with pytest.raises(ArgumentError, match=r"mean_1 and cov_1: shapes \(3,\) and \(2, 2\)"):
        gaussian_frechet(np.zeros(3), eye, mean, eye)
    with pytest.raises(ArgumentError, match="mean_2: dimension 1; expected 2"):
        gaussian_frechet(mean, eye, [0.0], [[1.0]])
