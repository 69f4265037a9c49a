"""Calibration suites: what they expand to, their layers, and what can be wrong with them."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.calibration import SHAPES as SHAPE_REGISTRY
from bench.divergences import DIVERGENCES
from bench.metrics import ESTIMATORS as ESTIMATOR_REGISTRY
from bench.suite import CalibrationSuite, SuiteError, load_suite, trial_settings
from tests.registries import restored
from tests.suite.reading.test_document import PLAIN
from tests.suite.samples import WriteSuite, dump_suite
from tests.suite.test_robustness import LIKELY, paths

PLUGIN = Path(__file__).parents[2] / "calibration" / "plugin.py"


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    with restored():
        yield


def small(**changes: object) -> dict[str, Any]:
    """A valid calibration suite as a mapping, with top-level keys replaced."""
    suite: dict[str, Any] = {
        "kind": "calibration",
        "name": "small",
        "seeds": 2,
        "estimators": {"cross_fitted_critic": {}, "neighbours": {"estimator": "knn"}},
        "pairs": {"shapes": ["shifted", "correlated"], "dimensions": [1, 3], "sizes": [0.5]},
        "samples": [1000, 200],
    }
    return suite | changes


def load(*arguments: Any, **options: Any) -> CalibrationSuite:
    suite = load_suite(*arguments, **options)
    assert isinstance(suite, CalibrationSuite)
    return suite


def test_order_of_runs() -> None:
    """Pairs outermost, seeds innermost; there is no correlation in one dimension."""
    runs = load(small()).runs()
    assert [(run.dataset, run.method, run.seed) for run in runs] == [
        (f"{pair} kl=0.5 n={n}", label, seed)
        for pair in ("shifted d=1", "shifted d=3", "correlated d=3")
        for n in (1000, 200)
        for label in ("cross_fitted_critic", "neighbours")
        for seed in (0, 1)
    ]
    assert len({run.run_id for run in runs}) == len(runs)
    assert len({run.cohort_key for run in runs}) == len(runs) // 2


def test_a_run_holds_everything() -> None:
    run = load(small(seeds=[7], resources={"cpu": 2})).runs()[1]
    assert (run.suite, run.method, run.estimator, run.seed) == ("small", "neighbours", "knn", 7)
    assert (run.pair.shape, run.pair.dimensions, run.pair.size, run.points) == ("shifted", 1, 0.5, 1000)
    assert run.protocols == {"estimator": "knn/1", "pairs": "pairs/1"}
    assert (run.family, run.divergence, run.steps) == ("estimator", None, 1)
    assert (run.resources.cpu, run.resources.gpu, run.resources.cohort) == (2, 0, 1)
    assert type(run).model_validate_json(run.model_dump_json()) == run


def test_an_estimator_is_asked_for_what_it_can_estimate() -> None:
    runs = {run.method: run for run in load(small()).runs()}
    assert runs["cross_fitted_critic"].divergences == tuple(DIVERGENCES)
    assert set(runs["neighbours"].divergences) == {"kl", "reverse_kl", "jeffreys"}
    named = load(small(divergences=["js", "alpha(.5)", "kl"])).runs()
    assert named[0].divergences == ("js", "alpha(0.5)", "kl")
    assert named[2].divergences == ("kl",)


def test_bijections_and_tasks() -> None:
    """Bijections innermost, tasks last; none where it needs more dimensions; mutual information of tasks alone."""
    pairs = {"shapes": ["shifted"], "dimensions": [1, 3], "sizes": [0.5], "bijections": ["none", "spiral"],
             "tasks": ["1v1-additive-0.1"]}  # fmt: skip
    suite = load(small(pairs=pairs, samples=[200], seeds=1, estimators={"knn": {}, "bmi_ksg": {}}))
    assert [(run.dataset, run.method) for run in suite.runs()] == [
        ("shifted d=1 kl=0.5 n=200", "knn"),
        ("shifted d=3 kl=0.5 n=200", "knn"),
        ("spiral of shifted d=3 kl=0.5 n=200", "knn"),
        ("1v1-additive-0.1 d=2 kl=1.709437912 n=200", "knn"),
        ("1v1-additive-0.1 d=2 kl=1.709437912 n=200", "bmi_ksg"),
    ]
    left = [{"bijection": "spiral"}, {"shape": "1v1-additive-0.1", "estimator": "bmi_ksg"}, {"dimensions": 1}]
    kept = load(small(pairs=pairs, samples=[200], seeds=1, estimators={"knn": {}, "bmi_ksg": {}}, exclude=left)).runs()
    assert [run.dataset for run in kept] == [suite.runs()[1].dataset, suite.runs()[3].dataset]
    assert load(suite.to_plain()).runs() == suite.runs()


def test_a_collection_stands_for_its_tasks() -> None:
    suite = load(small(pairs={"tasks": ["beyond_normal"]}, samples=[200], seeds=1))
    assert len({run.pair for run in suite.runs()}) == 40
    assert len(suite.to_plain()["pairs"]["tasks"]) == 40
    assert load(suite.to_plain()).runs() == suite.runs()


def test_sizes_of_laws_without_a_finite_kl() -> None:
    pairs = {"shapes": ["partial_overlap"], "dimensions": [2], "sizes": [2.0]}
    (run, *_) = load(small(pairs=pairs)).runs()
    assert (run.pair.measure, run.dataset) == ("renyi", "partial_overlap d=2 renyi=2.0 n=1000")


def test_efforts() -> None:
    """An estimator under two efforts is two; that of old runs is quick, and leaves no trace in their ids."""
    estimators = {"quick": {"estimator": "cross_fitted_critic"},
                  "thorough": {"estimator": "cross_fitted_critic", "effort": "thorough"}}  # fmt: skip
    suite = load(small(estimators=estimators))
    runs = {run.method: run for run in suite.runs()}
    assert {label: run.effort for label, run in runs.items()} == {"quick": "quick", "thorough": "thorough"}
    plain = {run.method: run for run in load(small()).runs()}
    assert runs["quick"].run_id == plain["cross_fitted_critic"].run_id != runs["thorough"].run_id
    assert load(suite.to_plain()).runs() == suite.runs()
    again = {"one": {"estimator": "knn", "effort": "thorough"}, "other": {"estimator": "knn", "effort": "thorough"}}
    with pytest.raises(SuiteError, match=r"estimators.other: found the same settings as estimator 'one'"):
        load(small(estimators=again))


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ({"shapes": ["shifted"]}, r"pairs: found a mapping; expected values of dimensions, sizes too, or tasks alone"),
        ({"bijections": ["exp"], "tasks": ["beyond_normal"]}, r"expected values of shapes, dimensions, sizes too"),
        ({}, r"pairs: found an empty mapping; expected values of shapes, dimensions, sizes too, or tasks alone"),
        ({"tasks": ["beyond_norma"]}, r"pairs.tasks\[0\]: found 'beyond_norma'; expected one of "),
        ({"tasks": []}, r"pairs.tasks: found an empty list; expected at least 1 entry"),
    ],
)
def test_pairs_that_are_none(pairs: dict[str, Any], message: str) -> None:
    with pytest.raises(SuiteError, match=message):
        load(small(pairs=pairs))


def test_exclusions() -> None:
    left = load(small(exclude=[{"estimator": "neighbours", "samples": [1000]}, {"shape": "shifted", "dimensions": 3}]))
    kept = [(run.method, run.points, run.pair.shape, run.pair.dimensions) for run in left.runs()]
    everything = [(run.method, run.points, run.pair.shape, run.pair.dimensions) for run in load(small()).runs()]
    assert kept == [
        (method, points, shape, d)
        for method, points, shape, d in everything
        if not (method == "neighbours" and points == 1000) and not (shape == "shifted" and d == 3)
    ]


def test_labels_and_resources_decide_nothing() -> None:
    one = load(small())
    estimators = {"a": {"estimator": "cross_fitted_critic"}, "b": {"estimator": "knn"}}
    other = load(small(name="other", title="T", estimators=estimators, resources={"cpu": 4}))
    assert [run.run_id for run in one.runs()] == [run.run_id for run in other.runs()]


def test_layers() -> None:
    budgets = {
        "b": {
            "seeds": [5],
            "samples": [300],
            "pairs": {"dimensions": [2]},
            "exclude": [{"shape": "correlated"}],
            "estimators": {"per_divergence_critics": {}},
        }
    }
    raw = small(budgets=budgets)
    plain, budget = load(raw), load(raw, budget="b")
    assert (plain.samples, plain.pairs.dimensions, plain.seeds) == ((1000, 200), (1, 3), (0, 1))
    assert (budget.samples, budget.pairs.dimensions, budget.seeds) == ((300,), (2,), (5,))
    assert budget.pairs.sizes == (0.5,)
    assert list(budget.estimators) == ["cross_fitted_critic", "neighbours", "per_divergence_critics"]
    assert {run.pair.shape for run in budget.runs()} == {"shifted"}
    called = load(raw, budget="b", seeds=3, settings={"samples": [500], "pairs.sizes": [1], "resources.cpu": 2})
    assert (called.samples, called.pairs.sizes, called.seeds) == ((500,), (1.0,), (0, 1, 2))
    assert called.pairs.dimensions == (2,)
    assert called.resources.cpu == 2
    assert load(raw, settings={"seeds": 4}, seeds=[9]).seeds == (9,)


NUMBERS = {
    "seeds": st.integers(1, 3) | st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=3, unique=True),
    "samples": st.lists(st.integers(100, 10**6), min_size=1, max_size=3, unique=True),
    "divergences": st.lists(st.sampled_from(["kl", "reverse_kl", "js", "alpha(0.3)"]), min_size=1, unique=True)
    .map(sorted)
    .filter(lambda names: {"kl", "reverse_kl"} & set(names)),
    "resources": st.fixed_dictionaries({}, optional={"cpu": st.integers(1, 8), "gpu": st.floats(0, 1)}),
    "title": st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=10),
    "exclude": st.just([{"estimator": "neighbours", "dimensions": [3], "size": 0.5}]),
}


@given(st.fixed_dictionaries({}, optional=NUMBERS), st.sampled_from([None, "b"]))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, changes: dict[str, Any], budget: str | None) -> None:
    budgets = {"b": {"seeds": 1, "pairs.sizes": [0.05, 0.5, 3]}}
    suite = load(small(**changes, budgets=budgets), budget=budget)
    again = load(dump_suite(suite, tmp_path_factory.getbasetemp() / "calibration.yaml"))
    assert again.runs() == suite.runs()
    assert [run.run_id for run in again.runs()] == [run.run_id for run in suite.runs()]
    assert again.to_plain() == suite.to_plain() == load(suite.to_plain()).to_plain()


def test_plugins_are_imported_before_names_are_looked_up(tmp_path: Path) -> None:
    raw = small(
        estimators={"plug_in": {}},
        pairs={"shapes": ["peaked"], "dimensions": [1], "sizes": [1]},
        plugins=[str(PLUGIN)],
    )
    suite = load(raw)
    source = str(ESTIMATOR_REGISTRY.source("plug_in"))
    assert {run.protocols["estimator"] for run in suite.runs()} == {f"plug_in/3@{source[:8]}"}
    assert {run.sources["shape"] for run in suite.runs()} == {SHAPE_REGISTRY.source("peaked")}
    assert load(dump_suite(suite, tmp_path / "a" / "suite.yaml")).plugins == (PLUGIN.resolve(),)
    with pytest.raises(SuiteError, match=r"^plugins\[0\]: found 'none.py': there is no such file"):
        load(raw | {"plugins": ["none.py"]})


def test_a_trial_is_small() -> None:
    suite = load(small(), seeds=1, settings=dict(trial_settings(small())))
    assert {(run.points, run.pair.dimensions) for run in suite.runs()} == {(100, 1), (100, 2)}


GOOD = """\
kind: calibration
name: good
seeds: 2
estimators:
  knn: {}
  critics: {estimator: cross_fitted_critic}
pairs:
  shapes: [shifted, scaled]
  dimensions: [1, 2]
  sizes: [0.5]
samples: [1000]
divergences: [kl, js]
exclude:
  - {estimator: knn, dimensions: 2}
budgets: {smoke: {samples: [200], seeds: 1}}
"""
ESTIMATORS = f"expected one of {', '.join(sorted(ESTIMATOR_REGISTRY))}"
SHAPES = f"expected one of {', '.join(sorted(SHAPE_REGISTRY))}"

BAD = [
    # the old text, the new text, and the message after the file's name
    ("calibration", "calibratoin", "1:7: kind: found 'calibratoin'; expected one of calibration, models; did you mean"),
    ("kind: calibration", "kind: 3", "1:7: kind: found 3; expected one of calibration, models"),
    ("shifted,", "shfted,", f"8:12: pairs.shapes[0]: found 'shfted'; {SHAPES}; did you mean 'shifted'?"),
    ("[shifted, scaled]", "[]", "8:11: pairs.shapes: found an empty list; expected at least 1 entry"),
    ("[shifted, scaled]", "[scaled, scaled]", "8:11: pairs.shapes: found ['scaled', 'scaled']; expected a list that "),
    (
        "dimensions: [1, 2]",
        "dimensions: [0, 2]",
        "9:16: pairs.dimensions[0]: found 0; expected a number greater than 0",
    ),
    ("dimensions: [1, 2]", "dimensions: 2", "9:15: pairs.dimensions: found 2; expected a list"),
    ("[0.5]", "[-0.5]", "10:11: pairs.sizes[0]: found -0.5; expected a number greater than 0"),
    (
        "sizes:",
        "size:",
        "10:3: pairs.size: found unknown key 'size'; expected one of bijections, dimensions, shapes, sizes, tasks; did",
    ),
    ("[1000]", "[10]", "11:11: samples[0]: found 10; expected a number not less than 100"),
    ("[1000]", "1000", "11:10: samples: found 1000; expected a list"),
    ("[kl, js]", "[kl, jss]", "12:19: divergences[1]: found 'jss'; expected one of "),
    ("[kl, js]", "[js]", "5:3: estimators.knn: found 'knn', which can estimate kl, reverse_kl, jeffreys, none of the"),
    (
        "[kl, js]",
        "[kl, alpha(x)]",
        "12:19: divergences[1]: found 'alpha(x)': divergence 'alpha(x)': found parameter 'x'",
    ),
    ("  knn: {}", "  kn: {}", f"5:3: estimators.kn: found 'kn'; {ESTIMATORS}"),
    (
        "cross_fitted_critic}",
        "cross_fitted}",
        f"6:24: estimators.critics.estimator: found 'cross_fitted'; {ESTIMATORS}",
    ),
    (
        "cross_fitted_critic}",
        "knn}",
        "6:3: estimators.critics: found the same settings as estimator 'knn'; expected est",
    ),
    ("estimator: cross", "estimater: cross", "6:13: estimators.critics.estimater: found unknown key 'estimater'; exp"),
    ("dimensions: 2}", "dimensions: 5}", "14:34: exclude[0].dimensions: found 5; expected one of 1, 2"),
    (
        "estimator: knn,",
        "estimator: knnn,",
        "14:17: exclude[0].estimator: found 'knnn'; expected one of critics, knn; ",
    ),
    ("estimator: knn, dimensions: 2", "", "14:5: exclude[0]: found an empty mapping; expected at least one condition"),
    (
        "{samples: [200],",
        "{sample: [200],",
        "15:19: budgets.smoke.sample: found unknown key 'sample'; expected one of ",
    ),
    (
        "{samples: [200],",
        "{samples: [20],",
        "15:29: budgets.smoke.samples[0]: found 20; expected a number not less than",
    ),
    ("{samples: [200],", "{name: x,", "15:19: budgets.smoke.name: found unknown key 'name'; expected one of "),
    ("{samples: [200],", "{pairs.shapes: [x],", "15:34: budgets.smoke.pairs.shapes[0]: found 'x'; expected one of "),
    ("seeds: 1}", "seeds: 0}", "15:42: budgets.smoke.seeds: found 0; expected a number not less than 1 or a list"),
    ("seeds: 2", "seed: 2", "3:1: seed: found unknown key 'seed'; expected one of name, title, seeds, kind, "),
    (
        "pairs:\n",
        "resources: {cohort: 2}\npairs:\n",
        "7:13: resources.cohort: found unknown key 'cohort'; expected one of",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD)
def test_one_fault_gives_one_line(write: WriteSuite, old: str, new: str, message: str) -> None:
    assert GOOD.count(old) == 1
    path = write(GOOD.replace(old, new))
    with pytest.raises(SuiteError) as raised:
        load_suite(path)
    lines = [line.removeprefix(f"{path}:") for line in str(raised.value).splitlines()]
    assert any(line.startswith(message) for line in lines), lines
    # a key under a wrong name is missing, too, and a name that is wrong where it is defined is unknown where it is used
    assert len(lines) == (2 if new in ("seed: 2", "  kn: {}") else 1), lines


def test_all_faults_at_once(write: WriteSuite) -> None:
    text = GOOD
    for old, new in [("shifted,", "x,"), ("[0.5]", "[0]"), ("[1000]", "[1]"), ("seeds: 1}", "seeds: many}")]:
        text = text.replace(old, new)
    with pytest.raises(SuiteError) as raised:
        load_suite(write(text))
    assert [problem.line for problem in raised.value.problems] == [8, 10, 11, 15]


def test_no_run_at_all() -> None:
    alone = small(pairs={"shapes": ["correlated"], "dimensions": [1], "sizes": [1]})
    with pytest.raises(SuiteError, match="pairs: found no run: each is left out or does not exist; expected at least"):
        load(alone)


def test_a_size_out_of_reach(write: WriteSuite) -> None:
    """KL of Laplace laws δ apart is δ + e^−δ − 1, and strengths are sought up to 64."""
    text = (
        GOOD.replace("[shifted, scaled]", "[shifted, peaked]").replace("[1, 2]", "[1]").replace("dimensions: 2}", "}")
    )
    path = write(text.replace("[0.5]", "[0.5, 65]") + f"plugins: [{PLUGIN}]\n")
    with pytest.raises(SuiteError) as raised:
        load_suite(path)
    (line,) = str(raised.value).splitlines()
    assert line.startswith(f"{path}:10:16: pairs.sizes[1]: found 65: shape 'peaked' in 1 dimensions: KL(P‖Q) does not ")
    with pytest.raises(SuiteError, match=r"x.yaml: --set pairs.sizes 0: found 70: shape 'peaked'"):
        load(write(text + f"plugins: [{PLUGIN}]\n"), settings={"pairs.sizes": [70]})


@pytest.mark.parametrize(
    ("assigned", "message"),
    [
        ({"sample": [200]}, "--set sample: found unknown key 'sample'; expected one of "),
        ({"samples": [20]}, "--set samples 0: found 20; expected a number not less than 100"),
        ({"pairs.dimensions": 2}, "--set pairs.dimensions: found 2; expected a list"),
        ({"training.steps": 2}, "--set training.steps: found unknown key 'training.steps'; expected one of "),
        ({"name": "x"}, "--set name: found unknown key 'name'"),
        (
            {"seed": 1},
            "--set seed: found unknown key 'seed'; expected one of divergences, estimators, exclude, pairs.*, "
            "resources.*, samples, seeds; did you mean 'seeds'?",
        ),
        ({"size": 1}, "--set size: found unknown key 'size'; expected one of "),
    ],
)
def test_bad_settings_of_the_call(assigned: dict[str, Any], message: str) -> None:
    with pytest.raises(SuiteError) as raised:
        load(small(), settings=assigned)
    assert str(raised.value).startswith(message)
    assert len(raised.value.problems) == 1


def test_bad_budgets_and_seeds_of_the_call() -> None:
    with pytest.raises(SuiteError, match=r"^--seeds: found 0; expected a number not less than 1 or a list$"):
        load(small(), seeds=0)
    with pytest.raises(SuiteError, match=r"^--budget: found 'x'; expected none: the suite has no budgets$"):
        load(small(), budget="x")


RICH = small(
    budgets={"b": {"seeds": 1, "pairs": {"sizes": [0.05]}, "exclude": [{"size": 0.5}]}},
    exclude=[{"estimator": ["neighbours"], "dimensions": 3}],
    divergences=["kl", "js"],
    resources={"cpu": 1},
    title="t",
)


@settings(max_examples=150)
@given(
    path=st.sampled_from(list(paths(RICH))),
    value=LIKELY | PLAIN,
    key=st.none() | st.sampled_from(["estimator", "pairs", "samples", "pairs.sizes", "kind", "", "budgets"]),
    budget=st.sampled_from([None, "b"]),
)
def test_any_value_anywhere(path: tuple[Any, ...], value: object, key: str | None, budget: str | None) -> None:
    """A value is replaced, or a key is added beside it: the answer is a suite or a message."""
    suite = copy.deepcopy(RICH)
    holder: Any = suite
    for part in path[:-1]:
        holder = holder[part]
    holder[key if key is not None and isinstance(holder, dict) else path[-1]] = value
    with contextlib.suppress(SuiteError):
        assert load_suite(suite, budget=budget).seeds
