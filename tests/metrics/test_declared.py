"""What metrics declare and what they return are the same columns."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn

from bench.column import GROUPS, Better, Column, Columns, exact_divergence_of, mode_of
from bench.datasets.base import Dataset, load_dataset
from bench.dictionary import declared_columns
from bench.metrics import METRICS, Protocol, Subject, register_metric
from bench.models import METHODS
from bench.spec import EvaluationSettings
from tests.registries import restored

from .conftest import stream_of

SMALL = {"kind": "mlp", "latent": 2}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "vae on points": ("ring", {"family": "vae", "network": SMALL}),
    "linear vae on points": ("ring", {"family": "vae", "network": SMALL | {"decoder": []}}),
    "fgan on points": ("grid", {"family": "fgan", "divergence": "alpha(0.3)", "network": SMALL}),
    "hinge gan on points": ("ring", {"family": "hinge_gan", "network": SMALL}),
    "kl-wgan on points": ("grid", {"family": "kl_wgan", "network": SMALL}),
    "mle on the line": ("mixture", {"family": "mle"}),
    "linear gan on the line": (
        "mixture",
        {"family": "fgan", "divergence": "alpha(0.3)", "network": {"latent": 1, "generator": []}},
    ),
    "vae on images": ("digits", {"family": "vae", "likelihood": "bernoulli", "binarisation": "static"}),
    "gan on images": ("digits", {"family": "fgan", "divergence": "alpha(0.3)", "network": SMALL}),
    "autoencoder on images": ("digits", {"family": "autoencoder", "network": SMALL}),
    "real data on the line": ("mixture", {}),
    "real images": ("digits", {}),
}
"""Datasets and untrained models that every declared figure comes from at least once; `{}` for real data."""

Figures = Mapping[str, float]
Labels = Mapping[str, str]


def small(name: str) -> Dataset:
    data = load_dataset(name)
    return dataclasses.replace(
        data, test=data.test[:200], validation=data.validation[:100], test_labels=_few(data.test_labels)
    )


def _few(labels: Tensor | None) -> Tensor | None:
    return None if labels is None else labels[:200]


def subject_of(dataset: str, block: Mapping[str, Any]) -> Subject:
    """An untrained model, or real data, with few examples."""
    data, settings = small(dataset), EvaluationSettings(samples=200)
    if not block:
        return Subject(nn.Identity(), data, lambda n, _: data.train[:n], stream_of, settings)
    family = METHODS[block["family"]]
    torch.manual_seed(0)
    model = family.build(family.settings(**block), data.shape).eval()

    @torch.no_grad()
    def sample(n: int, generator: torch.Generator) -> Tensor:
        return model.sample(model.prior.draw(n, generator=generator))

    own = None if model.divergence is None else model.divergence.name
    return Subject(model, data, sample, stream_of, settings, law=model.law(), trained_on=own)


@pytest.fixture(autouse=True)
def _brief(brief_noise_critics: None) -> None:
    """Columns do not depend on how good critics are."""


@cache
def measured(case: str) -> dict[str, tuple[Figures, Labels]]:
    """Figures and labels of every metric."""
    subject = subject_of(*CASES[case])
    return {name: (METRICS[name].measure(subject), METRICS[name].labels(subject)) for name in METRICS}


def declared_by(protocol: Protocol) -> Columns:
    """What a metric may give: its own columns, and of `divergences` those of the divergences."""
    return Columns.of(protocol.columns)


def strangers(protocol: Protocol, figures: Figures, labels: Labels) -> set[str]:
    """Columns that a metric returned without having declared them."""
    declared = declared_by(protocol)
    roles = {"figure": figures, "label": labels}
    given = {(name, role) for role, found in roles.items() for name in found}
    known = {(column.name, column.role) for column in declared.values()}
    return {name for name, role in given - known if not _follows(protocol, declared, name)}


def _follows(protocol: Protocol, declared: Columns, name: str) -> bool:
    """Whether a column needs no declaration: a companion, a mode's share, or a divergence of metrics that give all."""
    if mode_of(name) is not None:
        return declared.describe(name).protocol == protocol.name
    of = declared.companion_of(name)
    if of in declared:
        return True
    described = Columns().describe(of or name)
    return bool(described.divergence) and described.protocol == protocol.name


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_returned_that_is_not_declared(case: str) -> None:
    found = {name: strangers(METRICS[name], *given) for name, given in measured(case).items()}
    assert found == {name: set() for name in METRICS}


def test_nothing_is_declared_that_never_comes() -> None:
    given = {
        (name, column)
        for case in CASES
        for name, (figures, labels) in measured(case).items()
        for column in (*figures, *labels)
    }
    assert {(name, column.name) for name, entry in METRICS.items() for column in entry.columns} <= given


def test_every_estimate_says_how_much_of_its_ceiling_it_reaches() -> None:
    metrics = {"divergences": 10, "divergence_curve": 8 * 4, "feature_divergences": 10}
    for metric, count in metrics.items():
        figures, _ = measured("gan on images")[metric]
        reached = {name.removesuffix("_reach") for name in figures if name.endswith("_reach")}
        assert len(reached) == count
        assert reached == {n for n in figures if Columns().describe(n).divergence and Columns().companion_of(n) is None}
        assert all(0 <= figures[f"{name}_reach"] <= 1 for name in reached)


def test_the_columns_of_divergences_come() -> None:
    figures, _ = measured("mle on the line")["divergences"]
    columns = [column.name for column in declared_columns().values() if column.divergence]
    assert set(columns) <= figures.keys()
    assert "div_alpha(0.3)" in measured("fgan on points")["divergences"][0]


@pytest.mark.parametrize("case", CASES)
def test_figures_lie_within_their_ends(case: str) -> None:
    """Estimates of divergences up to four standard errors, for they are no divergences themselves."""
    declared = declared_columns()
    for name, (figures, _) in measured(case).items():
        for column, value in figures.items():
            about = declared.describe(column)
            slack = 4 * figures[f"{column}_se"] if about.divergence and exact_divergence_of(column) is None else 0.0
            lower = -math.inf if about.lower is None else about.lower - slack
            upper = math.inf if about.upper is None else about.upper + slack
            assert lower <= value <= upper, (name, column, value)


def test_every_family_is_among_the_subjects() -> None:
    assert {block["family"] for _, block in CASES.values() if block} == set(METHODS)


@pytest.fixture
def forgotten() -> Iterator[None]:
    with restored():
        yield


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize(
    ("measure", "labels", "expected"),
    [
        (lambda _: {"width": 1.0}, lambda _: {}, set()),
        (lambda _: {"width": 1.0, "width_se": 0.1, "width_n": 3.0}, lambda _: {}, set()),
        (lambda _: {"height": 1.0}, lambda _: {}, {"height"}),
        (lambda _: {"div_kl": 1.0}, lambda _: {}, {"div_kl"}),
        (lambda _: {}, lambda _: {"ruler": "steel"}, {"ruler"}),
        (lambda _: {}, lambda _: {"width": "steel"}, {"width"}),
    ],
)
def test_a_column_that_is_not_declared_is_found(
    measure: Callable[[Subject], dict[str, float]], labels: Callable[[Subject], dict[str, str]], expected: set[str]
) -> None:
    register_metric("size", version=1, columns=[Column("width", "Width", "How wide it is.")], labels=labels)(measure)
    subject = subject_of("mixture", {})
    assert strangers(METRICS["size"], METRICS["size"].measure(subject), METRICS["size"].labels(subject)) == expected


@pytest.mark.parametrize("name", METRICS)
def test_columns_say_what_they_are(name: str) -> None:
    for column in METRICS[name].columns:
        assert column.label, column.name
        assert column.description.endswith("."), column.name
        assert column.group in GROUPS, column.name
        assert column.protocol == name
        assert column.unit in ("", "nats"), column.name


COMPARED = {
    "elbo": "higher",
    "log_likelihood_iw": "higher",
    "log_likelihood_exact": "higher",
    "parzen_log_likelihood": "higher",
    "kde_log_likelihood": "higher",
    "fid": "lower",
    "fid_infinity": "lower",
    "kid": "lower",
    "precision": "higher",
    "recall": "higher",
    "coverage": "higher",
    "modes_covered": "higher",
    "high_quality_fraction": "higher",
    "mode_kl": "lower",
    "excess_divergence": "lower",
    "mmd": "lower",
}


def test_the_better_end_is_told_where_there_is_one() -> None:
    told = {column.name: column.better for entry in METRICS.values() for column in entry.columns if column.better}
    assert told == COMPARED
    assert set(told.values()) <= set(get_args(Better))


def test_headlines_and_figures_of_likelihood_have_better_end_and_unit() -> None:
    declared = declared_columns()
    assert all(column.better for column in declared.headlines("page", "line"))
    assert all(column.short for column in declared.headlines("line"))
    logarithms = [column for column in declared.values() if column.group == "Likelihood" and column.upper is None]
    nats = {column.name for column in logarithms if column.unit == "nats"}
    estimated = {"parzen_log_likelihood", "kde_log_likelihood"}
    gaps = {"log_likelihood_exact", "posterior_gap", "mean_field_gap"}
    assert nats == {"elbo", "reconstruction", "kl_term", "log_likelihood_iw", *estimated, *gaps}


def test_columns_name_only_columns_that_are_declared() -> None:
    """What figures depend on, and what floors are computed from."""
    declared = declared_columns()
    for column in declared.values():
        texts = [*column.depends_on, *(column.floor.labels if column.floor else ())]
        assert {declared[name].role for name in texts} <= {"label"}, column.name
        assert all(declared[name].role == "figure" for name, _ in column.settings), column.name
