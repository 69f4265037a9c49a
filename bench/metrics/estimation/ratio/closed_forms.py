"""Closed forms as critics: the log-ratios of Gaussians fitted by moments, and what tells nothing apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from bench.metrics.estimation.ratio.coordinates import Coordinates
from bench.metrics.estimation.ratio.folds import logistic_loss
from bench.metrics.estimation.ratio.gaussian import (
    AxisRatio,
    QuadraticRatio,
    fit_axis_ratios,
    fit_gaussian_ratios,
    fit_moments,
)
from bench.metrics.estimation.ratio.rows import Rows

_COVARIANCES_UP_TO = 128  # dimensions: beyond, they cost more than networks
_LARGEST = 50.0  # nats: what a closed form may say
_CHUNK = 2**26  # numbers that closed forms are fitted to at once: bounds memory


@dataclass(frozen=True)
class ClosedForm:
    """A critic that is not trained: its v where it is fitted and where it is left out, and its number of parameters.

    Shapes: fitted (R, m), left out (R, 2, s), parameters (R,).
    """

    fitted_p: Tensor
    fitted_q: Tensor
    left_out_p: Tensor
    left_out_q: Tensor
    parameters: Tensor


def make_constant(p: Rows, q: Rows) -> ClosedForm:
    """The critic that cannot tell the samples apart: v = 0."""
    shapes = (p.fitted.shape, q.fitted.shape, p.left_out.shape, q.left_out.shape, p.fitted.shape[:1])
    return ClosedForm(*(torch.zeros(shape, device=p.fitted.device) for shape in shapes))


def fit_gaussians(coordinates: tuple[Coordinates, Coordinates], p: Rows, q: Rows, dimensions: int) -> list[ClosedForm]:
    """The log-ratios of Gaussians in given coordinates, one for each way to restrict the covariances."""
    of_one_critic = dimensions * max(p.fitted.shape[1], q.fitted.shape[1])
    critics = torch.arange(len(p.fitted), device=p.fitted.device)
    parts = [
        list(_fit_chunk(coordinates[0].of(some), coordinates[1].of(some), p.of(some), q.of(some)))
        for some in torch.split(critics, max(1, _CHUNK // of_one_critic))
    ]
    return [
        ClosedForm(*(torch.cat(part) for part in zip(*map(_list_fields, same), strict=True)))
        for same in zip(*parts, strict=True)
    ]


def choose_by_information(forms: Sequence[ClosedForm]) -> ClosedForm:
    """For each critic the form of the least logistic loss plus a share of a nat per parameter (Akaike 1974)."""
    scores = []
    for form in forms:
        points = 2 / (1 / form.fitted_p.shape[1] + 1 / form.fitted_q.shape[1])
        scores.append(logistic_loss(form.fitted_p.double(), form.fitted_q.double()) + form.parameters / points)
    best = torch.stack(scores).argmin(0)
    chosen = torch.arange(len(best), device=best.device)
    return ClosedForm(*(torch.stack(part)[best, chosen] for part in zip(*map(_list_fields, forms), strict=True)))


def _fit_chunk(of_p: Coordinates, of_q: Coordinates, p: Rows, q: Rows) -> Iterator[ClosedForm]:
    fitted_p, fitted_q = of_p.take(p.fitted), of_q.take(q.fitted)
    left_out_p, left_out_q = of_p.take(p.left_out.flatten(1)), of_q.take(q.left_out.flatten(1))

    def predict(ratio: QuadraticRatio | AxisRatio, points: Tensor, shape: torch.Size) -> Tensor:
        return ratio(points).clamp(-_LARGEST, _LARGEST).float().reshape(shape)

    for ratio in _make_ratios(fitted_p, fitted_q).values():
        yield ClosedForm(
            fitted_p=predict(ratio, fitted_p, p.fitted.shape),
            fitted_q=predict(ratio, fitted_q, q.fitted.shape),
            left_out_p=predict(ratio, left_out_p, p.left_out.shape),
            left_out_q=predict(ratio, left_out_q, q.left_out.shape),
            parameters=ratio.parameters,
        )


def _make_ratios(fitted_p: Tensor, fitted_q: Tensor) -> Mapping[str, QuadraticRatio | AxisRatio]:
    if fitted_p.shape[-1] > _COVARIANCES_UP_TO:
        return fit_axis_ratios(fitted_p, fitted_q)
    return fit_gaussian_ratios(fit_moments(fitted_p, fitted_q))


def _list_fields(form: ClosedForm) -> list[Tensor]:
    return [getattr(form, part.name) for part in fields(ClosedForm)]
