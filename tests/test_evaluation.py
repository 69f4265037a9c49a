"""Evaluation: what a subject is made of, and which figures are refused."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from bench.datasets import load_dataset
from bench.errors import BenchError
from bench.evaluation import evaluate, reference_of, subject_of
from bench.metrics import METRICS, Protocol, Subject
from bench.models import METHODS, GenerativeModel
from bench.spec import EvaluationSettings, ReferenceSpec, ResourceSettings, RunSpec, TrainingSettings

LINEAR = {"latent": 1, "generator": [], "critic": [4]}


@pytest.fixture
def metric() -> Iterator[Any]:
    """Registers a metric that gives the figures it is handed, and forgets it again."""

    def register(name: str, **figures: float) -> str:
        METRICS.add(name, Protocol(name, 1, lambda _: figures))
        return name

    yield register
    for name in [name for name in METRICS if name.startswith("test_")]:
        METRICS._entries.pop(name)
        METRICS._origins.pop(name)


def subject(method: dict[str, Any]) -> Subject:
    """The untrained model of a method beside the mixture on the line."""
    data = load_dataset("mixture")
    spec = RunSpec(
        suite="s",
        method="m",
        dataset="mixture",
        dataset_name="mixture",
        dataset_parameters={},
        dataset_sha256=data.fingerprint,
        seed=0,
        model=METHODS[method["family"]].settings.model_validate(method),
        training=TrainingSettings(),
        evaluation=EvaluationSettings(samples=200),
        metrics=(),
        protocols={},
        resources=ResourceSettings(),
    )
    return subject_of(spec, build(method), data, [(10, "bound", 0.1), (20, "bound", 0.2)])


def build(method: dict[str, Any]) -> GenerativeModel:
    family = METHODS[method["family"]]
    torch.manual_seed(0)
    return family.build(family.settings.model_validate(method), (1,)).eval()


def test_a_subject_carries_the_law_and_the_divergence_of_its_model() -> None:
    gan = subject({"family": "fgan", "divergence": "alpha(0.30)", "network": LINEAR})
    assert gan.law is not None
    draws = gan.sample(4000, gan.stream("x")).double()
    # five standard errors of 4,000 draws
    assert draws.mean().item() == pytest.approx(gan.law.mean.item(), abs=5 * gan.law.stddev.item() / 4000**0.5)
    assert gan.divergences == ("alpha(0.3)",)
    assert gan.training == {"training_bound": 0.2}
    vae = subject({"family": "vae", "network": {"latent": 1, "encoder": [4], "decoder": [4]}})
    assert (vae.law, vae.divergences) == (None, ())
    assert subject({"family": "mle"}).law is not None


def test_figures_of_all_metrics_and_of_training(metric: Any) -> None:
    found = evaluate(subject({"family": "mle"}), [metric("test_a", a=1.0), metric("test_b", b=math.inf)])
    assert found.figures == {"training_bound": 0.2, "a": 1.0, "b": math.inf}
    assert found.labels == {}
    assert found.columns == {"test_a": ("a",), "test_b": ("b",)}


def test_bad_figures_are_refused(metric: Any) -> None:
    measured = subject({"family": "mle"})
    with pytest.raises(BenchError, match="metric 'test_nan': 'a' is not a number"):
        evaluate(measured, [metric("test_nan", a=math.nan)])
    with pytest.raises(BenchError, match="column 'a' is given by another metric"):
        evaluate(measured, [metric("test_a", a=1.0), metric("test_again", a=1.0)])
    with pytest.raises(BenchError, match="column 'training_bound'"):
        evaluate(measured, [metric("test_bound", training_bound=1.0)])
    assert evaluate(dataclasses.replace(measured, training={}), [metric("test_bound", training_bound=1.0)])


def test_real_data_comes_from_the_training_split_without_repeats_while_it_lasts() -> None:
    data = load_dataset("digits")
    reference = ReferenceSpec(
        suite="s",
        method="real data",
        dataset="digits",
        dataset_name="digits",
        dataset_parameters={},
        dataset_sha256=data.fingerprint,
        seed=0,
        evaluation=EvaluationSettings(samples=300),
        metrics=(),
        protocols={},
        resources=ResourceSettings(),
    )
    measured = reference_of(reference, data)
    drawn = measured.sample(300, measured.stream("x")).flatten(1)
    train = {tuple(row) for row in data.train.flatten(1).tolist()}
    distinct = {tuple(row) for row in drawn.tolist()}
    assert distinct <= train
    assert len(distinct) == 300
    assert measured.sample(300, measured.stream("x")).flatten(1).equal(drawn)
    thrice = measured.sample(2500, measured.stream("y")).flatten(1)
    counts = torch.unique(thrice, dim=0, return_counts=True)[1]
    assert len(counts) == len(train) == 1000
    assert set(counts.tolist()) == {2, 3}


def test_known_figures_stay_but_for_those_measured_again(metric: Any) -> None:
    measured = subject({"family": "mle"})
    before = evaluate(measured, [metric("test_a", a=1.0, old=2.0), metric("test_b", b=3.0)])
    METRICS._entries["test_a"] = Protocol("test_a", 2, lambda _: {"a": 5.0})
    new = evaluate(measured, ["test_a"], before)
    assert new.figures == {"training_bound": 0.2, "a": 5.0}
    after = before.updated(new)
    assert after.figures == {"training_bound": 0.2, "a": 5.0, "b": 3.0}
    assert after.columns == {"test_a": ("a",), "test_b": ("b",)}
    assert after.protocols == {"test_a": "test_a/2", "test_b": "test_b/1"}
    with pytest.raises(BenchError, match="column 'b' is given by another metric"):
        evaluate(measured, [metric("test_c", b=1.0)], before)


def test_on_the_validation_split_no_metric_sees_a_test_example() -> None:
    """Test examples that are not numbers would show in every figure that used one."""
    names = ("elbo", "fid", "kid", "coverage", "mode_coverage", "parzen_log_likelihood")
    data = load_dataset("digits")
    spoilt = dataclasses.replace(data, test=torch.full_like(data.test, math.nan), test_labels=None)
    method = {"family": "vae", "network": {"latent": 2, "encoder": [4], "decoder": [4]}}
    family = METHODS["vae"]
    settings = family.settings.model_validate(method)
    torch.manual_seed(0)
    model = family.build(settings, data.shape).eval()
    spec = RunSpec(
        suite="s", method="m", dataset="digits", dataset_name="digits", dataset_parameters={},
        dataset_sha256=data.fingerprint, seed=0, model=settings, training=TrainingSettings(),
        evaluation=EvaluationSettings(samples=200, split="validation"), metrics=names, protocols={},
        resources=ResourceSettings(),
    )  # fmt: skip
    found = [evaluate(subject_of(spec, model, one, []), names) for one in (data, spoilt)]
    assert found[0].figures == found[1].figures
    assert {"elbo", "fid", "kid", "coverage", "parzen_log_likelihood", "modes_covered"} <= found[0].figures.keys()
    assert found[0].labels["feature_split"] == "validation"
    tested = spec.model_copy(update={"evaluation": EvaluationSettings(samples=200)})
    figures = evaluate(subject_of(tested, model, data, []), names).figures
    assert all(figures[name] != found[0].figures[name] for name in ("elbo", "fid", "kid", "parzen_log_likelihood"))
