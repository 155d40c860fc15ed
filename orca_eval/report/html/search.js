"use strict";
// Full-text search. Two workers share the chunks: each keeps what it was given and answers for it.

// `refresh` is called when more is found; `found` has what is looked for and which rows hold it.
function orcaSearch(index, refresh) {
  const found = { needle: "", hits: null };
  const workers = [];
  let waiting = [];
  let round = 0;
  let open = new Set();
  let timer = 0;

  function start() {
    if (workers.length) return;
    waiting = [...Array(orcaStore.settings.chunks).keys()];
    const source = JSON.parse(document.getElementById("worker-source").textContent);
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
    const first = index.starts[number];
    for (const row of rows) found.hits[first + row] = 1;
    if (!timer) timer = setTimeout(() => { timer = 0; refresh(); }, open.size ? 200 : 0);
  }

  function find(needle) {
    round += 1;
    found.needle = needle;
    found.hits = needle ? new Uint8Array(index.count) : null;
    open = new Set(needle ? Array(orcaStore.settings.chunks).keys() : []);
    if (!needle) return;
    start();
    workers.forEach((worker) => worker.postMessage({ kind: "search", needle, round }));
    orcaStore.likelyFirst(needle).then((order) => {
      const left = new Set(waiting);
      waiting = order.filter((number) => left.has(number));
    });
  }

  return { start, find, found, left: () => open.size };
}
