"""Columns of the figures that learning curves leave: the last value of each."""

from __future__ import annotations

from bench.column import Column

PREFIX = "training_"
"""What the column of a curve's last value is called before the curve's name."""


def curve_column(
    curve: str,
    title: str,
    *,
    order: float,
    label: str = "",
    description: str = "",
    unit: str = "",
    printed: bool = False,
) -> Column:
    """The column of the last value of a learning curve.

    Args:
        curve: its name among the values that a model's losses record.
        title: title of its panel.
        order: its place among the curves of all families, by which panels are drawn too.
        label: name in print; by default from the curve's name.
        description: how to read it; by default that it is a last value.
        unit: unit of its values.
        printed: whether it is in the printed tables.
    """
    name = PREFIX + curve
    return Column(
        name,
        label or name.replace("_", " ").capitalize(),
        description or f"Last value of the learning curve {curve}, on training data.",
        "Training",
        unit,
        printed=printed,
        order=order,
        curve=title,
    )
