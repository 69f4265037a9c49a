"""Log-ratios of Gaussians fitted by moments in the leading components, under noise of any level."""

from __future__ import annotations

import torch
from torch import Tensor

_LARGEST = 50.0  # nats: what a closed form may say
_RIDGE = 1e-4  # relative to the mean variance


def fit_gaussian_levels(
    fitted_p: Tensor, fitted_q: Tensor, p: Tensor, q: Tensor, spreads: Tensor
) -> tuple[Tensor, Tensor]:
    """V of Gaussian pairs at noisy points; the noise is added to the fitted covariances, without drawing it.

    Args:
        fitted_p: clean points of P that each critic is fitted on, leading k coordinates, shape (R, n, k).
        fitted_q: those of Q, shape (R, m, k).
        p: points of P with noise of each level, shape (S, R, s, k).
        q: points of Q likewise, shape (S, R, t, k).
        spreads: the levels, shape (S,).

    Returns:
        V at p, (S, R, s), and at q, (S, R, t).
    """
    (mean_p, cov_p), (mean_q, cov_q) = (_measure(points.double()) for points in (fitted_p, fitted_q))
    values: tuple[list[Tensor], list[Tensor]] = ([], [])
    for level, (x, y) in enumerate(zip(p, q, strict=True)):
        noise = spreads[level].double() ** 2 * torch.eye(cov_p.shape[-1], dtype=torch.float64, device=cov_p.device)
        laws = [_invert(mean, cov + noise) for mean, cov in ((mean_p, cov_p), (mean_q, cov_q))]
        for points, out in zip((x, y), values, strict=True):
            first, second = (_log_density(points.double(), *law) for law in laws)
            out.append((first - second).clamp(-_LARGEST, _LARGEST).float())
    return torch.stack(values[0]), torch.stack(values[1])


def _measure(points: Tensor) -> tuple[Tensor, Tensor]:
    mean = points.mean(1, keepdim=True)
    centred = points - mean
    covariance = centred.mT @ centred / (points.shape[1] - 1)
    ridge = _RIDGE * covariance.diagonal(dim1=-2, dim2=-1).mean(-1)[:, None, None]
    return mean, covariance + ridge * torch.eye(points.shape[-1], dtype=points.dtype, device=points.device)


def _invert(mean: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor]:
    return mean, torch.linalg.cholesky(covariance)


def _log_density(points: Tensor, mean: Tensor, root: Tensor) -> Tensor:
    """Up to the constant that all laws share, shape (R, n)."""
    whitened = torch.linalg.solve_triangular(root, (points - mean).mT, upper=False)
    log_volume: Tensor = root.diagonal(dim1=-2, dim2=-1).log().sum(-1, keepdim=True)
    log_density: Tensor = -0.5 * whitened.square().sum(1) - log_volume
    return log_density
