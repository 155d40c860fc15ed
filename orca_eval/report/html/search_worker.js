"use strict";
// Full-text search: keeps the texts of the chunks it was given in lower case, and looks through them.

const chunks = new Map();
let wanted = "";
let round = 0;

function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function add(number, base64) {
  const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const all = await new Response(stream).text();
  const line = all.indexOf("\n");
  const head = JSON.parse(all.slice(0, line));
  const texts = all.slice(line + 1);
  let lower = texts.toLowerCase();
  const lengths = [...head.prompts, ...head.replies, ...(head.judged ?? [])];
  // A few letters grow in lower case: then every text is lowered alone and lengths follow.
  if (lower.length !== texts.length) {
    let at = 0;
    const parts = lengths.map((length) => texts.slice(at, (at += length)).toLowerCase());
    lower = parts.join("");
    parts.forEach((part, i) => { lengths[i] = part.length; });
  }
  const ends = new Uint32Array(lengths.length);
  lengths.reduce((total, length, i) => (ends[i] = total + length), 0);
  const { promptOf } = head;
  chunks.set(number, { lower, ends, prompts: head.prompts.length, replies: promptOf.length, promptOf });
}

// Texts (prompts first, then replies, then what judges said) of a chunk that hold `needle`.
function holding({ lower, ends }, needle) {
  const found = [];
  let text = 0;
  for (let at = lower.indexOf(needle); at >= 0;) {
    while (ends[text] <= at) text += 1;
    const inside = at + needle.length <= ends[text];
    if (inside) found.push(text);
    // On to the next text after a hit; after a match across a border, one letter further.
    at = lower.indexOf(needle, inside ? ends[text] : at + 1);
  }
  return found;
}

function search(number, needle) {
  const chunk = chunks.get(number);
  const hits = new Set();
  const prompts = new Set();
  for (const text of holding(chunk, needle)) {
    if (text < chunk.prompts) prompts.add(text);
    else hits.add((text - chunk.prompts) % chunk.replies);
  }
  chunk.promptOf.forEach((prompt, at) => { if (prompts.has(prompt)) hits.add(at); });
  return [...hits];
}

function answer(number) {
  postMessage({ kind: "hits", round, number, rows: search(number, wanted) });
}

onmessage = async ({ data }) => {
  if (data.kind === "search") {
    wanted = data.needle;
    round = data.round;
    if (wanted) for (const number of chunks.keys()) answer(number);
    return;
  }
  await add(data.number, data.base64);
  postMessage({ kind: "added", number: data.number });
  if (wanted) answer(data.number);
};
