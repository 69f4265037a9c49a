// Switches for dataset and metric, sortable tables, columns that can be hidden. Without it the page shows everything.
"use strict";
(() => {
  const all = (root, what) => [...root.querySelectorAll(what)];
  const make = (tag, attributes, ...inside) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.append(...inside);
    return element;
  };
  const switches = document.getElementById("switches");
  const choice = (name) => switches?.elements[name]?.value ?? "";
  const unchecked = new Set();  // headers whose column is hidden by hand
  const metrics = new Map(all(document, "#switches [data-title]").map((option) => [option.dataset.title, option.value]));
  const datasets = new Map(all(document, "#switches [name=dataset] option").map((option) => [option.value, option.value]));

  // Columns: hidden by hand, or since another dataset or metric is chosen.
  const isOther = (chosen, own) => Boolean(chosen && own && chosen !== own);
  const isHidden = (header) => unchecked.has(header)
    || isOther(choice("dataset"), header.dataset.dataset) || isOther(choice("metric"), header.dataset.metric);
  const headersOf = (table) => all(table, "thead tr:last-child > th");

  function showColumns(table) {
    const headers = headersOf(table);
    const hidden = headers.map(isHidden);
    for (const row of all(table, "tr:not(.groups, .kind)")) {
      [...row.cells].forEach((cell, place) => { cell.hidden = hidden[place]; });
    }
    let place = headers.findIndex((header) => header.dataset.metric !== undefined);
    for (const group of all(table, "tr.groups > th")) {
      group.dataset.width ??= group.colSpan;
      const width = Number(group.dataset.width);
      const shown = hidden.slice(place, place + width).filter((gone) => !gone).length;
      group.hidden = shown === 0;
      group.colSpan = Math.max(shown, 1);
      place += width;
    }
    const of_metrics = headers.filter((header) => header.dataset.metric);
    table.closest(".scroll").hidden = of_metrics.length > 0 && of_metrics.every(isHidden);
  }

  // Whatever bears the title of another metric or dataset, or has nothing left to show, is hidden.
  function showTitled() {
    for (const element of all(document, "main [data-title]")) {
      const title = element.dataset.title;
      const dataset = element.closest("section[data-dataset]") ? undefined : datasets.get(title);
      element.hidden = isOther(choice("metric"), metrics.get(title.split(" · ")[0])) || isOther(choice("dataset"), dataset);
    }
  }
  const isGone = (element) => element.hidden || element.closest("[hidden]") !== null;
  function showBlocks() {
    for (const block of all(document, "main .block")) {
      const parts = all(block, ".scroll, .panel");
      block.hidden = parts.length > 0 && parts.every((part) => part.hidden);
    }
    for (const link of all(document, ".contents a")) {
      const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
      link.closest("li").hidden = target !== null && isGone(target);
    }
  }

  function show() {
    for (const section of all(document, "section[data-dataset]")) {
      section.hidden = isOther(choice("dataset"), section.dataset.dataset);
    }
    all(document, "table.results").forEach(showColumns);
    showTitled();
    showBlocks();
    const told = ["dataset", "metric"].map(choice).filter(Boolean).join(", ");
    const status = document.getElementById("shown");
    if (status) status.textContent = told ? `Only ${told} is shown.` : "";
  }

  // Sorting: all tables of a block together, since its columns continue from one to the next.
  const valueOf = (row, place) => {
    const cell = row.cells[place];
    if (place === 0) return cell.textContent.trim();
    return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
  };
  function compare(one, other) {
    if (one === null || other === null) return (one === null) - (other === null);
    return typeof one === "string" ? one.localeCompare(other, undefined, { numeric: true }) : one - other;
  }
  const labelOf = (row) => row.cells[0].textContent.trim();

  function sortBody(body, place, direction) {
    const rows = all(body, "tr:not(.kind)");
    rows.forEach((row, at) => { row.dataset.place ??= at; });
    const original = (one, other) => one.dataset.place - other.dataset.place;
    const ordered = rows.sort((one, other) => {
      if (direction === "none") return original(one, other);
      const [a, b] = [valueOf(one, place), valueOf(other, place)];
      const sign = direction === "descending" && a !== null && b !== null ? -1 : 1;
      return sign * compare(a, b) || original(one, other);
    });
    body.append(...ordered);
    return ordered.map(labelOf);
  }
  function follow(body, order) {
    const rows = all(body, "tr:not(.kind)");
    const ranks = new Map(order.map((label, rank) => [label, rank]));
    const rankOf = (row) => ranks.get(labelOf(row)) ?? order.length;
    body.append(...rows.sort((one, other) => rankOf(one) - rankOf(other)));
  }
  function sort(table, header) {
    const headers = headersOf(table);
    const first = header.dataset.better === "lower" || headers.indexOf(header) === 0 ? "ascending" : "descending";
    const second = first === "ascending" ? "descending" : "ascending";
    const now = header.getAttribute("aria-sort") ?? "none";
    const direction = { none: first, [first]: second, [second]: "none" }[now];
    const block = table.closest(".block") ?? table;
    for (const own of all(block, "thead th[aria-sort]")) own.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", direction);
    const bodies = all(table, "tbody.method");
    const orders = bodies.map((body) => sortBody(body, headers.indexOf(header), direction));
    for (const other of all(block, "table.results")) {
      if (other !== table) all(other, "tbody.method").forEach((body, at) => orders[at] && follow(body, orders[at]));
    }
  }
  function makeSortable(table) {
    headersOf(table).forEach((header, place) => {
      const has = all(table, "tbody.method tr:not(.kind)").filter((row) => row.cells[place].dataset.value !== undefined);
      if (place > 0 && has.length < 2) return;
      const button = make("button", { type: "button", className: "sort", title: "Sort by this column" });
      button.append(...header.childNodes);
      header.append(button);
      header.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => sort(table, header));
    });
  }

  // A list of the columns of a block, to hide some.
  function offerColumns(block) {
    const headers = all(block, "table.results thead th[data-label]");
    if (headers.length < 4) return;
    const boxes = headers.map((header) => {
      const box = make("input", { type: "checkbox", checked: true });
      box.addEventListener("change", () => {
        if (box.checked) unchecked.delete(header); else unchecked.add(header);
        show();
      });
      return make("label", {}, box, ` ${header.dataset.label}`);
    });
    const list = make("details", { className: "choose" }, make("summary", {}, "Columns"), make("div", {}, ...boxes));
    block.querySelector(".scroll").before(list);
  }

  all(document, "table.results").forEach(makeSortable);
  all(document, "main .block").forEach(offerColumns);
  if (!switches) return;
  switches.hidden = false;
  switches.addEventListener("change", show);
  switches.addEventListener("reset", () => setTimeout(show));
  switches.addEventListener("submit", (event) => event.preventDefault());
  show();  // a browser that comes back to the page keeps what was chosen
})();
