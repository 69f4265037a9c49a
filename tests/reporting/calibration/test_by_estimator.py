"""The report on a calibration: tables, figures and page."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from bench.reporting import render
from bench.reporting.calibration.by_estimator import build_content
from bench.reporting.calibration.figures import plot_coverage, plot_errors, plot_estimates, plot_times
from bench.reporting.calibration.frames import compare_estimates, select_runs
from bench.reporting.calibration.tables import DIMENSIONS, build_divergences, build_grid, build_overview
from bench.reporting.figures.style import assign_looks
from bench.reporting.page.sections import Frames
from bench.reporting.tables.references import describe_references
from tests.analysis.declared import COLUMNS, dictionary
from tests.reporting.calibration.calibrations import frame, grid, run

OFF = {"critic": 0.1, "knn": 0.4}
LOOKS = assign_looks(list(OFF))
SUITE = {"kind": "calibration", "name": "c", "title": "T", "estimators": {"knn": {}, "critic": {}}}
CURVES = pd.DataFrame(columns=["run_id", "step", "metric", "value"])
PICTURES = pd.DataFrame(columns=["run_id", "samples", "reference"])


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    return grid(OFF)


@pytest.fixture(scope="module")
def values(runs: pd.DataFrame) -> pd.DataFrame:
    told = compare_estimates(runs, COLUMNS)
    return told[told["points"] == 1000]


@pytest.fixture(scope="module")
def known(runs: pd.DataFrame) -> pd.DataFrame:
    told = select_runs(runs)
    return told[told["points"] == 1000]


def relative_rmse(off: float) -> float:
    """In per cent, of relative errors of 0.5 and −1.5 times `off`."""
    return 100 * off * math.sqrt((0.5**2 + 1.5**2) / 2)


def test_the_overview_judges_by_what_all_share(runs: pd.DataFrame) -> None:
    table = build_overview("x", compare_estimates(runs, COLUMNS), select_runs(runs), COLUMNS)
    assert [(row.label, row.aside, row.done, row.total) for row in table.rows] == [
        ("critic", "1,000", 36, 36),
        ("knn", "1,000", 36, 36),
        ("critic", "10,000", 36, 36),
        ("knn", "10,000", 36, 36),
    ]
    column = [header.column.name for header in table.headers].index("relative_rmse")
    cells = [row.cells[column] for row in table.rows]
    assert [cell.mean for cell in cells if cell] == pytest.approx([relative_rmse(off) for off in OFF.values()] * 2)
    assert "KL(P‖Q)." in table.notes[0]
    assert "JS" not in table.notes[0]


def test_the_best_of_a_divergence_is_marked(values: pd.DataFrame, known: pd.DataFrame) -> None:
    table = build_divergences("x", values, known, COLUMNS)
    assert [header.column.name for header in table.headers] == ["kl", "js", "pearson"]
    critic, knn = table.rows
    assert [cell is not None and cell.best for cell in critic.cells] == [True, False, False]
    assert [cell is None for cell in knn.cells] == [False, True, True]


def test_grids(values: pd.DataFrame, known: pd.DataFrame) -> None:
    table = build_grid("x", values, known, COLUMNS, "dimensions", DIMENSIONS)
    assert [header.column.label for header in table.headers] == ["d = 1", "d = 5", "d = 20"]
    assert [(row.aside, row.label) for row in table.rows] == [
        ("KL(P‖Q)", "critic"),
        ("KL(P‖Q)", "knn"),
        ("JS", "critic"),
        ("Pearson χ²", "critic"),
    ]
    assert table.rows[1].cells[2] is not None
    assert table.rows[1].cells[2].mean == pytest.approx(relative_rmse(0.4))


def test_lines_of_errors(values: pd.DataFrame) -> None:
    plot = plot_errors(values, LOOKS, COLUMNS)
    assert plot is not None
    assert [panel.title for panel in plot.panels] == ["KL(P‖Q) [%]", "JS [%]", "Pearson χ² [%]"]
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    lines = {line.get_color(): line for line in axes.lines}
    for name, off in OFF.items():
        line = lines[LOOKS[name].colour]
        assert list(line.get_xdata()) == [1, 5, 20]
        assert list(line.get_ydata()) == pytest.approx([relative_rmse(off)] * 3)


def test_dots_of_estimates_and_those_that_are_not_positive() -> None:
    rows = [run("knn", seed, values={"kl": (estimate, 0.1, 0.5)}, dimensions=d) for seed in (0, 1)
            for d, estimate in ((1, 0.4), (2, -3.0))]  # fmt: skip
    plot = plot_estimates(compare_estimates(frame(rows), COLUMNS), LOOKS, COLUMNS)
    assert plot is not None
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    dots = next(line for line in axes.lines if line.get_color() == LOOKS["knn"].colour)
    assert list(dots.get_xdata()) == [0.5, 0.5]
    heights = sorted(float(y) for y in dots.get_ydata())
    low, high = axes.get_ylim()
    assert low < heights[0] < 0.2
    assert heights[1] == pytest.approx(0.4)
    assert high > 0.5


def test_coverage_and_times(runs: pd.DataFrame, values: pd.DataFrame) -> None:
    """Errors are 0.5 or −1.5 times the bias, standard errors half of it: half of the estimates are within two."""
    plot = plot_coverage(values, LOOKS, COLUMNS)
    assert plot is not None
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    dots = [float(x) for line in axes.lines if line.get_marker() in "os" for x in line.get_xdata()]
    assert dots == pytest.approx([50.0] * 4)
    times = plot_times(select_runs(runs), LOOKS)
    assert times is not None
    axes = Figure().add_subplot()
    times.panels[0].draw(axes)
    assert [list(line.get_ydata()) for line in axes.lines] == [[1.0, 10.0]] * 2


def test_no_figures_without_anything_to_show() -> None:
    blind = compare_estimates(frame([run(values={"kl": (0.4, None, None)})]), COLUMNS)
    assert plot_errors(blind, LOOKS, COLUMNS) is None
    assert plot_estimates(blind, LOOKS, COLUMNS) is None
    assert plot_coverage(blind, LOOKS, COLUMNS) is None
    assert plot_times(select_runs(frame([run(status="failed", estimate_seconds=math.nan)])), LOOKS) is None


def test_the_sections_are_the_numbers_of_points(runs: pd.DataFrame) -> None:
    told = build_content(Frames(runs, CURVES, PICTURES, SUITE, columns=COLUMNS))
    assert [section.title for section in told.sections] == [
        "All sample sizes",
        "1,000 points on each side",
        "10,000 points on each side",
    ]
    assert list(told.looks) == ["knn", "critic"]
    assert told.paragraph.startswith("2 estimators (knn, critic) on 18 pairs of laws (")
    assert "1 to 20 dimensions" in told.paragraph
    assert told.paragraph.endswith("2 seeds: 144 of 144 runs finished.")
    assert len(told.summary) == 2 * (18 * 2 + 18 + 9)  # kl of both, js, and pearson, infinite for one of two sizes


def test_the_true_ratio_is_a_reference_and_competes_with_nothing(tmp_path: Path) -> None:
    """It comes last, whatever the suite's order, and is not the best though nothing is nearer."""
    exact = [run("truth", seed, knows="true_ratio", values={"kl": (0.5, 0.1, 0.5)}) for seed in (0, 1)]
    worse = [
        run(name, seed, values={"kl": (at, 0.1, 0.5)})
        for name, at in (("knn", 0.7), ("critic", 0.6))
        for seed in (0, 1)
    ]
    suite = SUITE | {"estimators": {"truth": {"estimator": "true_ratio"}, "knn": {}, "critic": {}}}
    told = build_content(Frames(frame([*exact, *worse]), CURVES, PICTURES, suite, columns=COLUMNS))
    assert list(told.looks) == ["knn", "critic", "truth"]
    assert "truth is the bound at the true log p/q of the same points" in told.guide
    tables = [block.table for section in told.sections for block in section.blocks if block.table]
    assert [row.label for row in tables[0].of_kind("reference")] == ["truth"]
    for table in tables:
        assert table.average == ""
        assert "truth is the bound at the true log p/q of the same points" in describe_references([table])
        assert "training examples" not in describe_references([table])
        marked = {row.label for row in table.rows for cell in row.cells if cell and cell.best}
        assert marked <= {"critic"}
    assert any(cell and cell.best for cell in tables[0].rows[1].cells)
    rendered = render(frame([*exact, *worse]), CURVES, PICTURES, suite, tmp_path / "report", columns=dictionary())
    assert "truth" in rendered.read_text(encoding="utf-8")
    without = build_content(Frames(frame(worse), CURVES, PICTURES, SUITE, columns=COLUMNS))
    assert "true log p/q" not in without.guide


def test_the_page(tmp_path: Path) -> None:
    some = grid(OFF, seeds=1, points=(1000,))
    failed = run("knn", 5, status="failed", error="knn: found points that coincide", estimate_seconds=math.nan)
    path = render(
        pd.concat([some, frame([failed])]), CURVES, PICTURES, SUITE, tmp_path / "report", columns=dictionary()
    )
    text = path.read_text(encoding="utf-8")
    assert "36 of 37 runs finished" in text
    assert "found points that coincide" in text
    assert {file.stem for file in (path.parent / "tables").glob("*.md")} >= {"All-sample-sizes-estimators"}
    cells = pd.read_csv(path.parent / "tables" / "summary.csv")
    assert {"estimator", "divergence", "shape", "dimensions", "size", "points", "rmse", "coverage"} <= set(
        cells.columns
    )


def test_a_page_without_runs(tmp_path: Path) -> None:
    path = render(frame([run()]).iloc[:0], CURVES, PICTURES, SUITE, tmp_path / "report", columns=dictionary())
    assert "no run of this suite has finished" in path.read_text(encoding="utf-8")
