"""Wrong suite files: every message with its line, and all of them at once."""

from __future__ import annotations

import pytest

from bench.suite import SuiteError, load_suite
from tests.suite.samples import WriteSuite, small_suite

GOOD = """\
name: good
seeds: 2
datasets: [ring, grid]
methods:
  vae: {family: vae}
  kl: {family: fgan, divergence: kl}
  js: {family: fgan, divergence: js}
training: {steps: 100}
metrics: [elbo, fid]
overrides:
  - {where: {dataset: grid}, set: {training.steps: 200}}
budgets: {smoke: {training.steps: 20, seeds: 1}}
"""

DATASETS = (
    "expected one of annulus, banana, celeba, cifar10, cosine, digits, factors, fashion-mnist, funnel, grid, images, "
    "mixture, mnist, ring, square, stacked-mnist"
)

BAD = [
    # the old line, the new text, and the message after the file's name
    ("name: good", "name: a/b", "1:7: name: found 'a/b'; expected a name for a folder: up to 100 letters, digits"),
    ("name: good", "name: ..", "1:7: name: found '..'; expected a name for a folder"),
    ("name: good", "name: 3", "1:7: name: found 3; expected text"),
    ("name: good\n", "", "1:1: name: found nothing; expected a value: it has no default"),
    ("name: good", "naem: good", "1:1: naem: found unknown key 'naem'; expected one of name, title, seeds, "),
    ("seeds: 2", "seeds: 0", "2:8: seeds: found 0; expected a number not less than 1 or a list"),
    ("seeds: 2", "seeds: true", "2:8: seeds: found true; expected a whole number or a list"),
    ("seeds: 2", "seeds: 1000000", "2:8: seeds: found 1000000; expected a number not greater than 100000"),
    ("seeds: 2", "seeds: [1, -1]", "2:12: seeds[1]: found -1; expected a number not less than 0"),
    ("seeds: 2", "seeds: [1, 1]", "2:8: seeds: found [1, 1]; expected a list that has each entry once"),
    ("seeds: 2", "seeds: []", "2:8: seeds: found an empty list; expected a whole number or at least 1 entry"),
    ("seeds: 2", "seeds:", "2:1: seeds: found nothing; expected a whole number or a list"),
    ("[ring, grid]", "[rign, grid]", f"3:12: datasets[0]: found 'rign'; {DATASETS}; did you mean 'ring'?"),
    ("[ring, grid]", "[{name: rign}, grid]", f"3:19: datasets[0].name: found 'rign'; {DATASETS}"),
    ("[ring, grid]", "[3, grid]", "3:12: datasets[0]: found 3; expected text or a mapping"),
    (
        "[ring, grid]",
        "[{modes: 3}, grid]",
        "3:12: datasets[0].name: found nothing; expected a value: it has no default",
    ),
    (
        "[ring, grid]",
        "[ring, grid, ring]",
        "3:24: datasets[2]: found 'ring' again, as in datasets[0]; expected datasets",
    ),
    (
        "[ring, grid]",
        "[{name: ring, mode: 3}, grid]",
        "3:25: datasets[0].mode: found unknown parameter 'mode'; expected one of modes, radius, scale, size; "
        "did you mean 'modes'?",
    ),
    ("[ring, grid]", "[{name: ring, modes: x}, grid]", "3:32: datasets[0].modes: found 'x'; expected "),
    ("[ring, grid]", "ring", "3:11: datasets: found 'ring'; expected a list"),
    ("{family: vae}", "5", "5:8: methods.vae: found 5; expected a mapping"),
    ("  vae: {", "  v/e: {", "5:3: methods.v/e: found 'v/e'; expected a name of 1 to 60 characters without '/'"),
    (
        "family: vae",
        "family: vea",
        "5:17: methods.vae.family: found 'vea'; expected one of autoencoder, fgan, hinge_gan, kl_wgan, mle, vae; did",
    ),
    (
        "{family: vae}",
        "{}",
        "5:3: methods.vae.family: found nothing; expected one of autoencoder, fgan, hinge_gan, kl_wgan, mle, vae",
    ),
    (
        "family: vae}",
        "family: vae, epsilon: 0}",
        "5:31: methods.vae.epsilon: found 0; expected a number greater than 0",
    ),
    ("family: vae}", "family: vae, epsilon: big}", "5:31: methods.vae.epsilon: found 'big'; expected a number"),
    (
        "family: vae}",
        "family: vae, network: {latnt: 3}}",
        "5:32: methods.vae.network.latnt: found unknown key 'latnt'; expected one of activation, batch_norm, decoder, "
        "encoder, kind, latent; did you mean 'latent'?",
    ),
    ("family: vae}", "family: vae, network: 3}", "5:31: methods.vae.network: found 3; expected a mapping"),
    (
        "divergence: kl}",
        "divergence: klx}",
        "6:34: methods.kl.divergence: found 'klx'; expected one of alpha(0.5), gan, jeffreys, js, kl, neyman, pearson, "
        "reverse_kl, squared_hellinger, total_variation; did you mean 'kl'?",
    ),
    ("divergence: kl}", "divergence: alpha(x)}", "6:34: methods.kl.divergence: found 'alpha(x)': "),
    (", divergence: kl}", "}", "6:3: methods.kl.divergence: found nothing; expected a value: it has no default"),
    ("divergence: js}", "divergence: kl}", "7:3: methods.js: found the same settings as method 'kl' on dataset 'ring'"),
    ("{steps: 100}", "{stepz: 100}", "8:12: training.stepz: found unknown key 'stepz'; expected one of batch_size, "),
    ("{steps: 100}", "{steps: '100'}", "8:19: training.steps: found '100'; expected a whole number"),
    ("{steps: 100}", "{steps: 2.5}", "8:19: training.steps: found 2.5; expected a whole number"),
    ("{steps: 100}", "{lr: .inf}", "8:16: training.lr: found inf; expected a finite number"),
    (
        "{steps: 100}",
        "{optimizer: adma}",
        "8:23: training.optimizer: found 'adma'; expected one of adam, rmsprop, sgd; did you",
    ),
    ("{steps: 100}", "", "8:1: training: found nothing; expected a mapping"),
    (
        "[elbo, fid]",
        "[elbo, fdi]",
        "9:17: metrics[1]: found 'fdi'; expected one of ",
    ),
    ("[elbo, fid]", "[fid, fid]", "9:10: metrics: found ['fid', 'fid']; expected a list that has each entry once"),
    ("[elbo, fid]", "[]", "9:10: metrics: found an empty list; expected at least 1 entry"),
    (
        "dataset: grid",
        "datasets: grid",
        "11:14: overrides[0].where.datasets: found unknown key 'datasets'; expected one",
    ),
    (
        "dataset: grid",
        "dataset: gird",
        "11:23: overrides[0].where.dataset: found 'gird'; expected one of grid, ring; d",
    ),
    ("dataset: grid", "method: [kl, j]", "11:27: overrides[0].where.method[1]: found 'j'; expected one of js, kl, vae"),
    (
        "dataset: grid",
        "family: autoencoder",
        "11:22: overrides[0].where.family: found 'autoencoder'; expected one of f",
    ),
    (
        "dataset: grid",
        "method: kl, family: vae",
        "11:13: overrides[0].where: found {method: kl, family: vae}; expected conditions that some method on some",
    ),
    (
        "training.steps: 200",
        "training.stpes: 200",
        "11:36: overrides[0].set.training.stpes: found unknown key 'training.stpes'; expected one of "
        "training.batch_size, training.betas, training.curve_points, training.lr, training.optimizer, training.steps; "
        "did you mean 'training.steps'?",
    ),
    (
        "training.steps: 200",
        "training: {stpes: 200}",
        "11:47: overrides[0].set.training.stpes: found unknown key 'training.stpes'; expected one of training.batch_",
    ),
    (
        "training.steps: 200",
        "steps: 200",
        "11:36: overrides[0].set.steps: found unknown key 'steps'; expected one of binarisation, draws, "
        "epsilon, evaluation.*, gradient, gradient_probes, kl, likelihood, network.*, objective, posterior, "
        "resources.*, trained, training.*; did you mean 'training.steps'?",
    ),
    ("training.steps: 200", "training.steps.x: 200", "11:36: overrides[0].set.training.steps.x: found unknown key "),
    (
        "training.steps: 200",
        "training.steps: -1",
        "11:52: overrides[0].set.training.steps: found -1; expected a number ",
    ),
    (
        "training.steps: 200",
        "training.betas: [1, x]",
        "11:56: overrides[0].set.training.betas[1]: found 'x'; expected ",
    ),
    ("training.steps: 200", "training: 3", "11:46: overrides[0].set.training: found 3; expected a mapping"),
    ("training.steps: 200", "seeds: 3", "11:36: overrides[0].set.seeds: found unknown key 'seeds'; expected one of "),
    ("training.steps: 200", "family: fgan", "11:36: overrides[0].set.family: found 'family': the family of a method "),
    ("{training.steps: 200}", "{}", "11:35: overrides[0].set: found an empty mapping; expected at least 1 entry"),
    (", set: {training.steps: 200}", "", "11:5: overrides[0].set: found nothing; expected a value: it has no default"),
    (
        "training.steps: 200",
        "network.encoder: [3]",
        "11:36: overrides[0].set.network.encoder: found 'network.encoder', which family fgan lacks; expected a key "
        "that every method it applies to has, or a narrower 'where'",
    ),
    (
        "dataset: grid}, set: {training.steps: 200}",
        "method: js}, set: {divergence: kl}",
        "7:3: methods.js: found the same settings as method 'kl' on dataset 'ring'; expected methods that differ",
    ),
    (
        "training.steps: 20,",
        "training.stesp: 20,",
        "12:19: budgets.smoke.training.stesp: found unknown key 'training.s",
    ),
    ("training.steps: 20,", "training.steps: 0,", "12:35: budgets.smoke.training.steps: found 0; expected a number gr"),
    ("training.steps: 20,", "metrics: [x],", "12:29: budgets.smoke.metrics[0]: found 'x'; expected one of "),
    (
        "training.steps: 20,",
        "codebook: 3,",
        "12:19: budgets.smoke.codebook: found unknown key 'codebook'; expected one",
    ),
    (
        "seeds: 1}",
        "datasets: [grdi]}",
        "12:50: budgets.smoke.datasets[0]: found 'grdi'; expected one of grid, ring; did you mean 'grid'?",
    ),
    ("seeds: 1}", "datasets: []}", "12:49: budgets.smoke.datasets: found an empty list; expected at least 1 entry"),
    ("seeds: 1}", "seeds: -1}", "12:46: budgets.smoke.seeds: found -1; expected a number not less than 1 or a list"),
    (
        "training.steps: 20,",
        "divergence: kl,",
        "7:3: methods.js: found the same settings as method 'kl' on dataset 'ring' under budget 'smoke'; expected",
    ),
    ("{smoke: {training.steps: 20, seeds: 1}}", "{smoke: 3}", "12:18: budgets.smoke: found 3; expected a mapping"),
    ("budgets:", "budget:", "12:1: budget: found unknown key 'budget'; expected one of name, "),
    ("budgets:", "plugins: x\nbudgets:", "12:10: plugins: found 'x'; expected a list"),
    ("budgets:", "resources: {gpu: -1}\nbudgets:", "12:18: resources.gpu: found -1; expected a number not less than 0"),
    ("budgets:", "evaluation: {samples: 0}\nbudgets:", "12:23: evaluation.samples: found 0; expected a number gr"),
    (
        "budgets:",
        "published: [{source: x, metric: fid}]\nbudgets:",
        "12:13: published[0].value: found nothing; expected a value: it has no default",
    ),
    (
        "budgets:",
        "published: [{source: x, metric: fid, values: {kl: [1, 2, 3]}}]\nbudgets:",
        "12:51: published[0].values.kl: found [1, 2, 3]; expected a number or at most 2 entries",
    ),
    (
        "budgets:",
        "published: [{source: x, metric: fid, value: 3, dataset: rnig}]\nbudgets:",
        "12:57: published[0].dataset: found 'rnig'; expected one of grid, ring; did you mean 'ring'?",
    ),
]


def messages(write: WriteSuite, text: str) -> list[str]:
    """The lines of the error, each without the file's name."""
    path = write(text)
    with pytest.raises(SuiteError) as raised:
        load_suite(path)
    lines = str(raised.value).splitlines()
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.removeprefix(f"{path}:") for line in lines]


def test_the_good_suite_is_good(write: WriteSuite) -> None:
    assert load_suite(write(GOOD)).name == "good"


@pytest.mark.parametrize(("old", "new", "message"), BAD)
def test_one_fault_gives_one_line(write: WriteSuite, old: str, new: str, message: str) -> None:
    assert GOOD.count(old) == 1
    lines = messages(write, GOOD.replace(old, new))
    assert lines[0].startswith(message)
    assert len(lines) == (2 if new == "naem: good" else 1), lines


def test_all_faults_at_once(write: WriteSuite) -> None:
    text = GOOD
    replaced = [
        ("name: good", "name: a/b"),
        ("[ring, grid]", "[ring, grid, gird]"),
        ("family: vae", "family: vea"),
        ("divergence: kl}", "divergence: klx}"),
        ("divergence: js}", "divergence: js, critic_steps: 0, update: never}"),
        ("{steps: 100}", "{steps: -100}"),
        ("fid]", "fdi]"),
        ("training.steps: 200", "training.stepz: 200"),
        ("training.steps: 20,", "training.steps: 0,"),
    ]
    for old, new in replaced:
        text = text.replace(old, new)
    lines = messages(write, text)
    assert [line.split(":")[0] for line in lines] == ["1", "3", "5", "6", "7", "7", "8", "9", "11", "12"]


def test_values_that_stronger_overrides_hide_are_checked(write: WriteSuite) -> None:
    hidden = GOOD.replace(
        "budgets:", "  - {where: {dataset: grid, method: [vae, kl, js]}, set: {training.steps: 9}}\nbudgets:"
    )
    load_suite(write(hidden))
    lines = messages(write, hidden.replace("training.steps: 200", "training.steps: many"))
    assert lines == ["11:52: overrides[0].set.training.steps: found 'many'; expected a whole number"]


def test_a_mapping_has_no_lines() -> None:
    bad = small_suite(seeds=0, training={"steps": -1}, methods={"a/b": {}})
    with pytest.raises(SuiteError) as raised:
        load_suite(bad)
    assert str(raised.value).splitlines() == [
        "seeds: found 0; expected a number not less than 1 or a list",
        "methods.a/b: found 'a/b'; expected a name of 1 to 60 characters without '/' and line breaks",
        "training.steps: found -1; expected a number greater than 0",
    ]
    assert [problem.line for problem in raised.value.problems] == [None] * 3


def test_what_is_no_plain_value() -> None:
    with pytest.raises(SuiteError, match="found a set; expected plain values"):
        load_suite(small_suite(training={"steps": {1}}))


def test_budget_that_does_not_exist(write: WriteSuite) -> None:
    path = write(GOOD)
    with pytest.raises(SuiteError, match=r"x\.yaml: --budget: found 'smok'; expected 'smoke'$"):
        load_suite(path, budget="smok")
    with pytest.raises(SuiteError, match="--budget: found 'x'; expected none: the suite has no budgets"):
        load_suite(small_suite(), budget="x")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"training.stepz": 3}, "--set training.stepz: found unknown key 'training.stepz'; expected one of training.b"),
        ({"training": {"stepz": 3}}, "--set training stepz: found unknown key 'training.stepz'"),
        ({"training.steps": 0}, "--set training.steps: found 0; expected a number greater than 0"),
        ({"seeds": -1}, "--set seeds: found -1; expected a number not less than 1 or a list"),
        ({"metrics": ["x"]}, "--set metrics 0: found 'x'; expected one of "),
        ({"training.lr": float("nan")}, "--set training.lr: found nan; expected a finite number"),
        ({"divergence": "kl"}, "methods.js: found the same settings as method 'kl' on dataset 'ring'"),
        ({"family": "vae"}, "--set family: found 'family': the family of a method cannot be changed"),
    ],
)
def test_bad_settings_of_the_call(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SuiteError) as raised:
        load_suite(small_suite(), settings=settings)
    assert str(raised.value).startswith(message)
    assert len(raised.value.problems) == 1


@pytest.mark.parametrize(
    ("key", "near"), [("seed", "seeds"), ("metric", "metrics"), ("step", "training.steps"), ("steps", "training.steps")]
)
def test_unknown_keys_of_the_call_and_of_budgets(key: str, near: str) -> None:
    """Seeds and metrics can be set there, too, so they are among what is expected; no override can set them."""
    expected = "metrics, network.*, objective, posterior, resources.*, seeds, trained, training.*"
    for arguments in ({"settings": {key: 1}}, {"budget": "b"}):
        with pytest.raises(SuiteError) as raised:
            load_suite(small_suite(budgets={"b": {key: 1} if "budget" in arguments else {"seeds": 1}}), **arguments)
        assert expected in str(raised.value)
        assert str(raised.value).endswith(f"did you mean '{near}'?")
    with pytest.raises(SuiteError) as raised:
        load_suite(small_suite(overrides=[{"set": {key: 1}}]))
    assert "seeds" not in str(raised.value)
    with pytest.raises(SuiteError, match=r"^--set seeds.x: found unknown key 'seeds.x'; expected 'seeds'"):
        load_suite(small_suite(), settings={"seeds.x": 1})


def test_bad_seeds_of_the_call() -> None:
    with pytest.raises(SuiteError, match=r"^--seeds: found 0; expected a number not less than 1 or a list$"):
        load_suite(small_suite(), seeds=0)
    with pytest.raises(SuiteError, match=r"^--seeds: found"):
        load_suite(small_suite(), seeds=[1, 1])
