"use strict";
// What the explorer knows of the replies: their results, who solved what, filters, order, addresses.
// Nothing here touches the page.

function orcaRows(index) {
  const { columns, count, runs, tasks, benchmarks } = index;

  const resultOf = (row) => {
    const { score, answer, benchmark } = columns;
    if (answer[row] < 0) return "none";
    if (!benchmarks[benchmark[row]][2]) return "graded"; // a rating is its answer
    return score[row] > 0 ? "right" : "wrong";
  };
  const taskOf = (row) => tasks[columns.task[row]];
  // A run by its number and name: names may be alike as far as there is room for them.
  const named = (run) => (runs.length > 1 ? `${run + 1} · ${runs[run]}` : runs[run]);
  const FIELDS = {
    Sample: (row) => `#${columns.docId[row]} ${taskOf(row).replace(/^.*\//, "")}`,
    Model: (row) => named(columns.run[row]),
    Result: resultOf,
    Answer: (row) => index.answers[columns.answer[row]] ?? "–",
    Gold: (row) => index.golds[columns.gold[row]] ?? "",
    Rule: (row) => index.rules[columns.rule[row]] ?? "",
    Tokens: (row) => String(columns.replyTokens[row]),
  };

  // Rank of every text in alphabetical order, shifted by one for "none".
  function ranks(texts) {
    const order = [...texts.keys()].sort((a, b) => (texts[a] < texts[b] ? -1 : 1));
    const rank = new Uint32Array(texts.length + 1);
    order.forEach((text, at) => { rank[text + 1] = at + 1; });
    return rank;
  }

  const [answerRank, goldRank] = [ranks(index.answers), ranks(index.golds)];
  const KEYS = {
    Sample: (row) => row,
    Model: (row) => columns.run[row],
    Result: (row) => ["wrong", "none", "graded", "right"].indexOf(resultOf(row)),
    Answer: (row) => answerRank[columns.answer[row] + 1],
    Gold: (row) => goldRank[columns.gold[row] + 1],
    Rule: (row) => columns.rule[row],
    Tokens: (row) => columns.replyTokens[row],
  };

  // All rows in the order of a field.
  function sorted(name, descending) {
    const key = KEYS[name];
    // Key and row in one number, which typed arrays sort without a comparison function.
    const keys = Float64Array.from({ length: count }, (_, row) =>
      (descending ? 2 ** 31 - key(row) : key(row)) * 2 ** 22 + row).sort();
    return Uint32Array.from(keys, (joined) => joined % 2 ** 22);
  }

  // Calls `each(first, end, asked, solved)` for the rows of every document, with runs as sets.
  function documents(each) {
    for (let first = 0, end = 0; first < count; first = end) {
      const [asked, solved] = [new Set(), new Set()];
      for (end = first; end < count && columns.doc[end] === columns.doc[first]; end += 1) {
        asked.add(columns.run[end]);
        if (resultOf(end) === "right") solved.add(columns.run[end]);
      }
      each(first, end, asked, solved);
    }
  }

  // Who solved each row's document: the only run that did, or that several, all or none did.
  const [SOME, ALL, NOBODY] = [-1, -2, -3];
  function solvers() {
    const solvedBy = new Int32Array(count);
    documents((first, end, asked, solved) => {
      const everybody = solved.size === asked.size ? ALL : SOME;
      const only = solved.size === 1 && asked.size > 1;
      solvedBy.fill(solved.size === 0 ? NOBODY : only ? [...solved][0] : everybody, first, end);
    });
    return solvedBy;
  }
  let solvedBy = null;

  // Rows of two runs, where both answered the document and these of them were right.
  const OUTCOMES = { a: [true, false], b: [false, true], both: [true, true], neither: [false, false] };
  function compared(a, b, outcome) {
    const [rightA, rightB] = OUTCOMES[outcome];
    const kept = new Uint8Array(count);
    documents((first, end, asked, solved) => {
      const known = asked.has(a) && asked.has(b) && benchmarks[columns.benchmark[first]][2];
      if (!known || solved.has(a) !== rightA || solved.has(b) !== rightB) return;
      for (let row = first; row < end; row += 1) {
        kept[row] = columns.run[row] === a || columns.run[row] === b;
      }
    });
    return kept;
  }

  // The rows that every filter lets through, in order. `hits` are those of a search.
  function matching({ equal, result, solved, pair }, order, hits) {
    const filters = Object.entries(equal).map(([name, value]) => [columns[name], value]);
    const kept = pair.outcome && pair.a !== pair.b ? compared(pair.a, pair.b, pair.outcome) : null;
    if (solved !== null) solvedBy ??= solvers();
    const rows = new Uint32Array(count);
    let found = 0;
    for (let at = 0; at < count; at += 1) {
      const row = order ? order[at] : at;
      if (filters.every(([column, value]) => column[row] === value)
        && (!result || resultOf(row) === result)
        && (solved === null || solvedBy[row] === solved)
        && (!kept || kept[row])
        && (!hits || hits[row])) rows[found++] = row;
    }
    return rows.subarray(0, found);
  }

  // Other replies to the same document.
  function siblings(row) {
    const { doc } = columns;
    const rows = [];
    let first = row;
    while (first > 0 && doc[first - 1] === doc[row]) first -= 1;
    for (let at = first; at < count && doc[at] === doc[row]; at += 1) {
      if (at !== row) rows.push(at);
    }
    return rows;
  }

  const addressOf = (row) => {
    const sample = columns.sample[row] ? `:${columns.sample[row]}` : "";
    return `sample=${encodeURIComponent(taskOf(row))}:${columns.docId[row]}${sample}`
      + `&model=${encodeURIComponent(runs[columns.run[row]])}`;
  };

  const decoded = (text) => { try { return decodeURIComponent(text); } catch { return ""; } };

  // What an address says after #, by name; a sample is left as it stands.
  function readAddress(hash) {
    const parts = hash.replace(/^#/, "").split("&").map((part) => part.split("="));
    return Object.fromEntries(parts.map(([name, ...value]) =>
      [name, name === "sample" ? value.join("=") : decoded(value.join("="))]));
  }

  function rowAt({ sample = "", model = "" }) {
    const match = /^([^:]+):(-?\d+)(?::(\d+))?$/.exec(sample);
    if (!match) return -1;
    const [task, doc, number] = [decoded(match[1]), Number(match[2]), Number(match[3] ?? 0)];
    const [taskCode, runCode] = [tasks.indexOf(task), runs.indexOf(model)];
    for (let row = 0; row < count; row += 1) {
      if (columns.task[row] === taskCode && columns.run[row] === runCode
        && columns.docId[row] === doc && columns.sample[row] === number) return row;
    }
    return -1;
  }

  return { FIELDS, resultOf, taskOf, named, sorted, matching, siblings, addressOf, readAddress,
    rowAt, SOLVERS: { SOME, ALL, NOBODY } };
}
