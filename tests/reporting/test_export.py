"""Tables as CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.reporting.export import latex, markdown, to_csv, to_frame, to_latex, to_markdown
from bench.reporting.published import PublishedFigure

from . import synthetic
from .test_statistics import frame
from .test_tables import table_of

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
    assert latex(text) == expected


@given(st.text(alphabet="\\&%$#_{}~^<>|a", max_size=20))
def test_latex_leaves_no_special_character_bare(text: str) -> None:
    made = latex(text)
    for command in ("textbackslash", "textasciitilde", "textasciicircum", "textless", "textgreater", "textbar"):
        made = made.replace(f"\\{command}{{}}", "")
    for character in "&%$#_{}":
        made = made.replace(f"\\{character}", "")
    assert set(made) <= {"a"}


def test_latex_is_a_booktabs_table() -> None:
    runs = frame([{"method": name, "seed": s, "fid": i + s / 8} for i, name in enumerate(_WEIRD) for s in (0, 1)])
    made = to_latex(table_of(runs, published=(PublishedFigure("Smith & Co.", "elbo", -3.5),)))
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
    assert markdown("<b>_a_*|`\n&") == r"&lt;b&gt;\_a\_\*\|\` &amp;"


def test_fewer_figures_than_finished_seeds_are_told() -> None:
    runs = frame([{"fid": 1.0, "mode_kl": 0.5}, {"fid": 2.0}])
    assert "0.5000 ± — (n=1)" in to_markdown(table_of(runs))


def test_unfinished_seeds_are_in_every_format(runs: pd.DataFrame) -> None:
    table = table_of(runs)
    assert "2/3 (1 diverged)" in to_markdown(table)
    assert "2/3 (1 diverged)" in to_latex(table)
