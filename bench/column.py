"""What a column of results is: declared once, where its figures arise, and stored beside them.

A metric declares its columns with `register_metric(…, columns=[…])`; those of a divergence follow from how it is
registered. Three companions need no declaration: `<column>_se`, a standard error, `<column>_n`, how many examples are
behind it, and `<column>_reach`, how much of its ceiling an estimate reaches. Nor do estimates of a divergence under
other conditions: `div_<name>@s=0.5` under noise of that level, `div_<name>@features` of features.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

Better = Literal["higher", "lower"]
Role = Literal["figure", "label", "identity", "provenance", "setting"]
Headline = Literal["", "page", "line"]

OTHER = "Other"
GROUPS = ("Likelihood", "Divergences", "Features", "Modes", "Samples", "Training", OTHER, "Cost")
"""Groups of figures, in the order of printing; groups that are not among them come before the last two."""
COMPANIONS = {
    "_se": ("standard error", "Standard error of {}."),
    "_n": ("n", "Number of examples behind {}."),
    "_growth": (
        "growth",
        "By how much {} exceeds an estimate whose critics were given half of the points and steps: what it still lacks "
        "is about as much, and no part of its standard error.",
    ),
    "_reach": (
        "reach",
        "Share of its ceiling, the most that an estimate from n points can say, that {} reaches; 1 where it is at the "
        "ceiling up to its error, so that nothing but a bound from below (≥) is known.",
    ),
}
"""Label and description of each companion, by the end of its name."""
_OF_UNIT = ("_se", "_growth")  # companions in the unit of what they belong to
_ENDS = r"(?!.*_(?:se|n|growth|reach|exact)$)"
_DIVERGENCE = re.compile(rf"div_(?P<name>{_ENDS}[^@]+)")
_CONDITIONED = re.compile(rf"div_(?P<name>[^@]+)@(?P<condition>{_ENDS}.+)")
_MODE_SHARE = re.compile(r"mode_share_(?P<mode>\d+)")
_EXACT = re.compile(r"div_(?P<name>.+)_exact")
FEATURES = "features"
"""The condition of estimates that are taken between features."""
FEATURE_LABELS = ("feature_extractor", "feature_rule", "feature_split")
"""Columns of text that every figure in feature space depends on."""
_JSON = ("settings", "depends_on", "floor")
_LAST = 1000.0


@dataclass(frozen=True)
class Floor:
    """What a perfect model gets in expectation from as many examples.

    Attributes:
        formula: arithmetic over numbers in other columns of the same row: `(modes_total - 1) / (2 * mode_n)`.
        datasets: labels of the datasets on which it holds; empty, with no `labels` either, for all.
        labels: columns of text; the formula holds too where one of them has a value.
    """

    formula: str
    datasets: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """One column of a results frame.

    Attributes:
        name: its name in the frame.
        label: its name in print.
        description: how to read it, in a sentence or two.
        group: what it is printed with, such as one of `GROUPS`.
        unit: unit of its values; empty for pure numbers.
        better: which end is better; None where neither is, so that no best is marked.
        lower: the smallest value that it can have, None where there is none or it is not known.
        upper: the largest, likewise.
        digits: significant digits where no spread says how many there are.
        protocol: the metric that gives it; `register_metric` fills it in.
        role: what it holds: a figure, a label (text that figures depend on), a setting, or where a row is from.
        order: its place in its group; equal ones stand in the order of their names.
        depends_on: columns of text that its figures depend on: figures under different texts are kept apart.
        settings: columns of numbers that its figures depend on, each with the letter it is printed by.
        fixed: whether it describes the data or the protocol and not the run, so that a spread says nothing.
        printed: whether it is in the printed tables; the CSV files have every column.
        divergence: the f-divergence whose estimate or exact value it is.
        headline: whether it is compared in the report's figure ("page"), and told on the console too ("line").
        short: its name on a line of the console.
        floor: what a perfect model gets, where there is a formula.
        told: how a label is told beside a protocol's name: "binarisation {}".
        curve: title of the learning curve that it is the last value of.
        default: of a setting that came later, the value that rows without it have, as JSON.
        families: families of methods that have a setting; empty for all.
    """

    name: str
    label: str
    description: str
    group: str = OTHER
    unit: str = ""
    better: Better | None = None
    lower: float | None = None
    upper: float | None = None
    digits: int = 4
    protocol: str = ""
    role: Role = "figure"
    order: float = _LAST
    depends_on: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    fixed: bool = False
    printed: bool = True
    divergence: str = ""
    headline: Headline = ""
    short: str = ""
    floor: Floor | None = None
    told: str = "{}"
    curve: str = ""
    default: str = ""
    families: str = ""

    @property
    def arrow(self) -> str:
        """↑ or ↓ for the better end, empty where there is none."""
        return {"higher": "↑", "lower": "↓"}.get(self.better or "", "")

    @property
    def heading(self) -> str:
        """Label, better end and unit in print: `FID ↓`, `ELBO ↑ [nats]`."""
        return f"{self.label} {self.arrow}".strip() + (f" [{self.unit}]" if self.unit else "")

    @property
    def is_exact(self) -> bool:
        """Whether it holds the exact value of a divergence."""
        return bool(self.divergence) and _EXACT.fullmatch(self.name) is not None

    def as_row(self) -> dict[str, Any]:
        """The column as plain values, a cell each: what the store keeps."""
        row = {item.name: getattr(self, item.name) for item in fields(self)}
        floor = None if self.floor is None else {f.name: getattr(self.floor, f.name) for f in fields(self.floor)}
        return row | {name: json.dumps(value) for name, value in (row | {"floor": floor}).items() if name in _JSON}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Column:
        """The column that `as_row` gave; what another version stored beside it is left out."""
        known = {f.name: row[f.name] for f in fields(cls) if f.name in row and not _is_null(row[f.name])}
        values = {name: json.loads(value) if name in _JSON else value for name, value in known.items()}
        if values.get("floor"):
            floor = values["floor"]
            values["floor"] = Floor(floor["formula"], tuple(floor["datasets"]), tuple(floor["labels"]))
        values["depends_on"] = tuple(values.get("depends_on") or ())
        values["settings"] = tuple((name, letter) for name, letter in values.get("settings") or ())
        return cls(**values | {"digits": int(values.get("digits", 4))})


@dataclass(frozen=True)
class Columns(Mapping[str, Column]):
    """Declared columns by name; what is not declared is described as far as its name tells.

    Attributes:
        declared: the columns.
    """

    declared: Mapping[str, Column] = field(default_factory=dict)

    @classmethod
    def of(cls, columns: Iterable[Column]) -> Columns:
        """From columns; of equal names the last one counts."""
        return cls({column.name: column for column in columns})

    def __getitem__(self, name: str) -> Column:
        return self.declared[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.declared)

    def __len__(self) -> int:
        return len(self.declared)

    def describe(self, name: str) -> Column:
        """The column called `name`, declared or not."""
        if name in self.declared:
            return self.declared[name]
        estimated, exact = divergence_of(name), exact_divergence_of(name)
        if estimated is not None:
            return divergence_column(estimated)
        if exact is not None:
            return exact_column(self.describe(f"div_{exact}"))
        if (conditioned := condition_of(name)) is not None:
            return conditioned_column(self.describe(f"div_{conditioned[0]}"), conditioned[1])
        if (mode := mode_of(name)) is not None:
            return mode_column(mode, self.describe("modes_covered"))
        if (of := self.companion_of(name)) is not None:
            return companion(self.describe(of), name)
        if name.startswith("training_"):
            curve = name.removeprefix("training_")
            text = f"Last value of the learning curve {curve}, on training data."
            return Column(name, name.replace("_", " ").capitalize(), text, "Training", printed=False)
        return Column(name, name.replace("_", " "), "Metric of the user's; no better end is known.")

    def companion_of(self, name: str) -> str | None:
        """The declared column, or divergence, that a column is a companion of, such as its standard error."""
        for suffix in COMPANIONS:
            base = name.removesuffix(suffix)
            if base != name and (base in self.declared or divergence_of(base) or condition_of(base)):
                return base
        return None

    def of_role(self, *roles: Role) -> list[Column]:
        """The declared columns of some roles, in order."""
        return [column for column in self.declared.values() if column.role in roles]

    def headlines(self, *kinds: Headline) -> list[Column]:
        """The columns that are headlines of some kinds, in the order of printing."""
        found = [column for column in self.declared.values() if column.headline in kinds]
        return sorted(found, key=lambda column: self.sort_key(column.name))

    def sort_key(self, name: str) -> tuple[int, bool, float, str]:
        """Position of a column in print: by group, exact values last, then as declared."""
        column = self.describe(name)
        order = self.describe(f"div_{column.divergence}").order if column.is_exact else column.order
        return group_rank(column.group), column.is_exact, order, name

    def divergence_label(self, divergence: str) -> str:
        """Name of a divergence in print: KL(P‖Q) for kl; empty for the empty name."""
        return self.describe(f"div_{divergence}").label if divergence else ""

    def lower_end(self, divergence: str) -> float:
        """The value of a divergence for P = Q."""
        return self.describe(f"div_{divergence}").lower or 0.0 if divergence else 0.0


def group_rank(group: str) -> int:
    """Position of a group in print."""
    return GROUPS.index(group if group in GROUPS else OTHER)


def divergence_of(column: str) -> str | None:
    """The divergence that a column `div_<name>` estimates, or None if it is no such column."""
    match = _DIVERGENCE.fullmatch(column)
    return match["name"] if match else None


def exact_divergence_of(column: str) -> str | None:
    """The divergence whose exact value a column `div_<name>_exact` holds, or None if it is no such column."""
    match = _EXACT.fullmatch(column)
    return match["name"] if match else None


def condition_of(column: str) -> tuple[str, str] | None:
    """The divergence and the condition of an estimate `div_<name>@<condition>`, or None if it is no such column."""
    match = _CONDITIONED.fullmatch(column)
    return (match["name"], match["condition"]) if match else None


def mode_of(column: str) -> int | None:
    """The mode whose share a column `mode_share_<k>` holds, or None if it is no such column."""
    match = _MODE_SHARE.fullmatch(column)
    return int(match["mode"]) if match else None


def level_of(column: str) -> tuple[str, float] | None:
    """The divergence and the level of noise of an estimate `div_<name>@s=<level>`, or None if it is no such column."""
    name, condition = condition_of(column) or ("", "")
    try:
        return (name, float(condition.removeprefix("s="))) if condition.startswith("s=") else None
    except ValueError:
        return None


def write_level(name: str, level: float) -> str:
    """The column of a divergence's estimate under noise of a level: `div_js@s=0.5`."""
    return f"div_{name}@s={level:.12g}"


def divergence_column(
    name: str,
    *,
    label: str = "",
    about: str = "",
    unit: str = "",
    lower: float = 0.0,
    upper: float | None = None,
    order: float = _LAST,
    headline: Headline = "",
) -> Column:
    """The column of a divergence's estimates.

    Args:
        name: registered name.
        label: name in print.
        about: what it is, in a sentence.
        unit: unit of its values.
        lower: its value for P = Q.
        upper: its supremum; None where it is unbounded or not known.
        order: its place among the divergences.
        headline: see `Column`.
    """
    plain = name.replace("_", " ")
    return Column(
        f"div_{name}", label or plain, about or f"The f-divergence {plain}.", "Divergences", unit, "lower", lower,
        upper, digits=3, protocol="divergences", settings=(("divergence_spread", "s"), ("divergence_n", "n")),
        order=order, divergence=name, headline=headline, floor=Floor(repr(lower)), short=name,
    )  # fmt: skip


def exact_column(estimate: Column) -> Column:
    """The column of the exact values of a divergence, from that of its estimates."""
    return replace(
        estimate, name=f"{estimate.name}_exact", label=f"{estimate.label} exact", digits=4, settings=(), headline="",
        description=f"{estimate.label} by closed form or quadrature.",
    )  # fmt: skip


def conditioned_column(estimate: Column, condition: str) -> Column:
    """The column of a divergence's estimates under a condition, from that of its plain ones.

    Args:
        estimate: the column of the plain estimates.
        condition: `s=0.5`: noise of that standard deviation on both sides; `features`: of an extractor's features.
    """
    name = f"{estimate.name}@{condition}"
    if condition == FEATURES:
        return replace(
            estimate, name=name, label=f"{estimate.label} of features", protocol="feature_divergences", headline="",
            description=f"{estimate.label} between features of test and generated examples.", depends_on=FEATURE_LABELS,
            settings=(("feature_divergence_spread", "s"), ("feature_divergence_n", "n")),
        )  # fmt: skip
    return replace(
        estimate, name=name, label=f"{estimate.label}, {condition.replace('=', ' = ')}", protocol="divergence_curve",
        description=f"{estimate.label} under Gaussian noise of standard deviation {condition.removeprefix('s=')}.",
        settings=(("divergence_curve_n", "n"),), headline="", printed=False,
    )  # fmt: skip


def mode_column(mode: int, covered: Column) -> Column:
    """The column of one mode's share of the samples.

    Args:
        mode: its number.
        covered: the column of the number of modes that are covered, measured with it.
    """
    return replace(
        covered, name=f"mode_share_{mode}", label=f"Share of mode {mode}", better=None, lower=0.0, upper=1.0,
        description=f"Share of mode {mode} among the high-quality samples; on images of the class {mode} among all.",
        order=_LAST + mode, headline="", short="", floor=None, printed=False,
    )  # fmt: skip


def companion(of: Column, name: str) -> Column:
    """The standard error, the number of examples, the growth or the reach of a column."""
    suffix = name.removeprefix(of.name)
    label, description = COMPANIONS[suffix]
    return Column(
        name, f"{of.label} {label}", description.format(of.label), of.group, of.unit if suffix in _OF_UNIT else "",
        lower=None if suffix == "_growth" else 0.0, upper=1.0 if suffix == "_reach" else None,
        protocol=of.protocol or of.name, role="figure", order=of.order, fixed=suffix == "_n", printed=False,
    )  # fmt: skip


def _is_null(value: object) -> bool:
    return value is None or value != value  # NaN is not itself
