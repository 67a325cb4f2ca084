import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { markupOf } from "../../static/text/formatted-text.js";
import { OpenText } from "../../static/text/open-text.js";

const REPLIES = JSON.parse(readFileSync(new URL("../support/replies.json", import.meta.url), "utf8"));

/** Text nodes side by side are one: a document shows the same. */
function merged(markup) {
  const parts = [];
  for (const part of markup) {
    if (typeof part !== "string") parts.push({ ...part, children: merged(part.children) });
    else if (typeof parts.at(-1) === "string") parts.push(parts.pop() + part);
    else if (part) parts.push(part);
  }
  return parts;
}

const opened = (text) => merged(new OpenText().read(text).markup);
const complete = (text) => merged(markupOf(text));

/** What a page keeps between two steps, and what it shows after each. */
class Stream {
  #reader = new OpenText();
  #settled = "";
  #markup = [];
  #left;

  show(text, isComplete = false) {
    const rest = text.slice(this.#settled.length);
    if (isComplete) return merged([...this.#markup, ...this.#reader.readAll(rest, this.#left)]);
    const tail = this.#reader.read(rest, this.#left);
    const shown = merged([...this.#markup, ...tail.markup]);
    if (!tail.blocks) return shown;
    this.#markup.push(...tail.markup.slice(0, tail.blocks));
    this.#settled += rest.split(/(?<=\n|\r(?!\n))/).slice(0, tail.lines).join("");
    this.#left = tail.left;
    return shown;
  }
}

/** A text of marks, the same each time. */
function random(seed, length) {
  const parts = ["a", "b ", "\n", "\n", "\n\n", "  ", "    ", "- ", "1. ", "> ", "```", "```js\n", "~~~\n", "|", "|a|b|\n", "|-|-|\n",
    "---\n", "===\n", "# ", "**", "*", "_", "`", "[", "](", ")", "https://e.org", "[x] ", "$", "\\", "\r\n", "$$", "\\(", "<br>", "|\n|-"];
  let text = "";
  for (let left = length, state = seed; left--; ) {
    state = (state * 1103515245 + 12345) % 2147483648;
    text += parts[Math.floor((state / 2147483648) * parts.length)];
  }
  return text;
}

const TEXTS = [...REPLIES, REPLIES.join("\n\n"), ...Array.from({ length: 300 }, (_, seed) => random(seed + 1, 40))];

test("a text that streams looks at each prefix as if the prefix had come at once", () => {
  for (const text of TEXTS) {
    const stream = new Stream();
    const step = text.length > 2_000 ? 7 : 1;
    for (let end = 1; end < text.length; end += step) {
      const prefix = text.slice(0, end);
      assert.deepEqual(stream.show(prefix), opened(prefix), JSON.stringify(prefix.slice(-300)));
    }
    assert.deepEqual(stream.show(text, true), complete(text), JSON.stringify(text));
  }
});

test("a text that streams at other steps looks the same", () => {
  for (const text of TEXTS) {
    const stream = new Stream();
    for (let end = 1, step = 1; end < text.length; end += step = (step * 5 + 3) % 37) stream.show(text.slice(0, end));
    assert.deepEqual(stream.show(text, true), complete(text), JSON.stringify(text));
  }
});

const SAME = {
  "bold that is open": ["a **bold", "a **bold**"],
  "bold that is closed by half": ["a **bold*", "a **bold**"],
  "marks in marks": ["*a **b _c ~~d", "*a **b _c ~~d~~_***"],
  "a mark at the very end": ["a *", "a "],
  "a mark of a word at the very end": ["snake_", "snake"],
  "code that is open": ["use `a * b", "use `a * b`"],
  "code in bold": ["**a `b", "**a `b`**"],
  "code that is closed by half": ["``a `b`", "``a `b``"],
  "a backslash": ["a \\", "a "],
  "the words of a link": ["see [the do", "see the do"],
  "words of a link that are closed": ["see [the docs]", "see the docs"],
  "half an address": ["see [the docs](https://exa", "see the docs"],
  "half a scheme": ["see [the docs](htt", "see the docs"],
  "half a title": ['see [the docs](https://e.org "ti', "see the docs"],
  "an image": ["![a chart](https://e.org/c", "a chart"],
  "bold words of a link": ["[**a", "**a**"],
  "a link in bold": ["**see [a](https://e", "**see a**"],
  "half an address that leads nowhere": ["[a](/b", "[a](/b"],
  "a reference": ["see [1] and", "see [1] and"],
  "a bracket that was none of a link": ["[1\nand", "[1\nand"],
  "a bare address": ["see https://e.org/a.", "see https://e.org/a."],
  "a fence": ["a\n\n```py\nx = 1\n", "a\n\n```py\nx = 1"],
  "the line of a fence": ["a\n\n```py", "a\n\n"],
  "a fence that is closed by half": ["```py\nx\n``", "```py\nx\n```"],
  "a fence in an item": ["- a\n  ```\n  x", "- a\n  ```\n  x\n  ```"],
  "an item": ["- a\n-", "- a"],
  "a number": ["1. a\n2.", "1. a"],
  "a digit": ["1. a\n2", "1. a"],
  "a task": ["- [x] a\n- [", "- [x] a"],
  "a heading": ["a\n\n##", "a\n\n"],
  "a rule": ["a\n\n---", "a\n\n"],
  "a rule with its end": ["a\n\n---\n", "a\n\n---\n"],
  "a quote": ["> a\n>", "> a"],
  "bold in an item": ["- **a", "- **a**"],
  "the header of a table": ["| A | B", "| A | B\n|-|-|"],
  "the header of a table in a quote": ["> - | A | B", "> - | A | B\n>   |-|-|"],
  "a part of the line below a header": ["| A | B |\n|--", "| A | B |\n|-|-|"],
  "a part of the line below a header without pipes at its ends": ["A | B\n--", "A | B\n-|-"],
  "half a row": ["| A | B |\n|-|-|\n| 1 | **2", "| A | B |\n|-|-|\n| 1 | **2**"],
  "the pipe of a row": ["| A | B |\n|-|-|\n|", "| A | B |\n|-|-|"],
  "half a cell with a break": ["| A |\n|-|\n| 1<br>**2", "| A |\n|-|\n| 1<br>**2**"],
  "a formula": ["so $x_{i} + y_", "so $x_{i} + y"],
  "a formula in brackets": ["\\( a*b + c*d", "\\( a*b + c*d"],
  "a formula of lines": ["$$\na_1*b_1", "$$\na_1*b_1"],
  "money": ["it costs $5 and **b", "it costs $5 and **b**"],
  "emphasis that a paragraph has left open": ["a **b\n\n", "a **b"],
};

for (const [name, [text, same]] of Object.entries(SAME)) {
  test(`half written: ${name}`, () => {
    const isAddress = name === "a bare address";
    assert.deepEqual(opened(text), isAddress ? [{ name: "p", attributes: {}, children: [same] }] : complete(same));
  });
}

test("nothing flashes: words that are shown stay, while a reply is written character by character", () => {
  for (const reply of ["**Note:** use `a` or [b](https://e.org/c).\n\n| A | B |\n|---|---|\n| `c` | d |\n\n1. e\n2. f\n"]) {
    for (let end = 1; end <= reply.length; end++) {
      const shown = JSON.stringify(opened(reply.slice(0, end)));
      assert.ok(!/[|*`[\]](?!$)/.test(textOf(opened(reply.slice(0, end)))), shown);
    }
  }
});

test("a text of more blocks than a message may have streams like any other", () => {
  for (const unit of ["a\n\n", "> - a\n\n", "|a|\n|-|\n|b|\n\n"]) {
    const text = unit.repeat(3_000);
    const stream = new Stream();
    for (let end = 0; end < text.length; end += 501) {
      assert.deepEqual(stream.show(text.slice(0, end)), opened(text.slice(0, end)));
    }
    assert.deepEqual(stream.show(text, true), complete(text));
  }
});

function textOf(markup) {
  return markup.map((part) => (typeof part === "string" ? part : textOf(part.children))).join("");
}
