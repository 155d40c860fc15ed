"use strict";
// The sample explorer: the list, its filters, the address, the keyboard.

const orcaExplorer = (() => {
  const HEIGHT = 30;
  const FILTERS = ["benchmark", "task", "run", "result", "solved", "rule", "finish", "outcome"];
  const { Virtualizer, elementScroll, observeElementRect, observeElementOffset } = TanStackVirtual;
  const { element } = orcaText;
  const byId = (id) => document.getElementById(id);
  const list = byId("list");
  // `chosen`: the selected sample was asked for, so that it belongs into the address.
  const state = { index: null, order: null, rows: new Uint32Array(0), selected: -1, chosen: false,
    beside: "", sort: "", descending: false };
  let [virtual, rows, search, sample] = [null, null, null, null];

  // Options by value, label and the name in an address, behind those that the page has.
  function fill(select, entries, kept = 1) {
    const { value } = select;
    select.length = kept;
    for (const [code, label, name = label] of entries) {
      const option = new Option(label, code);
      option.dataset.name = name;
      select.add(option);
    }
    select.value = value;
    if (select.selectedIndex < 0) select.selectedIndex = 0;
  }

  function fillTasks() {
    const benchmark = byId("by-benchmark").value;
    const seen = new Set();
    const { columns, tasks, count } = state.index;
    for (let row = 0; row < count; row += 1) {
      if (benchmark === "" || columns.benchmark[row] === Number(benchmark)) seen.add(columns.task[row]);
    }
    fill(byId("by-task"), [...seen].map((task) => [task, tasks[task]]));
  }

  function filters() {
    const value = (name) => byId(`by-${name}`).value;
    const equal = ["benchmark", "task", "run", "rule", "finish"].map((name) => [name, value(name)])
      .filter(([, code]) => code !== "").map(([name, code]) => [name, Number(code)]);
    return {
      equal: Object.fromEntries(equal),
      result: value("result"),
      solved: value("solved") === "" ? null : Number(value("solved")),
      pair: { a: Number(value("a")), b: Number(value("b")), outcome: value("outcome") },
    };
  }

  function refresh() {
    state.rows = rows.matching(filters(), state.order, search.found.hits);
    virtual.setOptions({ ...virtual.options, count: state.rows.length });
    virtual._willUpdate();
    virtual.measure();
    draw();
    status();
    state.chosen &&= search.left() > 0 || state.rows.includes(state.selected);
    if (!state.chosen) openFirst();
  }

  // Until a sample is chosen, the first of the list is open.
  function openFirst() {
    if (!state.rows.length) {
      state.selected = -1;
      byId("sample").replaceChildren(element("p", "No reply is like this.", "hint"));
    } else if (state.selected !== state.rows[0]) select(state.rows[0], false);
  }

  function status() {
    const found = state.rows.length.toLocaleString("en");
    const all = state.index.count.toLocaleString("en");
    const { needle } = search.found;
    const searching = needle && search.left() ? `, searching, ${search.left()} parts left` : "";
    byId("status").textContent = `${found} of ${all} replies${searching}`;
    Object.assign(byId("status").dataset, { found: state.rows.length, busy: Boolean(searching), needle });
  }

  function line(row) {
    const made = element("div", "", "row item");
    made.id = `row-${row}`;
    made.setAttribute("role", "option");
    made.dataset.row = row;
    for (const [name, field] of Object.entries(rows.FIELDS)) {
      made.append(element("span", field(row), name === "Result" ? rows.resultOf(row) : ""));
    }
    return made;
  }

  // Lines that stay on screen stay the same elements, so that a click under way still counts.
  function draw() {
    const space = byId("list-space");
    space.style.height = `${virtual.getTotalSize()}px`;
    const lines = virtual.getVirtualItems().map(({ index: at, start }) => {
      const row = state.rows[at];
      const made = byId(`row-${row}`) ?? line(row);
      made.setAttribute("aria-posinset", at + 1);
      made.setAttribute("aria-setsize", state.rows.length);
      made.setAttribute("aria-selected", row === state.selected);
      made.style.transform = `translateY(${start}px)`;
      return made;
    });
    const staying = new Set(lines);
    [...space.children].filter((child) => !staying.has(child)).forEach((child) => child.remove());
    lines.forEach((made, i) => {
      if (space.children[i] !== made) space.insertBefore(made, space.children[i] ?? null);
    });
    list.setAttribute("aria-activedescendant", state.selected < 0 ? "" : `row-${state.selected}`);
  }

  function setOrder(name, descending) {
    [state.sort, state.descending] = [name, descending];
    state.order = name ? rows.sorted(name, descending) : null;
    for (const button of byId("list-head").children) {
      const arrow = descending ? " ▼" : " ▲";
      button.textContent = button.dataset.name + (button.dataset.name === name ? arrow : "");
    }
  }

  // The address leads back to what is on the screen.
  function tell() {
    const parts = state.chosen && state.selected >= 0 ? [rows.addressOf(state.selected)] : [];
    const say = (name, value) => { if (value) parts.push(`${name}=${encodeURIComponent(value)}`); };
    const pair = byId("by-outcome").value ? ["a", "b"] : [];
    for (const name of [...FILTERS, ...pair]) {
      const [option] = byId(`by-${name}`).selectedOptions;
      if (option?.value) say(name, option.dataset.name ?? option.value);
    }
    say("q", search.found.needle);
    say("sort", state.sort && (state.descending ? "-" : "") + state.sort);
    history.replaceState(null, "", parts.length ? `#${parts.join("&")}` : location.pathname);
  }

  // Filters, search and order as an address has them.
  function apply(address) {
    byId("filters").reset();
    for (const name of [...FILTERS, "a", "b"]) {
      if (name === "task") fillTasks();
      const select = byId(`by-${name}`);
      const wanted = [...select.options].find((option) =>
        address[name] && (option.dataset.name ?? option.value) === address[name]);
      if (wanted) wanted.selected = true;
    }
    byId("search").value = address.q ?? "";
    search.find((address.q ?? "").trim().toLowerCase());
    const [, minus, name] = /^(-?)(.*)$/.exec(address.sort ?? "");
    setOrder(Object.hasOwn(rows.FIELDS, name) ? name : "", minus === "-");
  }

  function follow() {
    const address = rows.readAddress(location.hash);
    const known = ["sample", "q", "sort", "a", "b", ...FILTERS];
    if (!known.some((name) => Object.hasOwn(address, name))) return; // a section of the page
    const row = rows.rowAt(address);
    [state.selected, state.chosen] = [row, row >= 0];
    apply(address);
    refresh();
    byId("samples").scrollIntoView();
    if (row < 0) return;
    virtual.scrollToIndex(Math.max(0, state.rows.indexOf(row)), { align: "center" });
    select(row, true, false);
  }

  async function show() {
    const target = byId("sample");
    const { selected: row } = state;
    const others = rows.siblings(row);
    const chosen = { "": [], all: others }[state.beside]
      ?? others.filter((at) => String(state.index.columns.run[at]) === state.beside);
    try {
      const panes = await sample.panes(row, chosen, search.found.needle);
      if (state.selected !== row) return;
      const title = `${rows.taskOf(row)} #${state.index.columns.docId[row]}`;
      target.replaceChildren(element("h3", title), head(row, others), panes);
      target.dataset.row = row;
    } catch (error) {
      target.replaceChildren(element("p", `This sample can't be shown: ${error.message}`, "warning"));
    }
  }

  // Ways on: to the samples before and after, back to the list, a link, what stands beside it.
  function head(row, others) {
    const made = element("p", "", "ways");
    const way = (text, act) => {
      const button = element("button", text);
      button.type = "button";
      button.addEventListener("click", act);
      made.append(button);
    };
    way("◂ previous", () => move(-1));
    way("next ▸", () => move(1));
    way("to the list", () => { list.scrollIntoView({ block: "nearest" }); list.focus(); });
    const link = element("a", "link to this sample");
    link.href = `#${rows.addressOf(row)}`;
    made.append(link);
    if (others.length) {
      const select = element("select");
      select.id = "beside";
      select.add(new Option("nothing", ""));
      if (others.length > 1) select.add(new Option("all", "all"));
      const runs = [...new Set(others.map((at) => state.index.columns.run[at]))];
      runs.forEach((run) => select.add(new Option(state.index.runs[run], run)));
      select.value = state.beside;
      if (select.selectedIndex < 0) select.value = "";
      select.addEventListener("change", () => { state.beside = select.value; show(); });
      const label = element("label", "beside it ");
      label.append(select);
      made.append(label);
    }
    return made;
  }

  function select(row, chosen = true, told = true) {
    [state.selected, state.chosen] = [row, chosen];
    if (chosen && told) tell();
    draw();
    show();
  }

  function move(step) {
    if (!state.rows.length) return;
    const at = state.rows.indexOf(state.selected);
    const to = Math.max(0, Math.min(state.rows.length - 1, at < 0 ? 0 : at + step));
    virtual.scrollToIndex(to);
    select(state.rows[to]);
  }

  // A filter, a search or an order was changed by hand.
  function changed() {
    refresh();
    tell();
  }

  function listen() {
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    byId("filters").addEventListener("change", (event) => {
      if (event.target.id === "by-benchmark") fillTasks();
      if (event.target.id !== "search") changed();
    });
    byId("filters").querySelector("[type=reset]").addEventListener("click", (event) => {
      event.preventDefault();
      apply({});
      changed();
    });
    let typing = 0;
    byId("search").addEventListener("focus", () => search.start());
    byId("search").addEventListener("input", (event) => {
      clearTimeout(typing);
      typing = setTimeout(() => {
        search.find(event.target.value.trim().toLowerCase());
        changed();
        if (state.selected >= 0) show();
      }, 120);
    });
    list.addEventListener("click", (event) => {
      const line = event.target.closest(".item");
      if (!line) return;
      select(Number(line.dataset.row));
      // Where the sample lies below the list, it comes into sight.
      if (byId("sample").offsetTop >= list.offsetTop + list.offsetHeight) byId("sample").scrollIntoView();
    });
    const page = () => Math.max(1, Math.floor(list.clientHeight / HEIGHT) - 1);
    const steps = { ArrowDown: () => 1, ArrowUp: () => -1, PageDown: page, PageUp: () => -page(),
      Home: () => -Infinity, End: () => Infinity };
    list.addEventListener("keydown", (event) => {
      if (event.key === "Enter") byId("sample").focus();
      else if (steps[event.key]) move(steps[event.key]());
      else return;
      event.preventDefault();
    });
    document.addEventListener("keydown", (event) => {
      const typingNow = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
      if (event.key !== "/" || typingNow || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      byId("search").focus();
    });
    window.addEventListener("hashchange", follow);
  }

  function fillFilters() {
    const { benchmarks, runs, rules, finishes } = state.index;
    const { SOME, ALL, NOBODY } = rows.SOLVERS;
    const numbered = runs.map((label, i) => [i, rows.named(i), label]);
    fill(byId("by-benchmark"), benchmarks.map(([name, alias], i) => [i, alias, name]));
    fill(byId("by-run"), numbered);
    fill(byId("by-solved"), [...runs.map((label, i) => [i, `only ${label}`]),
      [SOME, "several"], [ALL, "all"], [NOBODY, "nobody"]]);
    fill(byId("by-rule"), rules.map((rule, i) => [i, rule]));
    fill(byId("by-finish"), finishes.map((finish, i) => [i, finish]));
    fill(byId("by-a"), numbered, 0);
    fill(byId("by-b"), numbered, 0);
    byId("pair").hidden = runs.length < 2;
    if (runs.length > 1) byId("by-b").options[1].defaultSelected = true;
    fillTasks();
  }

  async function start() {
    state.index = await orcaStore.readIndex();
    rows = orcaRows(state.index);
    search = orcaSearch(state.index, refresh);
    sample = orcaSample(state.index, rows);
    fillFilters();
    for (const name of Object.keys(rows.FIELDS)) {
      const button = element("button", name);
      button.type = "button";
      button.dataset.name = name;
      button.addEventListener("click", () => {
        setOrder(name, state.sort === name && !state.descending);
        changed();
      });
      byId("list-head").append(button);
    }
    virtual = new Virtualizer({
      count: 0,
      getScrollElement: () => list,
      estimateSize: () => HEIGHT,
      overscan: 8,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      onChange: draw,
    });
    virtual._didMount();
    virtual._willUpdate();
    listen();
    refresh();
    follow();
    document.body.dataset.ready = "true";
    // Texts are made ready for the first search ahead of it, where memory allows.
    if ((navigator.deviceMemory ?? 0) >= 4) requestIdleCallback(search.start, { timeout: 2000 });
  }

  return { start };
})();
