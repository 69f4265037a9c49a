"""The train × test matrix as a table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.published import PublishedFigure
from bench.reporting.tables import matrix
from bench.reporting.tables.arranging import split_bands
from bench.reporting.tables.cells import Row, Table
from bench.reporting.tables.export import to_frame, to_latex, to_markdown
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting import synthetic
from tests.reporting.tables.test_building import table_of

INF = math.inf


def square(values: dict[str, dict[str, float | None]], suffix: str = "") -> pd.DataFrame:
    """Runs of f-GANs trained on the key (none where it begins with `vae`), with estimates of the given divergences."""
    return frame([
        {"method": name, "divergence": None if name.startswith("vae") else name.split()[0]}
        | {f"div_{test}{suffix}": value for test, value in row.items()}
        for name, row in values.items()
    ])  # fmt: skip


def made(runs: pd.DataFrame, published: tuple[PublishedFigure, ...] = ()) -> Table:
    table = matrix.select_estimates(table_of(runs, published=published), COLUMNS)
    assert table is not None
    return table


def row(table: Table, label: str) -> Row:
    return next(row for row in table.rows if row.label == label)


def test_every_method_and_every_divergence_is_in_it(runs: pd.DataFrame) -> None:
    table = made(runs)
    assert [row.label for row in table.of_kind("method")] == list(synthetic.METHODS)
    names = ["kl", "reverse_kl", "js", "gan", "jeffreys", "squared_hellinger"]
    assert [header.column.name for header in table.headers] == [f"div_{name}" for name in names]
    done = runs[(runs["dataset"] == "ring") & (runs["status"] == "done")]
    for method, mine in done.groupby("method"):
        cells = row(table, str(method)).cells
        assert [cell and (cell.mean, cell.std, cell.n) for cell in cells] == [
            (pytest.approx(mine[f"div_{name}"].mean()), pytest.approx(mine[f"div_{name}"].std()), len(mine))
            for name in names
        ]


def test_the_diagonal_is_known_and_the_best_is_marked(runs: pd.DataFrame) -> None:
    table = made(runs)
    own = {(row.label, h.column.divergence) for row in table.of_kind("method") for h in table.headers if row.owns(h)}
    assert own == {(name, name) for name in ("kl", "reverse_kl", "js", "gan")}
    best = {h.column.divergence: r.label for r in table.rows for h, c in zip(table.headers, r.cells, strict=True)
            if c is not None and c.best}  # fmt: skip
    assert set(best) == {h.column.divergence for h in table.headers}
    assert [(row.label, row.aside) for row in table.of_kind("method")] == [
        ("vae", ""), ("kl", "KL(P‖Q)"), ("reverse_kl", "KL(Q‖P)"), ("js", "JS"), ("gan", "GAN")
    ]  # fmt: skip


def test_without_estimates_there_is_none() -> None:
    table = table_of(frame([{"fid": 1.0}]))
    assert matrix.select_estimates(table, COLUMNS) is None
    assert matrix.select_exact(table, COLUMNS) is None


def test_one_seed_has_no_spread_and_a_failed_method_no_figures() -> None:
    runs = square({"kl": {"kl": 0.5}, "js": {"kl": 0.7}})
    runs.loc[1, "status"] = "failed"
    table = made(runs)
    (cell,) = row(table, "kl").cells
    assert cell is not None
    assert cell.texts == ("0.500", "—")
    assert row(table, "js").cells == (None,)
    assert (row(table, "js").done, row(table, "js").outcome_text) == (0, "1 failed")


def test_a_planned_method_that_was_not_run_has_its_divergence(runs: pd.DataFrame) -> None:
    from bench.analysis.statistics import count_outcomes, summarise
    from bench.analysis.variants import identify_runs
    from bench.reporting.tables.building import build

    few = runs[runs["method"] != "js"]
    table = matrix.select_estimates(
        build("ring", summarise(few, COLUMNS), count_outcomes(identify_runs(few), synthetic.suite()), (), COLUMNS),
        COLUMNS,
    )
    assert table is not None
    missing = row(table, "js")
    assert (missing.aside, missing.outcome_text, set(missing.cells)) == ("JS", "3 not run", {None})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"kl": {"kl": 1.0, "js": 2.0}, "js": {"kl": 2.0, "js": 1.0}}, (2, 2)),
        ({"kl": {"kl": 1.0, "js": 0.5}, "js": {"kl": 2.0, "js": 1.0}}, (1, 2)),
        ({"kl": {"kl": 1.0}, "js": {"kl": 1.0}}, (1, 1)),
        ({"kl": {"kl": 1.0, "pearson": 1.0}, "js": {"kl": 2.0, "pearson": 2.0}}, (1, 1)),
        ({"kl": {"kl": 1.0}, "vae": {"kl": 0.1}}, (0, 0)),
        ({"kl": {"kl": 1.0}, "js": {"kl": 2.0}, "vae": {"kl": 0.1}}, (1, 1)),
        ({"kl": {"kl": 1.0}, "js": {"kl": None, "js": 2.0}}, (0, 0)),
        ({"kl": {"kl": INF}, "js": {"kl": 3.0}}, (0, 1)),
        ({"kl": {"kl": INF}, "js": {"kl": INF}}, (0, 0)),
        ({"kl": {"kl": 3.0}, "kl again": {"kl": 1.0}, "js": {"kl": 2.0}}, (1, 1)),
        ({"gan": {"gan": -1.3}, "kl": {"gan": -1.2}}, (1, 1)),
        ({"alpha(0.3)": {"alpha(0.3)": 0.1}, "kl": {"alpha(0.3)": 0.2}}, (1, 1)),
    ],
)
def test_the_diagonal_is_counted_among_fgans(
    values: dict[str, dict[str, float | None]], expected: tuple[int, int]
) -> None:
    table = made(square(values))
    assert matrix.count_diagonal(table) == expected
    told = [note for note in table.notes if "Nowozin" in note]
    assert len(told) == bool(expected[1])
    if told:
        assert told[0].endswith(f"in {expected[0]} of {expected[1]} column{'s' * (expected[1] > 1)}.")


def test_without_fgans_nothing_is_said_of_training() -> None:
    table = made(square({"vae": {"kl": 1.0}, "vae 2": {"kl": 2.0}}))
    assert (table.aside, table.notes, table.marks_own) == ("", (), False)


def test_spread_noise_is_told(runs: pd.DataFrame) -> None:
    whole = table_of(runs, "digits")
    table = matrix.select_estimates(whole, COLUMNS)
    assert table is not None
    assert "N(0, s²I), s = 0.1." in table.notes[0]
    assert "divergence_spread" not in [header.column.name for header in table.headers]
    assert matrix.describe_spread(table_of(runs)) == ()


def test_exact_values_are_a_matrix_of_their_own(runs: pd.DataFrame) -> None:
    table = matrix.select_exact(table_of(runs), COLUMNS)
    assert table is not None
    assert [header.column.label for header in table.headers][:2] == ["KL(P‖Q)", "KL(Q‖P)"]
    assert row(table, "vae").cells == (None,) * 6
    infinite = row(table, "gan").cells[1]
    assert infinite is not None
    assert infinite.texts == ("∞", "")
    assert not infinite.best
    assert matrix.select_exact(table_of(runs, "digits"), COLUMNS) is None


def test_null_exact_values_are_left_out() -> None:
    runs = frame([{"method": "kl", "div_kl_exact": v} for v in (1.0, None, 3.0)])
    table = matrix.select_exact(table_of(runs), COLUMNS)
    assert table is not None
    (cell,) = table.rows[0].cells
    assert cell is not None
    assert (cell.mean, cell.n) == (2.0, 2)
    assert matrix.select_exact(table_of(frame([{"div_kl": 1.0, "div_kl_exact": None}])), COLUMNS) is None


def test_one_infinite_seed_makes_the_mean_infinite() -> None:
    runs = frame([{"method": "kl", "div_kl_exact": v} for v in (1.0, INF)])
    table = matrix.select_exact(table_of(runs), COLUMNS)
    assert table is not None
    assert [cell.texts for cell in table.rows[0].cells if cell] == [("∞", "")]


def test_published_figures_stand_beside_ours(runs: pd.DataFrame) -> None:
    published = tuple(PublishedFigure(source="paper", metric=f"div_{name}", value=value, method="kl")
                      for name, value in (("kl", 0.2808), ("js", 0.1314), ("kl_exact", 0.2831)))  # fmt: skip
    table = made(runs, published)
    (theirs,) = table.of_kind("published")
    assert [cell and cell.texts[0] for cell in theirs.cells] == ["0.2808", None, "0.1314", None, None, None]
    assert theirs.owns(table.headers[0])
    exact = matrix.select_exact(table_of(runs, published=published), COLUMNS)
    assert exact is not None
    (theirs,) = exact.of_kind("published")
    assert [cell.mean for cell in theirs.cells if cell] == [0.2831]


def test_estimates_of_other_protocols_are_other_columns() -> None:
    rows: list[dict[str, Any]] = [
        {
            "method": m,
            "divergence": "kl",
            "div_kl": 1.0,
            "divergence_spread": s,
            "protocol_divergences": "divergences/1",
        }
        for m, s in (("a", 0.1), ("b", 0.2))
    ]
    table = made(frame(rows))
    assert [header.shown for header in table.headers] == ["divergences/1 · s = 0.1", "divergences/1 · s = 0.2"]
    assert [[cell is not None for cell in row.cells] for row in table.rows] == [[True, False], [False, True]]
    assert "s = 0.1, 0.2." in table.notes[0]


def test_files_mark_the_diagonal(runs: pd.DataFrame) -> None:
    table = made(runs)
    text = to_markdown(table)
    assert text.startswith("## ring: divergences estimated after training\n")
    assert text.count("†") == 4 + 1
    assert "| Trained on" in text
    assert to_latex(table).count(r"$^\dagger$") == 4 + 1
    assert r"\label{tab:ring-train-test-1}" in to_latex(table)
    assert to_frame(table).set_index("method")["trained_on"].to_dict()["gan"] == "gan"


def test_thirty_methods_by_twelve_divergences_stay_in_bands() -> None:
    rng = np.random.default_rng(0)
    names = [*"abcdefghijk", "alpha(0.3)"]
    runs = square({f"{names[i % 12]} {i}": {name: rng.random() for name in names} for i in range(30)})
    table = made(runs)
    assert [len(band.headers) for band in split_bands(table)] == [6, 6]
    latex = to_latex(table)
    assert latex.count(r"\begin{tabular}{lllrrrrrr}") == 2
    assert matrix.count_diagonal(table)[1] == 12
