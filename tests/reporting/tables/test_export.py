"""Tables as CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.floors import compute_floors
from bench.analysis.references import attach_references
from bench.analysis.statistics import count_outcomes, summarise
from bench.analysis.variants import identify_runs
from bench.published import PublishedFigure
from bench.reporting.tables.building import build
from bench.reporting.tables.cells import Cell, Header, Row, Table, write_letters
from bench.reporting.tables.export import (
    begin_latex_row,
    escape_latex,
    escape_markdown,
    to_csv,
    to_frame,
    to_latex,
    to_markdown,
)
from bench.reporting.tables.references import measure_real_data, place_floors
from tests.analysis.declared import COLUMNS
from tests.analysis.frames import frame
from tests.reporting import synthetic
from tests.reporting.tables.test_building import table_of

_WEIRD = ["a_b", "50 %", "R&D", "$x^2$", "#1", "{a}", "~", "\\alpha", "<script>", "a|b", "β-VAE"]


def test_csv_keeps_every_figure_in_full(runs: pd.DataFrame) -> None:
    table = table_of(runs, "digits")
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert [row["method"] for row in rows] == list(synthetic.METHODS)
    for read, written in zip(rows, to_frame(table).to_dict(orient="records"), strict=True):
        assert list(read) == list(written)
        for name in (name for name in read if name.endswith(("_mean", "_std", "_minimum", "_maximum"))):
            assert read[name] == "" if pd.isna(written[name]) else float(read[name]) == written[name]
    expected = runs[(runs["dataset"] == "digits") & (runs["status"] == "done")].groupby("method")["fid"].mean()
    assert {row["method"]: float(row["fid_mean"]) for row in rows} == pytest.approx(expected.to_dict(), rel=1e-14)


def test_csv_has_a_column_per_statistic(runs: pd.DataFrame) -> None:
    read = pd.read_csv(io.StringIO(to_csv(table_of(runs)))).set_index("method")
    assert {f"fid_{s}" for s in ("mean", "std", "n", "minimum", "maximum", "best")} <= set(read)
    assert read.loc["reverse_kl", ["seeds_done", "seeds_total", "seeds_diverged"]].tolist() == [2, 3, 1]
    assert read["elbo_mean"].isna().sum() == 4
    assert read["fid_best"].sum() == 1


def test_csv_leaves_a_missing_spread_empty() -> None:
    read = pd.read_csv(io.StringIO(to_csv(table_of(frame([{"fid": 4.5}])))))
    assert read["fid_std"].isna().all()
    assert read["fid_n"].tolist() == [1]


def test_csv_names_protocols_where_there_are_several() -> None:
    runs = frame([{"fid": 1.0, "protocol_fid": "fid/1"}, {"fid": 2.0, "protocol_fid": "fid/2"}])
    read = pd.read_csv(io.StringIO(to_csv(table_of(runs))))
    assert read[["fid[fid/1]_mean", "fid[fid/2]_mean"]].to_numpy().tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b & 50 % #1", r"a\_b \& 50 \% \#1"),
        ("$x^2$ {a}", r"\$x\textasciicircum{}2\$ \{a\}"),
        ("\\~<|>", r"\textbackslash{}\textasciitilde{}\textless{}\textbar{}\textgreater{}"),
        ("β-VAE Σ", r"$\beta$-VAE $\Sigma$"),
        ("KL(P‖Q) ↓", r"KL(P$\|$Q) $\downarrow$"),
    ],
)
def test_latex_escapes(text: str, expected: str) -> None:
    assert escape_latex(text) == expected


@given(st.text(alphabet="\\&%$#_{}~^<>|a", max_size=20))
def test_latex_leaves_no_special_character_bare(text: str) -> None:
    made = escape_latex(text)
    for command in ("textbackslash", "textasciitilde", "textasciicircum", "textless", "textgreater", "textbar"):
        made = made.replace(f"\\{command}{{}}", "")
    for character in "&%$#_{}":
        made = made.replace(f"\\{character}", "")
    assert set(made) <= {"a"}


def test_latex_is_a_booktabs_table() -> None:
    runs = frame([{"method": name, "seed": s, "fid": i + s / 8} for i, name in enumerate(_WEIRD) for s in (0, 1)])
    made = to_latex(table_of(runs, published=(PublishedFigure(source="Smith & Co.", metric="elbo", value=-3.5),)))
    body = made[made.index(r"\midrule") : made.index(r"\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert len(rows) == len(_WEIRD) + 1
    # Method, seeds, ELBO, FID: three separators, whatever the names hold.
    assert all(line.replace(r"\&", "").count("&") == 3 for line in rows)
    assert rows[0].endswith(r"& $\mathbf{0.062} \pm 0.088$ \\")
    assert r"Smith \& Co. & published & $-3.5$ &  \\" in rows[-1]
    assert made.count(r"\toprule") == made.count(r"\begin{tabular}{llrr}") == 1


def test_latex_writes_powers_of_ten() -> None:
    made = to_latex(table_of(frame([{"fid": 3.5e7}, {"fid": 3.6e7}])))
    assert r"$3.550 \cdot 10^{7} \pm 0.071 \cdot 10^{7}$" in made


def test_markdown_rows_have_as_many_cells_as_heads() -> None:
    runs = frame([{"method": name, "fid": float(i)} for i, name in enumerate(_WEIRD)])
    lines = [line for line in to_markdown(table_of(runs)).splitlines() if line.startswith("|")]
    assert len(lines) == len(_WEIRD) + 2
    assert {line.replace(r"\|", "").count("|") for line in lines} == {4}
    assert "**0** ± —" in lines[2]


def test_markdown_is_not_interpreted() -> None:
    assert escape_markdown("<b>_a_*|`\n&") == r"&lt;b&gt;\_a\_\*\|\` &amp;"


def test_fewer_figures_than_finished_seeds_are_told() -> None:
    runs = frame([{"fid": 1.0, "mode_kl": 0.5}, {"fid": 2.0}])
    assert "0.5000 ± — (n=1)" in to_markdown(table_of(runs))


def test_unfinished_seeds_are_in_every_format(runs: pd.DataFrame) -> None:
    table = table_of(runs)
    assert "2/3 (1 diverged)" in to_markdown(table)
    assert "2/3 (1 diverged)" in to_latex(table)


def _with_references() -> Table:
    runs = frame([{"method": m, "kid": v, "elbo": v} for m, v in (("a", 3.0), ("b", 2.0))])
    known = identify_runs(runs)
    rows = frame([{"method": "real_data", "family": "reference", "kid": v, "seed": v} for v in (1.0, 2.0)])
    references = [
        *measure_real_data("ring", attach_references(rows, known), known, COLUMNS),
        *place_floors("ring", compute_floors(known, COLUMNS), COLUMNS),
    ]
    published = [PublishedFigure(source="paper", metric="fid", value=9.0)]
    return build("ring", summarise(runs, COLUMNS), count_outcomes(known, {}), published, COLUMNS, references)


def test_references_are_told_in_markdown() -> None:
    text = to_markdown(_with_references())
    assert re.search(r"\| \*real\\_data\* +\| 2/2 \(reference\) +\| +\| +\| +1\.50 ± 0\.71 \|", text)
    assert re.search(r"\| \*floor\* +\| reference +\| +\| +\| +0 \|", text)
    assert text.count("Reference rows stand apart") == 1


def test_references_are_below_a_rule_in_latex() -> None:
    lines = [line.strip() for line in to_latex(_with_references()).splitlines()]
    first = lines.index(r"\emph{real\_data} & 2/2 (reference) &  &  & $1.50 \pm 0.71$ \\")
    assert lines[first - 1] == r"\midrule"
    assert lines[first + 1] == r"\emph{floor} & reference &  &  & $0$ \\"
    assert lines[first + 2] == r"\addlinespace"


def test_references_are_told_in_csv() -> None:
    read = pd.read_csv(io.StringIO(to_csv(_with_references()))).set_index("method")
    assert read.loc["real_data", ["kind", "seeds_done", "seeds_total", "kid_n"]].tolist() == ["reference", 2, 2, 2]
    assert read.loc["floor", ["seeds_done", "seeds_failed", "kid_n", "kid_std"]].isna().all()
    assert read.loc["floor", "kid_mean"] == 0
    assert not read.loc[["real_data", "floor"], "kid_best"].any()


def test_bands_without_references_do_not_tell_of_them(runs: pd.DataFrame) -> None:
    assert "Reference rows" not in to_markdown(table_of(runs))
    assert "Reference rows" not in to_latex(table_of(runs))


@pytest.mark.parametrize("name", ["[a] b", "*a", " [a", "[", "a [b]"])
def test_latex_rows_do_not_begin_with_an_argument(name: str) -> None:
    r"""After `\\`, `\midrule` and `\addlinespace` LaTeX reads `[…]` and `*` as theirs, spaces and line ends between."""
    runs = frame([{"method": m, "seed": s, "fid": s + i} for i, m in enumerate((name, "b")) for s in (0.0, 1.0)])
    made = to_latex(table_of(runs))
    assert not re.search(r"(\\\\|rule|addlinespace)\s*[\[*]", made)
    assert escape_latex(name) in made
    assert begin_latex_row("a [b]") == "a [b]"


def compile_latex(body: str, folder: Path) -> None:
    compiler = shutil.which("pdflatex") or shutil.which("tectonic")
    if compiler is None:
        pytest.skip("no pdflatex or tectonic on PATH")
    source = folder / "table.tex"
    source.write_text(
        "\\documentclass{article}\\usepackage{booktabs}\\usepackage[utf8]{inputenc}\\begin{document}\n"
        f"{body}\n\\end{{document}}\n",
        encoding="utf-8",
    )
    flags = ["-interaction=nonstopmode", "-halt-on-error"] if compiler.endswith("pdflatex") else []
    ended = subprocess.run([compiler, *flags, source.name], cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-2000:]
    assert (folder / "table.pdf").is_file()


def test_the_latex_of_awkward_names_compiles(tmp_path: Path) -> None:
    names = [name for name in _WEIRD if name.isascii()] + ["[x]", "*y"]
    rows = [{"method": name, "seed": s, "fid": i + s / 8} for i, name in enumerate(names) for s in (0, 1)]
    compile_latex(to_latex(table_of(frame(rows))), tmp_path)


def test_the_latex_of_marked_powers_compiles(tmp_path: Path) -> None:
    """A mark after a power of ten is a superscript after another."""
    cells = [Cell(mean, std, 2, unresolved=u, growing=g) for mean in (-5.3e-5, 0.5, 4e9) for std in (None, 2e-6)
             for u, g in ((1, 0), (0, 1), (0, 0))]  # fmt: skip
    rows = tuple(Row(f"m{place}", "method", (cell,), done=2, total=2) for place, cell in enumerate(cells))
    compile_latex(to_latex(Table("ring", (Header(COLUMNS["fid"], ""),), rows)), tmp_path)


def test_captions_say_what_is_averaged(runs: pd.DataFrame) -> None:
    told = "ean ± standard deviation (n − 1) over 2 to 3 seeds"
    assert told in to_markdown(table_of(runs))
    assert r"mean $\pm$ standard deviation (n $-$ 1) over 2 to 3 seeds" in to_latex(table_of(runs))
    assert "igures of single seeds" in to_markdown(table_of(frame([{"fid": 4.5}])))


def test_letters_are_in_every_format() -> None:
    cell = Cell(0.5, 0.1, 3, letters="abcdf")
    table = Table("ring", (Header(COLUMNS["fid"], ""),), (Row("a", "method", (cell,), done=3, total=3),))
    assert "0.50 ± 0.10<sup>a–df</sup>" in to_markdown(table)
    assert r"$0.50 \pm 0.10$\textsuperscript{a--df}" in to_latex(table)
    assert to_frame(table)["fid_letters"].tolist() == ["abcdf"]


@pytest.mark.parametrize(
    ("letters", "text"),
    [("", ""), ("abc", "abc"), ("abcd", "a–d"), ("ace", "ace"), ("yza1b1", "y–b1"), ("abcdfgh", "a–dfgh")],
)
def test_letters_in_a_row_are_written_by_their_ends(letters: str, text: str) -> None:
    assert write_letters(letters) == text


def test_texts_are_escaped_and_no_mathematics() -> None:
    cell = Cell(float("nan"), None, None, text="−1 to 2 %")
    table = Table("ring", (Header(COLUMNS["fid"], ""),), (Row("a", "method", (cell,), group="FID"),), averaged="")
    assert r"FID: a &  & $-$1 to 2 \% \\" in to_latex(table)
    assert "| FID: a " in to_markdown(table)
