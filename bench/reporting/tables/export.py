"""Tables as files: CSV for machines (full precision, a column per statistic), Markdown and LaTeX for papers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader
from tabulate import tabulate

from bench.analysis.statistics import UNFINISHED
from bench.reporting.tables.arranging import split_bands
from bench.reporting.tables.cells import BAND, Cell, Header, Row, Table
from bench.reporting.tables.references import describe_references
from bench.reporting.text import AT_LEAST, EMPTY, GROWING, MINUS, UNRESOLVED, make_slug

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", MINUS: "$-$", "±": r"$\pm$", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "∞": r"$\infty$",
    "‖": r"$\|$", "²": r"$^2$", "·": r"$\cdot$", "√": r"$\surd$", EMPTY: "---", "–": "--", "…": r"\ldots{}",
    "†": r"$^\dagger$", "≥": r"$\geq$", "≤": r"$\leq$", "×": r"$\times$",
}  # fmt: skip
_MARKDOWN = str.maketrans({
    **{character: f"\\{character}" for character in "\\`*_[]|~$"},
    "&": "&amp;", "<": "&lt;", ">": "&gt;", "\n": " ",
})  # fmt: skip
_GREEK_CAPITAL = frozenset({
    "gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi", "omega",
})  # fmt: skip
_GREEK_SMALL = _GREEK_CAPITAL | {
    "alpha", "beta", "epsilon", "zeta", "eta", "iota", "kappa", "mu", "nu", "rho", "tau", "chi",
}  # fmt: skip
OWN = "†"
OWN_NOTE = "marks the divergence that the method was trained on."
_STATISTICS = ("mean", "std", "n", "minimum", "maximum", "best")
_OF_ESTIMATES = ("reach", "at_ceiling", "growing", "unresolved")


def to_frame(table: Table) -> pd.DataFrame:
    """The table with one column per statistic, `<metric>_mean, _std, _n, _minimum, _maximum, _best`.

    Estimates that have a ceiling also have `_reach`, the mean share of it that is reached, and `_at_ceiling`, the
    number of seeds at it, and `_growing` and `_unresolved`, the numbers of seeds whose estimates have not converged.

    Where a metric has several protocols, its columns are called `<metric>[<protocol>]_mean` and so on. Where methods
    that are not told apart share letters, `_letters` has them. A table that brings a frame of its own has that.
    """
    return pd.DataFrame([_make_record(table, row) for row in table.rows]) if table.frame is None else table.frame


def to_csv(table: Table) -> str:
    """`to_frame` as CSV: numbers in full precision, null as nothing."""
    return to_frame(table).to_csv(index=False, lineterminator="\n")


def to_markdown(table: Table) -> str:
    """The table as GitHub-flavoured Markdown, the best in bold; wide tables are continued below."""
    parts = [f"## {escape_markdown(_write_title(table))}", *(escape_markdown(note) for note in table.notes)]
    parts += [escape_markdown(f"{table.average[0].upper()}{table.average[1:]}.")] if table.average else []
    for band in split_bands(table):
        heads = [
            *_write_first_heads(table, escape_markdown),
            *(_write_head(header, escape_markdown) for header in band.headers),
        ]
        rows = [_write_row(band, row, _MARKDOWN_STYLE) for row in band.rows]
        aligned = (*["left"] * (len(heads) - len(band.headers)), *["right"] * len(band.headers))
        parts.append(tabulate(rows, heads, tablefmt="pipe", disable_numparse=True, colalign=aligned))
    parts += [escape_markdown(note) for note in (*_write_own_note(table), *_write_reference_note(table))]
    return "\n\n".join(parts) + "\n"


def to_latex(table: Table) -> str:
    r"""The table as LaTeX for the `booktabs` package, the best in bold; one `table` environment per band."""
    template = _make_environment().get_template("table.tex.j2")
    first = _write_first_heads(table, escape_latex)
    parts = []
    for number, band in enumerate(split_bands(table, min(BAND, table.band)), start=1):
        rows = [{"kind": row.kind, "cells": _write_row(band, row, _LATEX_STYLE)} for row in band.rows]
        parts.append(
            template.render(
                table=band,
                title=_write_title(table),
                average=table.average,
                first=first,
                heads=[_write_head(header, escape_latex) for header in band.headers],
                rows=rows,
                name="-".join(part for part in (make_slug(table.dataset), table.kind, str(number)) if part),
                number=number,
                best=any(cell and cell.best for row in table.rows for cell in row.cells),
                notes=[
                    escape_latex(note) for note in (*table.notes, *_write_own_note(table), *_write_reference_note(band))
                ],
            )
        )
    return "\n".join(parts)


def escape_latex(text: str) -> str:
    """`text` with everything escaped that LaTeX would interpret; Greek letters as mathematics."""
    return "".join(_LATEX.get(character) or _write_greek(character) or character for character in text)


def escape_markdown(text: str) -> str:
    """`text` with everything escaped that Markdown or HTML would interpret, on one line."""
    return text.translate(_MARKDOWN)


def _make_record(table: Table, row: Row) -> dict[str, Any]:
    outcomes = dict(row.outcomes)
    record: dict[str, Any] = {
        "dataset": table.dataset, "method": row.label, "kind": row.kind, "source": row.detail or None,
        "trained_on": row.divergence or None, "seeds_done": row.done, "seeds_total": row.total,
    }  # fmt: skip
    ours = row.done is not None
    record |= {f"seeds_{name}": outcomes.get(name, 0) if ours else None for name in UNFINISHED}
    for place, (header, cell) in enumerate(zip(table.headers, row.cells, strict=True)):
        name = f"{header.column.name}[{header.protocol}]" if header.shown else header.column.name
        statistics = (*_STATISTICS, *(_OF_ESTIMATES if _has_ceiling(table, place) else ()))
        record |= {f"{name}_{statistic}": getattr(cell, statistic, None) for statistic in statistics}
        record |= {f"{name}_letters": getattr(cell, "letters", None)} if _has_letters(table, place) else {}
    return record


def _has_ceiling(table: Table, place: int) -> bool:
    """Whether a figure of a column says how much of its ceiling it reaches."""
    return any(cell is not None and cell.reach is not None for cell in (row.cells[place] for row in table.rows))


def _has_letters(table: Table, place: int) -> bool:
    return any(cell is not None and cell.letters for cell in (row.cells[place] for row in table.rows))


def _write_title(table: Table) -> str:
    return f"{table.dataset}: {table.title}" if table.title else table.dataset


def _write_first_heads(table: Table, escape: Callable[[str], str]) -> list[str]:
    return [escape(head) for head in (*table.heads, table.aside) if head]


def _write_own_note(table: Table) -> list[str]:
    return [f"{OWN} {OWN_NOTE}"] if table.marks_own else []


def _write_reference_note(table: Table) -> list[str]:
    return [note for note in (describe_references([table]),) if note]


@dataclass(frozen=True)
class _Style:
    """How a format writes texts, figures, references' labels, raised letters, and the first cell of a row."""

    escape: Callable[[str], str]
    write: Callable[[str, str, bool], str]
    emphasis: str
    raised: str
    begin: Callable[[str], str] = str


def _write_row(table: Table, row: Row, style: _Style) -> list[str]:
    label = style.escape(_write_label(row))
    first = [_write_seeds(row), *([row.aside] if table.aside else [])]
    cells = [_write_cell(cell, row, header, style) for header, cell in zip(table.headers, row.cells, strict=True)]
    shown = style.emphasis.format(label) if row.kind == "reference" else style.begin(label)
    return [shown, *(style.escape(text) for text in first), *cells]


def _write_cell(cell: Cell | None, row: Row, header: Header, style: _Style) -> str:
    if cell is None:
        return ""
    text = style.escape(cell.text) if cell.text else style.write(*cell.texts, cell.best)
    text += style.raised.format(style.escape(cell.ties)) if cell.ties else ""
    text += style.escape(f" {OWN}") if row.owns(header) else ""
    told = row.tell_n(cell).replace("n = ", "n=")
    return f"{text} ({told})" if told else text


def begin_latex_row(text: str) -> str:
    r"""The first cell of a row: LaTeX takes `[` or `*` after the end of a row or a rule for an argument of theirs."""
    return f"{{}}{text}" if text.lstrip().startswith(("[", "*")) else text


def _write_markdown(mean: str, spread: str, best: bool) -> str:
    text = f"**{mean}**" if best else mean
    return f"{text} ± {spread}" if spread else text


def _write_latex(mean: str, spread: str, best: bool) -> str:
    mean, spread = _write_number(mean), _write_number(spread)
    text = rf"\mathbf{{{mean}}}" if best else mean
    return rf"${text} \pm {spread}$" if spread else f"${text}$"


_MARKDOWN_STYLE = _Style(escape_markdown, _write_markdown, "*{}*", "<sup>{}</sup>")
_LATEX_STYLE = _Style(escape_latex, _write_latex, r"\emph{{{}}}", r"\textsuperscript{{{}}}", begin_latex_row)


def _write_number(number: str) -> str:
    plain = (
        number.replace(MINUS, "-")
        .replace("∞", r"\infty")
        .replace(EMPTY, r"\mbox{---}")
        .replace(AT_LEAST, r"\geq ")
        .replace(GROWING, r"\uparrow ")
        .replace(UNRESOLVED, r"{}^{\circ}")
    )
    return re.sub(r"e(-?\d+)(?=$|\\uparrow|\{)", r" \\cdot 10^{\1}", plain)


def _write_label(row: Row) -> str:
    label = f"{row.group}: {row.label}" if row.group else row.label
    return f"{label} ({row.detail})" if row.detail and row.detail != row.label else label


def _write_seeds(row: Row) -> str:
    if row.done is None:
        return "" if row.kind == "method" else row.kind
    more = [text for text in ("reference" if row.kind == "reference" else "", row.outcome_text) if text]
    return f"{row.done}/{row.total}" + (f" ({', '.join(more)})" if more else "")


def _write_head(header: Header, escape: Callable[[str], str]) -> str:
    text = f"{header.column.label} {header.column.arrow}".strip()
    unit = f" [{header.column.unit}]" if header.column.unit else ""
    protocol = f" ({header.shown})" if header.shown else ""
    return escape(text + unit + protocol)


def _write_greek(character: str) -> str | None:
    words = unicodedata.name(character, "").split()
    if len(words) != 4 or words[0] != "GREEK" or words[2] != "LETTER":
        return None
    name = words[3].lower().replace("lamda", "lambda")
    if name not in (_GREEK_SMALL if words[1] == "SMALL" else _GREEK_CAPITAL):
        return None
    return rf"$\{name if words[1] == 'SMALL' else name.capitalize()}$"


def _make_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bench.reporting.tables"),
        autoescape=False,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["latex"] = escape_latex
    return environment


__all__ = [
    "OWN_NOTE", "begin_latex_row", "escape_latex", "escape_markdown", "to_csv", "to_frame", "to_latex", "to_markdown",
]  # fmt: skip
