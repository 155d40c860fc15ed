"use strict";
// The sample explorer. Whatever a model wrote goes into the page as text, never as markup.

const orcaExplorer = (() => {
  const HEIGHT = 30;
  const { Virtualizer, elementScroll, observeElementRect, observeElementOffset } = TanStackVirtual;
  const byId = (id) => document.getElementById(id);
  const list = byId("list");
  const state = { index: null, order: null, rows: new Uint32Array(0), selected: -1,
    sort: null, descending: false, hits: null, needle: "" };
  let virtual = null;

  const resultOf = (row) => {
    const { score, answer, benchmark } = state.index.columns;
    if (answer[row] < 0) return "none";
    if (!state.index.benchmarks[benchmark[row]][2]) return "graded"; // a rating is its answer
    return score[row] > 0 ? "right" : "wrong";
  };
  const taskOf = (row) => state.index.tasks[state.index.columns.task[row]];
  const FIELDS = {
    Sample: (row) => `#${state.index.columns.docId[row]} ${taskOf(row).replace(/^.*\//, "")}`,
    Model: (row) => state.index.runs[state.index.columns.run[row]],
    Result: resultOf,
    Answer: (row) => state.index.answers[state.index.columns.answer[row]] ?? "–",
    Gold: (row) => state.index.golds[state.index.columns.gold[row]] ?? "",
    Rule: (row) => state.index.rules[state.index.columns.rule[row]] ?? "",
  };
  const KEYS = {
    Sample: (row) => row,
    Model: (row) => state.index.columns.run[row],
    Result: (row) => ["wrong", "none", "graded", "right"].indexOf(resultOf(row)),
    Answer: (row) => state.answerRank[state.index.columns.answer[row] + 1],
    Gold: (row) => state.goldRank[state.index.columns.gold[row] + 1],
    Rule: (row) => state.index.columns.rule[row],
  };

  // Control characters, which could turn text around or hide it, as their codes.
  const shown = (text) => text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

  function element(tag, text = "", className = "") {
    const made = document.createElement(tag);
    made.textContent = shown(text);
    if (className) made.className = className;
    return made;
  }

  // Rank of every text in alphabetical order, shifted by one for "none".
  function ranks(texts) {
    const order = [...texts.keys()].sort((a, b) => (texts[a] < texts[b] ? -1 : 1));
    const rank = new Uint32Array(texts.length + 1);
    order.forEach((text, at) => { rank[text + 1] = at + 1; });
    return rank;
  }

  function fill(select, entries) {
    const chosen = select.value;
    select.length = 1;
    for (const [value, label] of entries) select.add(new Option(label, value));
    select.value = chosen;
    if (select.selectedIndex < 0) select.selectedIndex = 0;
  }

  function fillTasks() {
    const benchmark = byId("by-benchmark").value;
    const seen = new Set();
    const { columns } = state.index;
    for (let row = 0; row < state.index.count; row += 1) {
      if (benchmark === "" || columns.benchmark[row] === Number(benchmark)) seen.add(columns.task[row]);
    }
    fill(byId("by-task"), [...seen].map((task) => [task, state.index.tasks[task]]));
  }

  // Who solved each row's document: the only run that did, or that several, all or none did.
  const [SOME, ALL, NOBODY] = [-1, -2, -3];
  function solvers() {
    const { columns, count } = state.index;
    const solvedBy = new Int32Array(count);
    for (let first = 0, end = 0; first < count; first = end) {
      const [asked, solved] = [new Set(), new Set()];
      for (end = first; end < count && columns.doc[end] === columns.doc[first]; end += 1) {
        asked.add(columns.run[end]);
        if (resultOf(end) === "right") solved.add(columns.run[end]);
      }
      const everybody = solved.size === asked.size ? ALL : SOME;
      const only = solved.size === 1 && asked.size > 1;
      solvedBy.fill(solved.size === 0 ? NOBODY : only ? [...solved][0] : everybody, first, end);
    }
    return solvedBy;
  }

  function matching() {
    const { columns, count } = state.index;
    const wanted = (id) => (byId(id).value === "" ? -1 : Number(byId(id).value));
    const filters = [["by-benchmark", "benchmark"], ["by-task", "task"], ["by-run", "run"],
      ["by-rule", "rule"], ["by-finish", "finish"]]
      .map(([id, name]) => [columns[name], wanted(id)]).filter(([, value]) => value >= 0);
    const result = byId("by-result").value;
    const solved = byId("by-solved").value;
    const rows = new Uint32Array(count);
    let found = 0;
    for (let at = 0; at < count; at += 1) {
      const row = state.order ? state.order[at] : at;
      if (filters.every(([column, value]) => column[row] === value)
        && (!result || resultOf(row) === result)
        && (!solved || state.solvedBy[row] === Number(solved))
        && (!state.hits || state.hits[row])) rows[found++] = row;
    }
    return rows.subarray(0, found);
  }

  function refresh() {
    state.rows = matching();
    virtual.setOptions({ ...virtual.options, count: state.rows.length });
    virtual._willUpdate();
    virtual.measure();
    draw();
    status();
  }

  function status() {
    const found = state.rows.length.toLocaleString("en");
    const all = state.index.count.toLocaleString("en");
    const searching = state.needle && search.left() ? `, searching, ${search.left()} parts left` : "";
    byId("status").textContent = `${found} of ${all} replies${searching}`;
    byId("status").dataset.found = state.rows.length;
    byId("status").dataset.busy = Boolean(searching);
    byId("status").dataset.needle = state.needle;
  }

  function line(row) {
    const made = element("div", "", "row item");
    made.id = `row-${row}`;
    made.setAttribute("role", "option");
    made.dataset.row = row;
    for (const [name, field] of Object.entries(FIELDS)) {
      made.append(element("span", field(row), name === "Result" ? resultOf(row) : ""));
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

  function sortBy(name) {
    state.descending = state.sort === name && !state.descending;
    state.sort = name;
    const key = KEYS[name];
    const { count } = state.index;
    // Key and row in one number, which typed arrays sort without a comparison function.
    const keys = Float64Array.from({ length: count }, (_, row) =>
      (state.descending ? 2 ** 31 - key(row) : key(row)) * 2 ** 22 + row).sort();
    state.order = Uint32Array.from(keys, (joined) => joined % 2 ** 22);
    for (const button of byId("list-head").children) {
      const arrow = state.descending ? " ▼" : " ▲";
      button.textContent = button.dataset.name + (button.dataset.name === name ? arrow : "");
    }
    refresh();
  }

  const addressOf = (row) => {
    const { columns, tasks, runs } = state.index;
    const sample = columns.sample[row] ? `:${columns.sample[row]}` : "";
    return `#sample=${encodeURIComponent(tasks[columns.task[row]])}:${columns.docId[row]}${sample}`
      + `&model=${encodeURIComponent(runs[columns.run[row]])}`;
  };

  function rowAt(hash) {
    const match = /^#sample=([^:&]+):(-?\d+)(?::(\d+))?&model=(.+)$/.exec(hash);
    if (!match) return -1;
    const decoded = (text) => { try { return decodeURIComponent(text); } catch { return ""; } };
    const [task, doc, sample, run] = [decoded(match[1]), Number(match[2]),
      Number(match[3] ?? 0), decoded(match[4])];
    const { columns, count, tasks, runs } = state.index;
    const [taskCode, runCode] = [tasks.indexOf(task), runs.indexOf(run)];
    for (let row = 0; row < count; row += 1) {
      if (columns.task[row] === taskCode && columns.run[row] === runCode
        && columns.docId[row] === doc && columns.sample[row] === sample) return row;
    }
    return -1;
  }

  // `text` as text nodes and marks: the extracted span, and what was searched for.
  function marked(text, start, end) {
    const pieces = document.createDocumentFragment();
    const plain = (part) => {
      const lower = part.toLowerCase();
      const usable = state.needle && lower.length === part.length;
      let from = 0;
      for (let at = usable ? lower.indexOf(state.needle) : -1; at >= 0;
        at = lower.indexOf(state.needle, from)) {
        pieces.append(shown(part.slice(from, at)));
        from = at + state.needle.length;
        pieces.append(element("mark", part.slice(at, from), "hit"));
      }
      pieces.append(shown(part.slice(from)));
    };
    if (start >= 0 && end > start) {
      plain(text.slice(0, start));
      const span = element("mark", text.slice(start, end), "evidence");
      span.title = "what the answer was taken from";
      pieces.append(span);
      plain(text.slice(end));
    } else plain(text);
    return pieces;
  }

  // A reply, its reasoning folded unless what is looked for stands in it.
  function folded(reply, length, start, end) {
    if (!length) return marked(reply, start, end);
    const [reasoning, answer] = [reply.slice(0, length), reply.slice(length)];
    const inside = start >= 0 && start < length;
    const details = element("details");
    details.open = inside || Boolean(state.needle && reasoning.toLowerCase().includes(state.needle));
    details.append(element("summary", "reasoning"), marked(reasoning, inside ? start : -1, end));
    const pieces = document.createDocumentFragment();
    pieces.append(details, marked(answer, inside ? -1 : start - length, end - length));
    return pieces;
  }

  function facts(row) {
    const { columns, finishes } = state.index;
    const terms = element("dl", "", "facts");
    const say = (name, value, className = "") => {
      const pair = element("div");
      pair.append(element("dt", name), element("dd", value, className));
      terms.append(pair);
    };
    say("result", resultOf(row).replace("none", "no answer"), resultOf(row));
    say("answer", FIELDS.Answer(row));
    say("gold", FIELDS.Gold(row));
    say("rule", FIELDS.Rule(row));
    say("finish", finishes[columns.finish[row]] ?? "");
    if (!Number.isNaN(columns.f1[row])) say("F1", columns.f1[row].toFixed(2));
    say("tokens", `${columns.promptTokens[row]} in, ${columns.replyTokens[row]} out`);
    return terms;
  }

  function pane(title, content) {
    const made = element("div", "", "pane");
    const text = element("pre");
    text.tabIndex = 0;
    text.append(content);
    made.append(element("h4", title), text);
    return made;
  }

  // What a judge said, folded unless what is looked for stands in it.
  function judged(said) {
    const details = element("details", "", "judged");
    details.open = Boolean(state.needle && said.toLowerCase().includes(state.needle));
    const text = element("pre");
    text.tabIndex = 0;
    text.append(marked(said, -1, -1));
    details.append(element("summary", "the judge's words"), text);
    return details;
  }

  async function replyPane(row) {
    const { columns } = state.index;
    const { reply, said } = await orcaStore.texts(state.index, row);
    const text = folded(reply, columns.folded[row], columns.start[row], columns.end[row]);
    const made = pane(`Reply of ${FIELDS.Model(row)}`, text);
    made.classList.add("reply");
    made.insertBefore(facts(row), made.lastChild);
    if (said) made.append(judged(said));
    return made;
  }

  // Other replies to the same document.
  function siblings(row) {
    const { doc } = state.index.columns;
    const rows = [];
    let first = row;
    while (first > 0 && doc[first - 1] === doc[row]) first -= 1;
    for (let at = first; at < state.index.count && doc[at] === doc[row]; at += 1) {
      if (at !== row) rows.push(at);
    }
    return rows;
  }

  async function show(row, beside = "") {
    const target = byId("sample");
    try {
      const { prompt } = await orcaStore.texts(state.index, row);
      const others = siblings(row);
      const chosen = beside === "all" ? others : beside === "" ? [] : [Number(beside)];
      const replies = [];
      for (const at of [row, ...chosen]) replies.push(await replyPane(at));
      if (state.selected !== row) return;
      const panes = element("div", "", "panes");
      panes.classList.toggle("two", chosen.length > 0);
      panes.append(pane("Prompt", marked(prompt, -1, -1)), ...replies);
      const link = element("a", "link to this sample");
      link.href = addressOf(row);
      const head = element("p");
      head.append(link);
      if (others.length) {
        const select = element("select");
        select.id = "beside";
        select.add(new Option("nothing", ""));
        if (others.length > 1) select.add(new Option("all", "all"));
        others.forEach((at) => select.add(new Option(FIELDS.Model(at), at)));
        select.value = beside;
        select.addEventListener("change", () => show(row, select.value));
        const label = element("label", " · beside it ");
        label.append(select);
        head.append(label);
      }
      target.replaceChildren(element("h3", `${taskOf(row)} #${state.index.columns.docId[row]}`), head, panes);
      target.dataset.row = row;
    } catch (error) {
      target.replaceChildren(element("p", `This sample can't be shown: ${error.message}`, "warning"));
    }
  }

  function select(row, keepAddress = false) {
    state.selected = row;
    if (!keepAddress) history.replaceState(null, "", addressOf(row));
    draw();
    show(row);
  }

  function move(step) {
    if (!state.rows.length) return;
    const at = state.rows.indexOf(state.selected);
    const to = Math.max(0, Math.min(state.rows.length - 1, at < 0 ? 0 : at + step));
    virtual.scrollToIndex(to);
    select(state.rows[to]);
  }

  function follow() {
    const row = rowAt(location.hash);
    if (row < 0) return;
    byId("filters").reset();
    search.find("");
    fillTasks();
    refresh();
    virtual.scrollToIndex(state.rows.indexOf(row), { align: "center" });
    select(row, true);
    byId("samples").scrollIntoView();
  }

  // Two workers share the chunks: each keeps what it was given and answers for it.
  const search = (() => {
    const workers = [];
    let waiting = [];
    let round = 0;
    let open = new Set();
    let timer = 0;

    function start() {
      if (workers.length) return;
      waiting = [...Array(orcaStore.settings.chunks).keys()];
      const source = JSON.parse(byId("worker-source").textContent);
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      const count = Math.max(1, Math.min(2, navigator.hardwareConcurrency || 1));
      for (let i = 0; i < count; i += 1) {
        const worker = new Worker(url);
        worker.onmessage = ({ data }) => (data.kind === "added" ? give(worker) : take(data));
        workers.push(worker);
        give(worker);
        give(worker);
      }
    }

    function give(worker) {
      const number = waiting.shift();
      if (number === undefined) return;
      orcaStore.packedChunk(number).then(
        (base64) => worker.postMessage({ kind: "add", number, base64 }),
        () => { open.delete(number); give(worker); },
      );
    }

    function take({ round: of, number, rows }) {
      if (of !== round) return;
      open.delete(number);
      const first = state.index.starts[number];
      for (const row of rows) state.hits[first + row] = 1;
      if (!timer) timer = setTimeout(() => { timer = 0; refresh(); }, open.size ? 200 : 0);
    }

    function find(needle) {
      round += 1;
      state.needle = needle;
      state.hits = needle ? new Uint8Array(state.index.count) : null;
      open = new Set(needle ? Array(orcaStore.settings.chunks).keys() : []);
      if (!needle) return;
      start();
      workers.forEach((worker) => worker.postMessage({ kind: "search", needle, round }));
      orcaStore.likelyFirst(needle).then((order) => {
        const left = new Set(waiting);
        waiting = order.filter((number) => left.has(number));
      });
    }

    return { start, find, left: () => open.size };
  })();

  function listen() {
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    byId("filters").addEventListener("change", (event) => {
      if (event.target.id === "by-benchmark") fillTasks();
      if (event.target.id !== "search") refresh();
    });
    byId("filters").addEventListener("reset", () => setTimeout(() => {
      search.find("");
      fillTasks();
      refresh();
    }));
    let typing = 0;
    byId("search").addEventListener("focus", () => search.start());
    byId("search").addEventListener("input", (event) => {
      clearTimeout(typing);
      typing = setTimeout(() => {
        search.find(event.target.value.trim().toLowerCase());
        refresh();
        if (state.selected >= 0) show(state.selected);
      }, 120);
    });
    list.addEventListener("click", (event) => {
      const line = event.target.closest(".item");
      if (line) select(Number(line.dataset.row));
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

  async function start() {
    state.index = await orcaStore.readIndex();
    state.answerRank = ranks(state.index.answers);
    state.goldRank = ranks(state.index.golds);
    fill(byId("by-benchmark"), state.index.benchmarks.map(([, alias], i) => [i, alias]));
    fill(byId("by-run"), state.index.runs.map((label, i) => [i, label]));
    state.solvedBy = solvers();
    fill(byId("by-solved"), [...state.index.runs.map((label, i) => [i, `only ${label}`]),
      [SOME, "several"], [ALL, "all"], [NOBODY, "nobody"]]);
    fill(byId("by-rule"), state.index.rules.map((rule, i) => [i, rule]));
    fill(byId("by-finish"), state.index.finishes.map((finish, i) => [i, finish]));
    fillTasks();
    for (const name of Object.keys(FIELDS)) {
      const button = element("button", name);
      button.type = "button";
      button.dataset.name = name;
      button.addEventListener("click", () => sortBy(name));
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
