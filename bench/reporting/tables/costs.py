"""What methods cost on each dataset, and the share of their runs that finished."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from bench.analysis.costs import COST, list_costs
from bench.column import Column, Columns
from bench.reporting.tables.building import make_cell, make_method_row
from bench.reporting.tables.cells import Cell, Header, Table
from bench.reporting.text import write_significant

SUCCESS = "success"
OPEN_UP_TO = 12
_MACHINES = (
    "Finished runs only. Times and speeds depend on the machine and on what else it did; of seeds that were trained "
    "together the time is that of all of them."
)
_WILSON = "Runs that were not there do not count. The interval is Wilson's, of 95 %."
_OTHERS = "{} more methods on datasets finished every run; the CSV file has them too."
_RATES = tuple(
    Header(column, "")
    for column in (
        Column("rate", "Finished", "Share of the runs that finished.", "Runs", "%", digits=3),
        Column("interval", "95 % interval", "Wilson's, of the share.", "Runs", "%"),
    )
)


def build_cost_table(costs: pd.DataFrame, counts: pd.DataFrame, columns: Columns) -> Table | None:
    """A row for each dataset and method, by dataset; None where no cost is known.

    Args:
        costs: as `summarise_costs` gives them.
        counts: as `statistics.count_outcomes` gives it, in the order of printing.
        columns: the declared columns.
    """
    names = list_costs(costs, columns)
    if not names:
        return None
    cells = {
        (row["dataset"], row["method"], row["metric"]): make_cell(row, columns)
        for row in costs.to_dict(orient="records")
    }
    rows = []
    for count in counts.to_dict(orient="records"):
        own = [cells.get((count["dataset"], count["method"], name)) for name in names]
        rows.append(replace(make_method_row(count, own), group=str(count["dataset"]), divergence=""))
    headers = tuple(Header(replace(columns.describe(name), group=COST, printed=True), "") for name in names)
    return Table(
        "Cost", headers, tuple(rows), "", "time, speed and memory", (_MACHINES,), frame=costs,
        folded=f"Show {len(rows)} rows" if len(rows) > OPEN_UP_TO else "",
    )  # fmt: skip


def build_success_table(rates: pd.DataFrame, counts: pd.DataFrame) -> Table | None:
    """The share of runs that finished for each dataset and method; None where every run did.

    Args:
        rates: as `success_rates` gives them.
        counts: as `statistics.count_outcomes` gives it, in the order of printing.
    """
    if rates.empty or bool((rates["done"] == rates["runs"]).all()):
        return None
    all_shown = len(rates) <= OPEN_UP_TO
    shown = rates if all_shown else rates[rates["done"] < rates["runs"]]
    about = {(row["dataset"], row["method"]): row for row in counts.to_dict(orient="records")}
    order = {key: place for place, key in enumerate(about)}
    records = sorted(
        shown.to_dict(orient="records"), key=lambda row: order.get((row["dataset"], row["method"]), len(order))
    )
    rows = []
    for row in records:
        ends = f"{write_significant(100 * row['low'], 3)} to {write_significant(100 * row['high'], 3)}"
        cells = (Cell(100 * row["rate"], None, None, digits=3), Cell(float("nan"), None, None, text=ends))
        count = about[row["dataset"], row["method"]]
        rows.append(replace(make_method_row(count, cells), group=str(row["dataset"]), divergence=""))
    rest = () if all_shown else (_OTHERS.format(len(rates) - len(shown)),)
    return Table(
        "Cost", _RATES, tuple(rows), SUCCESS, "runs that finished", (_WILSON, *rest), averaged="share of all runs",
        folded=f"Show {len(rows)} rows" if len(rows) > 2 * OPEN_UP_TO else "", frame=rates,
    )  # fmt: skip


__all__ = ["SUCCESS", "build_cost_table", "build_success_table"]
