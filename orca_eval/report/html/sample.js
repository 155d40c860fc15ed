"use strict";
// One sample: prompt and replies. Whatever a model wrote goes into the page as text, never as markup.

const orcaText = (() => {
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

  return { shown, element };
})();

// Draws samples of `index`; `needle` is what was searched for, in lower case.
function orcaSample(index, rows) {
  const { shown, element } = orcaText;
  let needle = "";

  // `text` as text nodes and marks: the extracted span, and what was searched for.
  function marked(text, start, end) {
    const pieces = document.createDocumentFragment();
    const plain = (part) => {
      const lower = part.toLowerCase();
      const usable = needle && lower.length === part.length;
      let from = 0;
      for (let at = usable ? lower.indexOf(needle) : -1; at >= 0;
        at = lower.indexOf(needle, from)) {
        pieces.append(shown(part.slice(from, at)));
        from = at + needle.length;
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
    details.open = inside || Boolean(needle && reasoning.toLowerCase().includes(needle));
    details.append(element("summary", "reasoning"), marked(reasoning, inside ? start : -1, end));
    const pieces = document.createDocumentFragment();
    pieces.append(details, marked(answer, inside ? -1 : start - length, end - length));
    return pieces;
  }

  function facts(row) {
    const { columns, finishes } = index;
    const terms = element("dl", "", "facts");
    const say = (name, value, className = "") => {
      const pair = element("div");
      pair.append(element("dt", name), element("dd", value, className));
      terms.append(pair);
    };
    say("result", rows.resultOf(row).replace("none", "no answer"), rows.resultOf(row));
    say("answer", rows.FIELDS.Answer(row));
    say("gold", rows.FIELDS.Gold(row));
    say("rule", rows.FIELDS.Rule(row));
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
    details.open = Boolean(needle && said.toLowerCase().includes(needle));
    const text = element("pre");
    text.tabIndex = 0;
    text.append(marked(said, -1, -1));
    details.append(element("summary", "the judge's words"), text);
    return details;
  }

  async function replyPane(row) {
    const { reply, said } = await orcaStore.texts(index, row);
    const { folded: length, start, end } = index.columns;
    const text = folded(reply, length[row], start[row], end[row]);
    const made = pane(`Reply of ${rows.FIELDS.Model(row)}`, text);
    made.classList.add("reply");
    made.insertBefore(facts(row), made.lastChild);
    if (said) made.append(judged(said));
    return made;
  }

  // Prompt and reply, and beside it those of `others`.
  async function panes(row, others, sought) {
    needle = sought;
    const { prompt } = await orcaStore.texts(index, row);
    const replies = [];
    for (const at of [row, ...others]) replies.push(await replyPane(at));
    const made = element("div", "", "panes");
    made.classList.toggle("two", others.length > 0);
    made.append(pane("Prompt", marked(prompt, -1, -1)), ...replies);
    return made;
  }

  return { panes };
}
