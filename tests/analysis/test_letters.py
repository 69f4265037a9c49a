"""Letters that methods share which the data cannot separate."""

from __future__ import annotations

from itertools import combinations

import networkx
import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.letters import mark_ties, share_letters
from bench.analysis.pairs import compare_methods
from bench.analysis.ranks import rank_methods
from bench.column import Column, Columns

NAMES = list("abcdef")
PAIRS = st.sets(st.sampled_from(list(combinations(NAMES, 2))))


def test_dallals_example() -> None:
    """G. E. Dallal, Little Handbook of Statistical Practice, "Similar": A apart from B, B from D; two marks suffice."""
    assert share_letters("ABCD", [("A", "B"), ("B", "D")]) == {"A": "a", "B": "b", "C": "ab", "D": "a"}


def test_the_example_of_emmeans() -> None:
    """R's emmeans, vignette "Re-engineering CLDs": lines under (trt1, ctrl) and (ctrl, trt3, trt2); trt4 alone."""
    order = ["trt1", "ctrl", "trt3", "trt2", "trt4"]
    apart = [("trt1", other) for other in order[2:]] + [(other, "trt4") for other in order[1:4]]
    assert share_letters(order, apart) == {"trt1": "a", "ctrl": "ab", "trt3": "b", "trt2": "b", "trt4": "c"}


@given(PAIRS)
def test_two_share_no_letter_exactly_where_they_are_apart(apart: set[tuple[str, str]]) -> None:
    letters = share_letters(NAMES, apart)
    for one, two in combinations(NAMES, 2):
        assert set(letters[one]).isdisjoint(letters[two]) == ((one, two) in apart)


@given(PAIRS)
def test_letters_are_the_largest_sets_without_a_difference(apart: set[tuple[str, str]]) -> None:
    graph = networkx.Graph(pair for pair in combinations(NAMES, 2) if pair not in apart)
    graph.add_nodes_from(NAMES)
    expected = {frozenset(clique) for clique in networkx.find_cliques(graph)}
    letters = share_letters(NAMES, apart)
    used = sorted({letter for text in letters.values() for letter in text})
    assert {frozenset(name for name in NAMES if letter in letters[name]) for letter in used} == expected
    assert used == NAMES[: len(expected)] or len(expected) > len(NAMES)


def test_more_letters_than_the_alphabet_has() -> None:
    names = [f"m{place:02}" for place in range(28)]
    letters = share_letters(names, combinations(names, 2))
    assert [letters[name] for name in names[25:]] == ["z", "a1", "b1"]
    assert share_letters([], []) == {}


def test_the_best_has_the_first_letter() -> None:
    random = np.random.default_rng(0)
    rows = [
        {"run_id": f"{name}{seed}", "dataset": "ring", "method": name, "seed": seed, "status": "done"}
        | {"score": random.normal(mean, 0.1)}
        for name, mean in (("poor", 0.0), ("good", 1.0), ("as good", 1.0))
        for seed in range(12)
    ]
    runs, columns = pd.DataFrame(rows), Columns.of([Column("score", "Score", "", better="higher")])
    pairs, ranks = compare_methods(runs, columns), rank_methods(runs, columns)
    ties = mark_ties(pairs, ranks).set_index("method")["letters"]
    assert ties.to_dict() == {"good": "a", "as good": "a", "poor": "b"}
    assert ties.index[-1] == "poor"
    assert mark_ties(pairs.iloc[:0], ranks).empty
