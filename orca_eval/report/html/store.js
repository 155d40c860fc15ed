"use strict";
// The packed samples: the index as typed arrays, texts chunk by chunk. See pack.py for the layout.

const orcaStore = (() => {
  const settings = JSON.parse(document.getElementById("settings").textContent);
  const ARRAYS = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array,
    int32: Int32Array, float32: Float32Array, float64: Float64Array };
  const KEPT = 12;
  const waiting = new Map();
  const loading = new Map();
  const kept = new Map();

  function bytesOf(base64) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
    const binary = atob(base64);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
    return bytes;
  }

  async function unzip(base64) {
    const stream = new Blob([bytesOf(base64)]).stream()
      .pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  }

  async function readIndex() {
    const buffer = await unzip(document.getElementById("data-index").textContent);
    const length = new DataView(buffer).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    const columns = {};
    for (const [name, [type, offset]] of Object.entries(head.columns)) {
      columns[name] = new ARRAYS[type](buffer, 4 + length + offset, head.count);
    }
    return { ...head, columns };
  }

  // A chunk's base64: from the page, or from a script beside it, which calls orcaEvalChunk.
  function packedChunk(number) {
    const element = document.getElementById(`data-chunk-${number}`);
    if (element) return Promise.resolve(element.textContent);
    if (loading.has(number)) return loading.get(number);
    const loaded = new Promise((resolve, reject) => {
      waiting.set(number, resolve);
      const script = document.createElement("script");
      script.src = `report_data/chunk-${number}.js`;
      script.onload = () => script.remove();
      script.onerror = () => {
        loading.delete(number);
        reject(new Error(`report_data/chunk-${number}.js is missing beside the report`));
      };
      document.head.append(script);
    }).finally(() => loading.delete(number));
    loading.set(number, loaded);
    return loaded;
  }

  window.orcaEvalChunk = (number, base64) => {
    waiting.get(number)?.(base64);
    waiting.delete(number);
  };

  async function chunk(number) {
    if (!kept.has(number)) {
      const text = new TextDecoder().decode(await unzip(await packedChunk(number)));
      const line = text.indexOf("\n");
      kept.set(number, { head: JSON.parse(text.slice(0, line)), text: text.slice(line + 1) });
      if (kept.size > KEPT) kept.delete(kept.keys().next().value);
    }
    return kept.get(number);
  }

  // Prompt and reply of one row of the index, and what a judge said of it.
  async function texts(index, row) {
    let number = index.starts.length - 1;
    while (index.starts[number] > row) number -= 1;
    const { head, text } = await chunk(number);
    const at = row - index.starts[number];
    const sum = (lengths, end) => lengths.slice(0, end).reduce((total, n) => total + n, 0);
    const prompt = sum(head.prompts, head.promptOf[at]);
    const reply = sum(head.prompts) + sum(head.replies, at);
    const judged = head.judged ?? [];
    const said = sum(head.prompts) + sum(head.replies) + sum(judged, at);
    return {
      prompt: text.slice(prompt, prompt + head.prompts[head.promptOf[at]]),
      reply: text.slice(reply, reply + head.replies[at]),
      said: text.slice(said, said + (judged[at] ?? 0)),
    };
  }

  // Numbers of all chunks, first those that may hold `needle` by its three-letter sequences.
  let hints = null;
  async function likelyFirst(needle) {
    const BYTES = 8192;
    hints ??= new Uint8Array(await unzip(document.getElementById("data-hints").textContent));
    const bytes = new TextEncoder().encode(needle);
    const hashes = [];
    for (let i = 2; i < bytes.length; i += 1) {
      const triple = bytes.subarray(i - 2, i + 1);
      if (triple.some((byte) => byte > 127)) continue;
      const joined = (triple[0] << 16) | (triple[1] << 8) | triple[2];
      hashes.push(Math.imul(joined, 2654435761) >>> 16);
    }
    const likely = (number) => hashes.every((hash) =>
      hints[number * BYTES + (hash >> 3)] & (1 << (hash & 7)));
    const all = [...Array(settings.chunks).keys()];
    return [...all.filter(likely), ...all.filter((number) => !likely(number))];
  }

  return { settings, readIndex, packedChunk, likelyFirst, texts };
})();
