"""Wrong searches: every message with its line."""

from __future__ import annotations

import pytest

from bench.suite import SuiteError, load_suite
from tests.suite.samples import WriteSuite

GOOD = """\
name: good
seeds: 2
datasets: [ring]
methods:
  vae: {family: vae}
  js: {family: fgan, divergence: js}
metrics: [elbo, fid]
search:
  trials: 4
  metric: fid
  space:
    training.lr: {log: [0.001, 0.1]}
  methods:
    vae: {epsilon: {uniform: [0.1, 1.0]}}
budgets: {smoke: {training.steps: 20, search.trials: 2}}
"""

BAD = [
    # the old text, the new one, and the message after the file's name
    ("trials: 4", "trials: 0", "9:11: search.trials: found 0; expected a number greater than 0"),
    ("trials: 4", "trials: 20000", "9:11: search.trials: found 20000; expected a number not greater than 10000"),
    ("trials: 4", "trails: 4", "9:3: search.trails: found unknown key 'trails'; expected one of methods, metric, "),
    ("  metric: fid\n", "", "8:1: search.metric: found nothing; expected a value: it has no default"),
    ("metric: fid", "metric: fdi", "10:11: search.metric: found 'fdi'; expected one of "),
    ("metric: fid", "metric: fdi", "did you mean 'fid'?"),
    ("trials: 4", "trials: 4\n  rung: {steps: 1, keep: 0.5}", "10:17: search.rung.steps: found 1; expected a number "),
    ("trials: 4", "trials: 4\n  rung: {steps: 0.5}", "search.rung.keep: found nothing"),
    (
        "trials: 4",
        "trials: 4\n  sampler: tpe\n  rung: {steps: 0.5, keep: 0.5}",
        "search.rung: found a rung beside sampler 'tpe'; expected sampler: sobol, whose trials",
    ),
    ("metric: fid", "metric: fid_n", "10:11: search.metric: found 'fid_n'; expected a column with a better end"),
    ("metric: fid", "metric: div_jx", "10:11: search.metric: found 'div_jx'; expected one of "),
    (
        "metric: fid",
        "metric: modes_total",
        "10:11: search.metric: found 'modes_total'; expected a column with a better",
    ),
    ("metric: fid", "metric: fid\n  sampler: sbol", "11:12: search.sampler: found 'sbol'; expected one of sobol, tpe"),
    (
        "training.lr: {log: [0.001, 0.1]}",
        "training.rl: {log: [0.001, 0.1]}",
        "12:5: search.space.training.rl: found unknown key 'training.rl'; expected one of training.batch_size, ",
    ),
    (
        "training.lr: {log: [0.001, 0.1]}",
        "training.rl: {log: [0.001, 0.1]}",
        "did you mean 'training.lr'?",
    ),
    (
        "[0.001, 0.1]",
        "[0.1, 0.001]",
        "12:24: search.space.training.lr.log: found [0.1, 0.001]; expected two numbers, the",
    ),
    ("[0.001, 0.1]", "[0, 0.1]", "12:25: search.space.training.lr.log[0]: found 0; expected a number greater than 0"),
    ("[0.001, 0.1]", "[0.1]", "search.space.training.lr.log"),
    (
        "{log: [0.001, 0.1]}",
        "{lgo: [0.001, 0.1]}",
        "found unknown key 'lgo'; expected one of choice, integer, log, uniform",
    ),
    (
        "{log: [0.001, 0.1]}",
        "{}",
        "12:18: search.space.training.lr: found an empty mapping; expected one of the keys unif",
    ),
    (
        "{log: [0.001, 0.1]}",
        "{log: [0.001, 0.1], uniform: [0, 1]}",
        "12:18: search.space.training.lr: found a mapping; expected one of the keys uniform, log, integer, choice",
    ),
    (
        "{log: [0.001, 0.1]}",
        "{uniform: [-1, 1]}",
        "12:29: search.space.training.lr.uniform[0]: found -1.0; expected a number greater than 0",
    ),
    (
        "training.lr: {log: [0.001, 0.1]}",
        "training.optimizer: {choice: [adam, sdg]}",
        "12:41: search.space.training.optimizer.choice[1]: found 'sdg'; expected one of adam, rmsprop, sgd; did you "
        "mean 'sgd'?",
    ),
    (
        "training.lr: {log: [0.001, 0.1]}",
        "training.steps: {uniform: [1, 9]}",
        "12:32: search.space.training.steps.uniform[0]: found 1.0; expected a whole number",
    ),
    (
        "training.lr: {log: [0.001, 0.1]}",
        "epsilon: {log: [0.001, 0.1]}",
        "search.space: found no key that method 'js' has; expected one at the least for every method",
    ),
    (
        "training.lr: {log: [0.001, 0.1]}",
        "evaluation.samples: {integer: [100, 200]}",
        "12:5: search.space.evaluation.samples: found 'evaluation.samples': it says how a run is measured",
    ),
    (
        "    vae: {ep",
        "    vea: {ep",
        "14:5: search.methods.vea: found 'vea'; expected one of js, vae; did you mean 'vae'?",
    ),
    (
        "vae: {epsilon: {",
        "js: {epsilon: {",
        "14:10: search.methods.js.epsilon: found unknown key 'epsilon'; expected one of ",
    ),
    ("seeds: 2", "seeds: [1, 1000000003]", "2:8: seeds: found 1000000003; expected none from 1000000000 to 1000000003"),
    ("search.trials: 2", "search.trials: x", "15:54: budgets.smoke.search.trials: found 'x'; expected a whole number"),
    (
        "search.trials: 2",
        "search.seed: 2",
        "15:39: budgets.smoke.search.seed: found unknown key 'search.seed'; expected ",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD, ids=[f"{new[:40]}-{i}" for i, (_, new, _) in enumerate(BAD)])
def test_messages(write: WriteSuite, old: str, new: str, message: str) -> None:
    assert old in GOOD
    path = write(GOOD.replace(old, new, 1))
    with pytest.raises(SuiteError) as error:
        load_suite(path)
    assert message in str(error.value)
    assert str(error.value).startswith(f"{path}:")


def test_the_good_one(write: WriteSuite) -> None:
    load_suite(write(GOOD))


def test_trials_need_a_search(write: WriteSuite) -> None:
    text = GOOD[: GOOD.index("search:")] + GOOD[GOOD.index("budgets:") :]
    with pytest.raises(
        SuiteError, match=r"budgets\.smoke\.search\.trials: found 'search\.trials': the suite has no search"
    ):
        load_suite(write(text))
    with pytest.raises(SuiteError, match=r"--set search\.trials: found 'search\.trials': the suite has no search"):
        load_suite(write(text.replace(", search.trials: 2", "")), settings={"search.trials": 3})
