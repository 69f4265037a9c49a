"""Tables and figures by task and by bijection."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.figure import Figure

from bench.reporting.calibration.by_estimator import build_content
from bench.reporting.calibration.frames import compare_estimates, is_within, measure_accuracy, select_runs
from bench.reporting.calibration.tables import BIJECTIONS, build_grid
from bench.reporting.calibration.tasks import TASKS, build_tasks, plot_tasks
from bench.reporting.figures.style import assign_looks
from bench.reporting.page.sections import Frames
from tests.analysis.declared import COLUMNS
from tests.reporting.calibration.calibrations import frame, run

SHAPES = ["shifted"]
SUITE = {"kind": "calibration", "name": "c", "title": "T", "estimators": {"knn": {}, "ksg": {}},
         "pairs": {"shapes": SHAPES, "tasks": ["b", "a"], "bijections": ["none", "exp"]}}  # fmt: skip


def estimates(estimator: str, task: str, *figures: tuple[float, float | None]) -> list[dict[str, object]]:
    return [
        run(estimator, seed, shape=task, size=1.0, values={"kl": (value, se, 1.0)})
        for seed, (value, se) in enumerate(figures)
    ]


@pytest.fixture
def runs() -> pd.DataFrame:
    """Task a is met by knn in both draws, b in one of two; ksg, without standard errors, meets b alone."""
    rows = [
        *estimates("knn", "a", (1.04, 0.01), (0.8, 0.07)),
        *estimates("knn", "b", (1.0, 0.1), (0.8, 0.06)),
        *estimates("ksg", "a", (0.94, None), (1.0, None)),
        *estimates("ksg", "b", (0.96, None), (1.04, None)),
        run("knn", shape="shifted"),
        run("ksg", shape="shifted"),
        run("knn", shape="shifted", bijection="exp", values={"kl": (0.25, 0.01, 0.5)}),
        run("ksg", shape="shifted", bijection="exp", values={"kl": (0.5, 0.01, 0.5)}),
    ]
    return frame(rows)


@pytest.mark.parametrize(
    ("estimate", "se", "near"),
    [(1.05, None, True), (0.94, None, False), (0.94, 0.02, True), (0.94, 0.019, False), (1.0, 0.0, True),
     (1.04, 0.001, True)],
)  # fmt: skip
def test_near_enough(estimate: float, se: float | None, near: bool) -> None:
    values = compare_estimates(frame([run(values={"kl": (estimate + 1e-12, se, 1.0)})]), COLUMNS)
    assert bool(is_within(values).iloc[0]) == (near if estimate != 1.05 else False)
    inside = compare_estimates(frame([run(values={"kl": (1 + (estimate - 1) * 0.999999, se, 1.0)})]), COLUMNS)
    assert bool(is_within(inside).iloc[0]) == near


def test_the_share_that_is_near_enough(runs: pd.DataFrame) -> None:
    told = measure_accuracy(compare_estimates(runs, COLUMNS), ["estimator"]).set_index("estimator")["within"]
    assert told["knn"] == pytest.approx(4 / 6)
    assert told["ksg"] == pytest.approx(5 / 6)


def test_a_row_for_every_task(runs: pd.DataFrame) -> None:
    (table,) = build_tasks("x", compare_estimates(runs, COLUMNS), select_runs(runs), COLUMNS, SHAPES)
    assert table.kind == f"{TASKS}-kl"
    assert [header.column.label for header in table.headers] == ["Exact", "knn", "ksg"]
    a, b, total = table.rows
    assert [row.label for row in (a, b)] == ["a", "b"]
    assert [None if cell is None else round(cell.mean, 6) for cell in a.cells] == [1.0, 0.92, 0.97]
    assert [cell is not None and cell.best for cell in a.cells] == [False, True, False]
    assert [cell is not None and cell.best for cell in b.cells] == [False, False, True]
    assert [None if cell is None else cell.mean for cell in total.cells] == [None, 1, 1]
    assert (a.done, a.total) == (4, 4)


def test_a_line_for_every_task(runs: pd.DataFrame) -> None:
    looks = assign_looks(["knn", "ksg"])
    plot = plot_tasks(compare_estimates(runs, COLUMNS), looks, COLUMNS, SHAPES)
    assert plot is not None
    axes = Figure().add_subplot()
    plot.panels[0].draw(axes)
    dots = next(line for line in axes.lines if line.get_color() == looks["knn"].colour)
    assert list(dots.get_xdata()) == pytest.approx([0.92, 0.9])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    shapes_alone = runs[runs["dataset"].str.startswith("shifted")]
    assert plot_tasks(compare_estimates(shapes_alone, COLUMNS), looks, COLUMNS, SHAPES) is None


def test_a_column_for_every_bijection_and_none_for_old_runs(runs: pd.DataFrame) -> None:
    values, known = compare_estimates(runs, COLUMNS), select_runs(runs)
    shaped = values[values["shape"] == "shifted"]
    table = build_grid("x", shaped, known[known["shape"] == "shifted"], COLUMNS, "bijection", BIJECTIONS)
    assert [header.column.label for header in table.headers] == ["none", "exp"]
    cells = [[None if cell is None else cell.mean for cell in row.cells] for row in table.rows]
    assert cells == [[pytest.approx(0), pytest.approx(50)], [pytest.approx(0), pytest.approx(0)]]


def test_the_page_keeps_the_suite_s_order(runs: pd.DataFrame) -> None:
    empty = pd.DataFrame(columns=["run_id"])
    content = build_content(Frames(runs, empty, empty, SUITE, columns=COLUMNS))
    blocks = [block for section in content.sections for block in section.blocks]
    tasks = next(block.table for block in blocks if block.kind == f"{TASKS}-kl")
    assert tasks is not None
    assert [row.label for row in tasks.rows[:2]] == ["b", "a"]
    assert {"shapes", "bijections", "sizes"} <= {block.kind for block in blocks}
    shapes = next(block.table for block in blocks if block.kind == "shapes")
    assert shapes is not None
    assert [header.column.label for header in shapes.headers] == ["shifted"]
    assert "under bijections: none, exp" in content.paragraph
