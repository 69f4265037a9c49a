"""What holds for every family: its curves are declared, and building costs nothing and refuses on the meta device."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bench.errors import ArgumentError
from bench.models import METHODS, GenerativeModel, make_cohort
from bench.spec import TrainingSettings
from bench.training.batches import Batches
from bench.training.game import Game

MLP: dict[str, Any] = {"latent": 2, "batch_norm": True}
CONV = MLP | {"kind": "conv"}
AUTO: dict[str, Any] = {"encoder": [4], "decoder": [4]}
GAN: dict[str, Any] = {"generator": [4], "critic": [4]}
POINTS, IMAGES = (3,), (1, 8, 8)
CASES: list[tuple[dict[str, Any], tuple[int, ...]]] = [
    ({"family": "autoencoder", "network": MLP | AUTO}, POINTS),
    ({"family": "autoencoder", "network": MLP | AUTO}, IMAGES),
    ({"family": "autoencoder", "network": CONV | AUTO}, IMAGES),
    ({"family": "autoencoder", "latents": "gaussian_mixture", "network": MLP | AUTO}, POINTS),
    ({"family": "autoencoder", "latents": "standard_normal", "network": MLP | AUTO}, POINTS),
    ({"family": "vae", "network": MLP | AUTO}, POINTS),
    ({"family": "vae", "network": CONV | AUTO}, IMAGES),
    ({"family": "vae", "likelihood": "bernoulli", "network": MLP | AUTO}, IMAGES),
    ({"family": "vae", "likelihood": "bernoulli", "binarisation": "static", "network": MLP | AUTO}, IMAGES),
    ({"family": "vae", "likelihood": "bernoulli", "binarisation": "dynamic", "network": CONV | AUTO}, IMAGES),
    ({"family": "vae", "objective": "renyi(0.5)", "draws": 3, "network": MLP | AUTO}, POINTS),
    ({"family": "vae", "gradient_probes": 2, "network": MLP | AUTO}, POINTS),
    ({"family": "vae", "gradient": "score_function", "posterior": "full_covariance", "network": MLP | AUTO}, POINTS),
    ({"family": "fgan", "divergence": "kl", "network": MLP | GAN}, POINTS),
    ({"family": "fgan", "divergence": "js", "update": "single_step", "network": CONV | GAN}, IMAGES),
    ({"family": "fgan", "divergence": "js", "parameterisation": "fenchel", "network": MLP | GAN}, IMAGES),
    ({"family": "fgan", "divergence": "kl", "pack": 2, "network": CONV | GAN}, IMAGES),
    ({"family": "hinge_gan", "network": MLP | GAN}, POINTS),
    ({"family": "kl_wgan", "update": "single_step", "network": CONV | GAN}, IMAGES),
    ({"family": "mle"}, POINTS),
]


def build(method: dict[str, Any], shape: tuple[int, ...]) -> GenerativeModel:
    family = METHODS[method["family"]]
    return family.build(family.settings.model_validate(method), shape)


def test_every_family_is_among_the_cases() -> None:
    assert {method["family"] for method, _ in CASES} == {n for n in METHODS if METHODS.origin(n).startswith("bench.")}


def record(method: dict[str, Any], shape: tuple[int, ...]) -> set[str]:
    """The columns of the curves that a step records."""
    model = build(method, shape)
    batches = Batches(torch.rand(16, *shape), model.noise, [0], 8, len(model.moves))
    return {f"training_{name}" for name in Game(make_cohort([model]), model, TrainingSettings()).step(batches, 0)}


@pytest.mark.parametrize("family", sorted({method["family"] for method, _ in CASES}))
def test_every_curve_that_is_recorded_is_declared_and_the_other_way_round(family: str) -> None:
    recorded = [record(method, shape) for method, shape in CASES if method["family"] == family]
    assert set().union(*recorded) == {column.name for column in METHODS[family].columns}


def test_curves_are_titled_and_printed_in_one_order() -> None:
    families = [METHODS[name] for name in ("autoencoder", "vae", "fgan", "hinge_gan", "kl_wgan", "mle")]
    declared = {column.name: column for family in families for column in family.columns}
    assert all(column == declared[column.name] for family in families for column in family.columns)
    columns = sorted(declared.values(), key=lambda column: column.order)
    assert [(column.name, column.curve) for column in columns] == [
        ("training_loss", "Loss"),
        ("training_elbo", "ELBO"),
        ("training_reconstruction", "Reconstruction"),
        ("training_kl", "KL term"),
        ("training_objective", "Training objective"),
        ("training_gradient_variance", "Gradient variance"),
        ("training_squared_gradient", "Squared gradient norm"),
        ("training_bound", "Variational bound"),
        ("training_generator_loss", "Generator loss"),
        ("training_critic_objective", "Critic objective"),
        ("training_log_likelihood", "Log-likelihood"),
    ]
    assert [column.name for column in columns if column.printed] == ["training_bound"]
    assert {(column.group, column.role, column.better) for column in columns} == {("Training", "figure", None)}


@pytest.mark.parametrize(("method", "shape"), CASES)
def test_models_are_built_on_the_meta_device(method: dict[str, Any], shape: tuple[int, ...]) -> None:
    with torch.device("meta"):
        model = build(method, shape)
    tensors = model.state_dict()
    assert {tensor.device.type for tensor in tensors.values()} == {"meta"}
    real = build(method, shape).state_dict()
    assert {name: tensor.shape for name, tensor in tensors.items()} == {n: tensor.shape for n, tensor in real.items()}


WIDE = CONV | {"encoder": [4] * 4, "decoder": [4] * 4}
REFUSED: list[tuple[dict[str, Any], tuple[int, ...], str]] = [
    (
        {"family": "fgan", "divergence": "total_variation", "network": MLP | GAN},
        POINTS,
        "set parameterisation: fenchel",
    ),
    ({"family": "vae", "likelihood": "bernoulli", "network": MLP | AUTO}, POINTS, "expected images with pixels"),
    ({"family": "vae", "binarisation": "static", "network": MLP | AUTO}, POINTS, "expected images with pixels"),
    (
        {"family": "vae", "objective": "iwae", "gradient": "score_function", "network": MLP | AUTO},
        POINTS,
        "found gradient: score_function with objective: iwae, .* leave gradient out",
    ),
    (
        {"family": "vae", "objective": "renyi(-inf)", "kl": "monte_carlo", "network": MLP | AUTO},
        POINTS,
        r"found kl: monte_carlo with objective: renyi\(-inf\), .* leave kl out",
    ),
    ({"family": "mle"}, IMAGES, r"shape \(1, 8, 8\); expected points"),
    ({"family": "autoencoder", "network": CONV | AUTO}, POINTS, "'conv' needs images"),
    ({"family": "fgan", "divergence": "kl", "network": CONV | GAN}, POINTS, "'conv' needs images"),
    ({"family": "vae", "network": WIDE}, IMAGES, "4 layers of stride 2 are too many"),
]


@pytest.mark.parametrize(("method", "shape", "message"), REFUSED)
def test_settings_that_do_not_fit_the_examples_are_refused_there(
    method: dict[str, Any], shape: tuple[int, ...], message: str
) -> None:
    with torch.device("meta"), pytest.raises(ArgumentError, match=message):
        build(method, shape)
