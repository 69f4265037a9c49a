"""Models that a family refuses from settings and shapes alone are refused with the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.models import METHODS, Family
from bench.spec import MethodSettings
from bench.suite import SuiteError, load_suite
from tests.registries import restored
from tests.suite.samples import WriteSuite, small_suite

GOOD = """\
name: good
seeds: 1
datasets: [ring, grid, digits]
methods:
  kl: {family: fgan, divergence: kl}
  vae: {family: vae}
training: {steps: 5}
metrics: [fid]
overrides:
  - {where: {dataset: digits, method: vae}, set: {likelihood: bernoulli}}
budgets: {smoke: {training.steps: 2}}
"""
REFUSED = [
    # the old text, the new text, and the message after the file's name
    (
        "divergence: kl}",
        "divergence: total_variation}",
        "5:3: methods.kl: found settings that cannot be built for datasets 'ring', 'grid', 'digits': method with "
        "divergence 'total_variation': its bound has no gradient in log r; set parameterisation: fenchel",
    ),
    (
        "{family: vae}",
        "{family: mle}",
        "6:3: methods.vae: found settings that cannot be built for dataset 'digits': family 'mle': found examples of ",
    ),
    (
        "{family: vae}",
        "{family: vae, likelihood: bernoulli}",
        "6:3: methods.vae: found settings that cannot be built for datasets 'ring', 'grid': family 'vae': found ",
    ),
    (
        "dataset: digits, method: vae}",
        "dataset: grid, method: vae}",
        "10:61: overrides[0].set.likelihood: found settings that cannot be built for dataset 'grid': family 'vae': ",
    ),
    (
        "training.steps: 2}",
        "training.steps: 2, network.kind: conv}",
        "11:52: budgets.smoke.network.kind: found settings that cannot be built for datasets 'ring', 'grid': ",
    ),
    (
        "divergence: kl}",
        "divergence: kl, pack: 3}",
        "5:3: methods.kl: found settings that cannot be built for datasets 'ring', 'grid', 'digits': "
        "training.batch_size: found 256; expected a multiple of 3, the number of examples that the critic sees at once",
    ),
]


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    with restored():
        yield


def refuse(suite: Any, **options: Any) -> list[str]:
    with pytest.raises(SuiteError) as raised:
        load_suite(suite, **options)
    return str(raised.value).splitlines()


@pytest.mark.parametrize(("old", "new", "message"), REFUSED)
def test_refused_at_its_place(write: WriteSuite, old: str, new: str, message: str) -> None:
    assert GOOD.count(old) == 1
    text = GOOD.replace(old, new)
    if "mle" in new:
        text = text[: text.index("overrides")] + text[text.index("budgets") :]
    path = write(text)
    (line,) = refuse(path)
    assert line.removeprefix(f"{path}:").startswith(message)


def test_the_good_suite_is_good(write: WriteSuite) -> None:
    assert load_suite(write(GOOD)).name == "good"


def test_a_batch_size_that_packs_do_not_divide_is_blamed() -> None:
    raw = small_suite(methods={"kl": {"family": "fgan", "divergence": "kl", "pack": 2}})
    assert load_suite(raw).name == "small"
    (line,) = refuse(raw, settings={"training.batch_size": 9})
    assert line.startswith("--set training.batch_size: found settings that cannot be built for datasets 'ring', 'grid'")
    assert line.endswith(
        "training.batch_size: found 9; expected a multiple of 2, the number of examples that the "
        "critic sees at once (pack)"
    )


def test_the_call_is_blamed_for_what_it_sets() -> None:
    raw = small_suite(methods={"vae": {"family": "vae"}})
    (line,) = refuse(raw, settings={"training.steps": 3, "likelihood": "bernoulli", "network.latent": 2})
    assert line.startswith("--set likelihood: found settings that cannot be built for datasets 'ring', 'grid': family")


def test_data_in_files_is_left_to_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where files are needed nothing is asked of them, neither here nor on the network."""
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path))
    for name in ("mnist", "fashion-mnist", "stacked-mnist"):
        load_suite(small_suite(datasets=[name], methods={"vae": {"family": "vae"}}))


def test_a_family_that_fails_otherwise_is_left_to_the_run() -> None:
    def build(settings: MethodSettings, shape: tuple[int, ...]) -> Any:
        raise RuntimeError("not on this device")

    METHODS.add("odd", Family("odd", MethodSettings, build), "a_plugin")
    assert load_suite(small_suite(methods={"odd": {"family": "odd"}})).name == "small"


class CountedSettings(MethodSettings):
    width: int = 1


def test_each_model_is_built_once_and_leaves_no_trace() -> None:
    """Fifty methods on two datasets of one shape, under a budget that changes the training alone."""
    built: list[tuple[int, tuple[int, ...]]] = []

    def build(settings: CountedSettings, shape: tuple[int, ...]) -> Any:
        built.append((settings.width, shape))
        return torch.nn.Linear(2, settings.width)

    METHODS.add("counted", Family("counted", CountedSettings, build), "a_plugin")
    state = torch.get_rng_state()
    methods = {f"m{i}": {"family": "counted", "width": i + 1} for i in range(50)}
    load_suite(small_suite(methods=methods, budgets={"b": {"training.steps": 3}}), settings={"seeds": 1})
    assert built == [(i + 1, (2,)) for i in range(50)]
    assert torch.equal(torch.get_rng_state(), state)
