"""The linear factor model against its own density."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from torch.distributions import MultivariateNormal

from bench.datasets import Dataset, ParameterError, check_parameters, load_dataset, shape_of


def law(data: Dataset) -> MultivariateNormal:
    assert isinstance(data.density, MultivariateNormal)
    return data.density


@pytest.mark.parametrize("parameters", [{}, {"dimension": 2, "factors": 3, "noise": 0.1}, {"dimension": 1}], ids=str)
def test_points_follow_the_density(parameters: dict[str, float]) -> None:
    """Whitened by it they are independent standard normal: Kolmogorov–Smirnov's 1e-4, correlations in 5 errors."""
    data = load_dataset("factors", **parameters)
    density = law(data)
    for split in (data.train, data.validation, data.test):
        centred = (split.double() - density.loc).T
        white = torch.linalg.solve_triangular(density.scale_tril, centred, upper=False).numpy()
        assert stats.kstest(white.ravel(), "norm").pvalue > 1e-4
        correlations = np.atleast_2d(np.corrcoef(white)) - np.eye(len(white))
        assert np.abs(correlations).max() < 5 / split.shape[0] ** 0.5 + 1e-12


def test_the_covariance_is_of_few_factors_and_noise() -> None:
    data = load_dataset("factors", dimension=6, factors=2, noise=0.3)
    spectrum = torch.linalg.eigvalsh(law(data).covariance_matrix)
    assert spectrum[:4].tolist() == pytest.approx([0.09] * 4)
    assert float(spectrum[4]) > 0.5
    off = law(data).covariance_matrix - torch.diag(law(data).covariance_matrix.diagonal())
    assert float(off.abs().max()) > 0.5


def test_shape_size_and_splits() -> None:
    data = load_dataset("factors", dimension=7, size=123)
    assert shape_of("factors", {"dimension": 7}) == data.shape == (7,)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [123, 10_000, 10_000]
    assert data.train.dtype == torch.float32
    assert data.modes is None


def test_held_out_data_and_law_do_not_depend_on_the_training_size() -> None:
    small, large = load_dataset("factors", size=100), load_dataset("factors", size=1000)
    assert torch.equal(small.test, large.test)
    assert torch.equal(law(small).covariance_matrix, law(large).covariance_matrix)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"noise": 0.0}, "'noise': found 0.0, expected a number greater"), ({"factors": 0}, "'factors': found 0")],
)
def test_parameters_are_checked(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        check_parameters("factors", parameters)
