"""The switches of the page in a browser: dataset, metric, sorting, hidden columns."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.reporting.page.browser import BROWSER, browse

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome on PATH"),
]
_HOLDER = """<iframe id="page" src="{}" style="width: 1200px; height: 900px"></iframe><pre id="found"></pre><script>
onload = () => {{
  const page = document.getElementById("page").contentDocument;
  const all = (what, root = page) => [...root.querySelectorAll(what)];
  const isShown = (element) => element.getClientRects().length > 0;
  const texts = (what, root = page) => all(what, root).filter(isShown).map((element) => element.textContent.trim());
  const choose = (name, value) => {{
    const select = page.getElementById("switches").elements[name];
    select.value = value;
    select.dispatchEvent(new Event("change", {{ bubbles: true }}));
  }};
  const tableOf = (anchor, number = 0) => all(`section[aria-labelledby="${{anchor}}"] table.results`)[number];
  const click = (table, label) => all("thead th", table).find((head) => head.dataset.label === label
    || head.textContent.trim() === label).querySelector("button").click();
  const found = (() => {{ {} }})();
  document.getElementById("found").textContent = JSON.stringify(found);
}};
</script>"""


def ask(report: Path, folder: Path, script: str) -> Any:
    """What a script returns that is run beside the page."""
    holder = folder / "holder.html"
    holder.write_text(_HOLDER.format((report / "index.html").as_uri(), script), encoding="utf-8")
    ended = browse(holder.as_uri(), folder, "--allow-file-access-from-files", "--dump-dom", "--window-size=1300,1000")
    found = re.search(r'<pre id="found">(.*?)</pre>', ended.stdout, re.DOTALL)
    assert found is not None, ended.stderr
    assert found[1], ended.stderr
    return json.loads(unescape(found[1]))


def test_one_dataset_hides_the_others(report: Path, tmp_path: Path) -> None:
    before, after, contents, again = ask(
        report,
        tmp_path,
        """
        const sections = () => texts("main > section > h2");
        const before = sections();
        choose("dataset", "ring");
        const after = sections(), contents = texts(".contents > ol > li > a");
        choose("dataset", "");
        return [before, after, contents, sections()];
        """,
    )
    assert {"ring", "digits"} <= set(before)
    assert set(before) - set(after) == {"digits"}
    assert "digits" not in contents
    assert contents == after
    assert again == before


def test_the_answer_keeps_the_columns_of_the_dataset(report: Path, tmp_path: Path) -> None:
    groups, widths, cells = ask(
        report,
        tmp_path,
        """
        choose("dataset", "ring");
        const table = tableOf("answer");
        const rows = all("tbody.method tr", table).map((row) => [...row.cells].filter(isShown).length);
        const groups = all("tr.groups th", table).filter(isShown);
        return [groups.map((head) => head.textContent.trim()), groups.map((head) => head.colSpan), rows];
        """,
    )
    assert groups == ["ring"]
    assert {widths[0] + 2} == set(cells)


def test_figures_and_costs_of_other_datasets_are_hidden(report: Path, tmp_path: Path) -> None:
    before, after, costs = ask(
        report,
        tmp_path,
        """
        const before = texts(".trade-off .panel-title");
        choose("dataset", "ring");
        return [before, texts(".trade-off .panel-title"), texts(".results.cost tr.kind")];
        """,
    )
    assert before == ["ring", "digits"]
    assert after == ["ring"]
    assert "digits" not in costs


def test_one_metric_hides_the_columns_panels_and_tables_of_others(report: Path, tmp_path: Path) -> None:
    heads, panels, over, pairs = ask(
        report,
        tmp_path,
        """
        choose("metric", "fid");
        return [
          [...new Set(all("main th[data-metric]").filter(isShown).map((head) => head.dataset.metric))],
          texts(".comparison .panel-title"),
          texts("section[aria-labelledby=over-datasets] h3"),
          texts(".results.pairs tr.kind"),
        ];
        """,
    )
    assert set(heads) <= {"fid", ""}
    assert "fid" in heads
    assert panels
    assert all(title.startswith("FID") for title in panels)
    assert all(title == "FID" for title in over)
    assert all(title.startswith("FID") for title in pairs)


def test_rows_are_sorted_up_down_and_back(report: Path, tmp_path: Path) -> None:
    first, best, worst, last, told = ask(
        report,
        tmp_path,
        """
        const table = tableOf("ring");
        const order = () => all("tbody.method th[scope=row]", table).map((cell) => cell.textContent.trim());
        const place = all("thead tr:last-child th", table).findIndex((head) => head.dataset.metric === "fid");
        const values = () => all("tbody.method tr", table).map((row) => row.cells[place].dataset.value ?? null);
        const head = all("thead tr:last-child th", table)[place], first = order();
        const seen = [];
        for (let times = 0; times < 3; times += 1) {
          head.querySelector("button").click();
          seen.push([head.getAttribute("aria-sort"), values()]);
        }
        return [first, seen[0], seen[1], order(), seen[2][0]];
        """,
    )
    assert (best[0], worst[0], told) == ("ascending", "descending", "none")
    known = [float(value) for value in best[1] if value is not None]
    assert len(known) > 1
    assert known == sorted(known)
    assert [float(value) for value in worst[1] if value is not None] == known[::-1]
    for values in (best[1], worst[1]):  # what is missing comes last
        assert None not in values[: len(known)]
    assert last == first


def test_the_parts_of_a_table_are_sorted_together(report: Path, tmp_path: Path) -> None:
    orders = ask(
        report,
        tmp_path,
        """
        const tables = all("table.results", tableOf("ring").closest(".block"));
        click(tables[0], "Method");
        click(tables[0], "Method");
        return tables.map((table) => all("tbody.method th[scope=row]", table).map((cell) => cell.textContent.trim()));
        """,
    )
    assert len(orders) > 1
    assert orders[0] != sorted(orders[0])
    for order in orders[1:]:
        assert order == [label for label in orders[0] if label in order]


def test_columns_are_hidden_by_hand(report: Path, tmp_path: Path) -> None:
    before, after, again = ask(
        report,
        tmp_path,
        """
        const block = tableOf("ring").closest(".block");
        const heads = () => all("thead th[data-label]", block).filter(isShown).map((head) => head.dataset.label);
        const box = block.querySelector(".choose input"), before = heads();
        box.click();
        const after = heads();
        box.click();
        return [before, after, heads()];
        """,
    )
    assert after == before[1:]
    assert again == before


def test_a_keyboard_reaches_every_switch(report: Path, tmp_path: Path) -> None:
    found = ask(
        report,
        tmp_path,
        """
        const controls = all(".switches select, .switches button, .sort, .choose summary");
        return controls.map((control) => {
          control.focus();
          return page.activeElement === control && control.tabIndex;
        });
        """,
    )
    assert len(found) > 5
    assert set(found) == {0}
