"""Which layer wins: overrides, budget, settings of the call."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.suite import Suite, SuiteError, load_suite
from tests.suite.samples import no_data, small_suite

FAMILIES = {"vae": "vae", "kl": "fgan", "js": "fgan"}
KEYS = ("training.steps", "training.batch_size", "evaluation.samples", "network.latent", "resources.cpu")
VALUES = st.dictionaries(st.sampled_from(KEYS), st.integers(1, 9), min_size=1)


def names(*options: str) -> st.SearchStrategy[str | list[str]]:
    """One name, or a list of some."""
    return st.sampled_from(options) | st.lists(st.sampled_from(options), min_size=1, max_size=3, unique=True)


WHERE = st.fixed_dictionaries(
    {}, optional={"dataset": names("ring", "grid"), "method": names(*FAMILIES), "family": names("vae", "fgan")}
)


def allowed(condition: str | list[str]) -> list[str]:
    return [condition] if isinstance(condition, str) else condition


def applies(where: dict[str, Any], dataset: str, method: str) -> bool:
    names = {"dataset": dataset, "method": method, "family": FAMILIES[method]}
    return all(names[kind] in allowed(condition) for kind, condition in where.items())


def is_useful(override: dict[str, Any]) -> bool:
    return any(applies(override["where"], dataset, method) for dataset in ("ring", "grid") for method in FAMILIES)


OVERRIDE = st.fixed_dictionaries({"where": WHERE, "set": VALUES}).filter(is_useful)


def value_of(suite: Suite, dataset: str, method: str, key: str) -> Any:
    """What the resolved suite has there."""
    cell = next(cell for cell in suite.cells if (cell.dataset.label, cell.method) == (dataset, method))
    block, _, name = key.partition(".")
    return cell.settings["model"]["network"][name] if block == "network" else cell.settings[block][name]


@settings(max_examples=150, deadline=None)
@given(overrides=st.lists(OVERRIDE, max_size=5), budget=st.none() | VALUES, call=st.none() | VALUES)
def test_precedence(
    overrides: list[dict[str, Any]], budget: dict[str, int] | None, call: dict[str, int] | None
) -> None:
    """Against the rule written down directly: of all that apply, the call, else the budget, else the most specific."""
    raw = small_suite(overrides=overrides, budgets={} if budget is None else {"b": budget})
    suite = load_suite(raw, budget=None if budget is None else "b", settings=call)
    plain = load_suite(small_suite())
    for dataset in ("ring", "grid"):
        for method in FAMILIES:
            for key in KEYS:
                ranked = [
                    (len(override["where"]), place, override["set"][key])
                    for place, override in enumerate(overrides)
                    if key in override["set"] and applies(override["where"], dataset, method)
                ]
                expected = max(ranked)[2] if ranked else value_of(plain, dataset, method, key)
                for outer in (budget, call):
                    expected = (outer or {}).get(key, expected)
                assert value_of(suite, dataset, method, key) == expected


def test_dotted_and_nested_keys_mean_the_same() -> None:
    nested = [{"where": {"family": "vae"}, "set": {"network": {"latent": 3, "encoder": [4]}, "training": {"lr": 0.5}}}]
    dotted = [{"where": {"family": "vae"}, "set": {"network.latent": 3, "network.encoder": [4], "training.lr": 0.5}}]
    assert load_suite(small_suite(overrides=nested)).cells == load_suite(small_suite(overrides=dotted)).cells


def test_a_mapping_keeps_what_it_does_not_name() -> None:
    methods = {"vae": {"family": "vae", "network": {"latent": 7, "encoder": [5]}}}
    suite = load_suite(small_suite(methods=methods, overrides=[{"set": {"network": {"encoder": [6, 6]}}}]))
    assert suite.cells[0].settings["model"]["network"]["latent"] == 7
    assert suite.cells[0].settings["model"]["network"]["encoder"] == [6, 6]


def test_an_empty_mapping_goes_back_to_the_defaults() -> None:
    methods = {"vae": {"family": "vae", "network": {"latent": 7}}}
    suite = load_suite(small_suite(methods=methods, overrides=[{"set": {"network": {}}}]))
    assert suite.cells[0].settings["model"]["network"]["latent"] == 16


def test_conditions_on_a_dataset_go_by_its_label() -> None:
    suite = load_suite(
        small_suite(
            datasets=["ring", {"name": "ring", "modes": 12}],
            overrides=[{"where": {"dataset": "ring(modes=12)"}, "set": {"training.steps": 5}}],
        )
    )
    assert [cell.training.steps for cell in suite.cells] == [100] * 3 + [5] * 3


@pytest.mark.parametrize("layer", ["budget", "call"])
def test_a_factor_is_set_where_it_exists(layer: str) -> None:
    values = {"epsilon": 0.5, "critic_steps": 3, "network": {"encoder": [4], "generator": [5]}}
    budgets = {"b": values} if layer == "budget" else {}
    suite = load_suite(
        small_suite(budgets=budgets),
        budget="b" if layer == "budget" else None,
        settings=values if layer == "call" else None,
    )
    vae, kl = suite.cells[0].settings["model"], suite.cells[1].settings["model"]
    assert (vae["epsilon"], vae["network"]["encoder"]) == (0.5, [4])
    assert (kl["critic_steps"], kl["network"]["generator"]) == (3, [5])


def test_datasets_of_layers() -> None:
    """A budget or the call takes some of the suite's datasets; figures of others are not printed then."""
    figures = [{"source": "x", "dataset": name, "metric": "fid", "value": 1.0} for name in ("ring", "grid")]
    raw = small_suite(
        datasets=["ring", "grid", {"name": "ring", "modes": 3}],
        budgets={"b": {"datasets": ["grid", {"name": "ring", "modes": 3}]}},
        overrides=[{"where": {"dataset": "ring"}, "set": {"training.steps": 7}}],
        published=[*figures, {"source": "x", "metric": "fid", "value": 2.0}],
    )
    small = load_suite(raw, budget="b")
    assert [entry.label for entry in load_suite(raw).datasets] == ["ring", "grid", "ring(modes=3)"]
    assert [entry.label for entry in small.datasets] == ["grid", "ring(modes=3)"]
    assert [figure.dataset for figure in small.published] == ["grid", None]
    assert load_suite(small.to_plain()).runs(no_data) == small.runs(no_data)
    called = load_suite(raw, budget="b", settings={"datasets": ["ring"]})
    assert [entry.label for entry in called.datasets] == ["ring"]
    assert {cell.training.steps for cell in called.cells} == {7}
    with pytest.raises(SuiteError, match=r"^--set datasets 0: found 'rign'; expected one of grid, ring"):
        load_suite(raw, settings={"datasets": ["rign"]})


def test_seeds_and_metrics_of_layers() -> None:
    raw = small_suite(budgets={"b": {"seeds": [7], "metrics": ["fid"]}})
    plain, small = load_suite(raw), load_suite(raw, budget="b")
    assert (plain.seeds, plain.metrics) == ((0, 1), ("elbo", "fid"))
    assert (small.seeds, small.metrics) == ((7,), ("fid",))
    called = load_suite(raw, budget="b", settings={"seeds": 3, "metrics": ["elbo"]})
    assert (called.seeds, called.metrics) == ((0, 1, 2), ("elbo",))
    assert load_suite(raw, budget="b", seeds=[5, 4], settings={"seeds": 3}).seeds == (5, 4)
    assert load_suite(raw, seeds=4).seeds == (0, 1, 2, 3)
