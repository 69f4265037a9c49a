"""Notes of a suite, and what a budget leaves of its training."""

from __future__ import annotations

from bench.suite import ModelSuite, load_suite
from bench.suite.models.budget_note import describe_budget
from tests.suite.samples import small_suite

BUDGETS = {"short": {"training.steps": 250}, "same": {"seeds": 1}, "thin": {"training.batch_size": 16}}


def load(budget: str | None, **changes: object) -> ModelSuite:
    training = {"steps": 1000, "batch_size": 64}
    suite = load_suite(small_suite(training=training, budgets=BUDGETS, **changes), budget=budget)
    assert isinstance(suite, ModelSuite)
    return suite


def test_a_budget_says_what_it_leaves() -> None:
    assert load("short").budget_note.startswith(
        "Budget short: 25 % of the suite's training steps, 25 % of its training"
    )
    assert load("thin").budget_note.startswith("Budget thin: 100 % of the suite's training steps, 25 % of its training")
    assert (load("same").budget_note, load(None).budget_note) == ("", "")


def test_shares_that_differ_are_a_range() -> None:
    overrides = [{"where": {"method": "vae"}, "set": {"training.steps": 2000}}]
    assert "12.5 to 25 % of the suite's training steps" in load("short", overrides=overrides).budget_note


def test_the_resolved_suite_says_it_too() -> None:
    suite = load("short", notes=["What agrees.", "What does not."])
    again = load_suite(suite.to_plain())
    assert isinstance(again, ModelSuite)
    assert again.budget_note == suite.budget_note
    assert again.notes == ("What agrees.", "What does not.")
    assert "notes" not in load(None).to_plain()


def test_other_datasets_than_the_suites_are_left_out() -> None:
    assert describe_budget("b", (), load("short").cells) == ""
