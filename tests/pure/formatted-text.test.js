import assert from "node:assert/strict";
import { test } from "node:test";
import { markupOf, wordsOf } from "../../static/text/formatted-text.js";

const TOLD = new Set(["href", "data-host", "start", "value", "style", "checked"]);

/** Each element as `name[attribute=value](children)`, without the attributes that all elements of this name have. */
function line({ name, attributes, children }) {
  const shown = Object.entries(attributes).filter(([key]) => TOLD.has(key)).map((pair) => `[${pair.join("=")}]`);
  return `${name}${shown.join("")}(${lines(children)})`;
}

/** Texts side by side are one. */
function lines(markup) {
  const shown = [];
  for (const [index, part] of markup.entries()) {
    if (typeof part !== "string") shown.push(line(part));
    else if (typeof markup[index - 1] === "string") shown.push(`${shown.pop().slice(0, -1)}${quoted(part).slice(1)}`);
    else shown.push(quoted(part));
  }
  return shown.join(" ");
}

const quoted = JSON.stringify;

const CASES = {
  "plain text": ["a < b & <b>c</b>", 'p("a < b & <b>c</b>")'],
  "paragraphs and lines": ["one\r\ntwo\n\nthree", 'p("one\\ntwo") p("three")'],
  emphasis: ["*a* **b** ***c*** ~~d~~", 'p(em("a") " " strong("b") " " strong(em("c")) " " del("d"))'],
  "marks that are none": ["2 * 3 * 4, snake_case_name, **open", 'p("2 * 3 * 4, snake_case_name, **open")'],
  code: ["`a` and ``b ` c``", 'p(code("a") " and " code("b ` c"))'],
  "code that begins with a backtick": ["`` `a` ``", 'p(code("`a`"))'],
  "a link": ["[here](https://e.org/x)", 'p(a[href=https://e.org/x][data-host=e.org]("here"))'],
  "an address": ["see https://e.org/x.", 'p("see " a[href=https://e.org/x]("https://e.org/x") ".")'],
  mentions: ["@ada, ask @Bob-2. *@cy*!", 'p(span("@ada") ", ask " span("@Bob-2") ". " em(span("@cy")) "!")'],
  "mentions that are none": ["a@b.org @ @- `@ada` /@ada @@ada @ada@b.org é@ada @adaé", 'p("a@b.org @ @- " code("@ada") " /@ada @@ada @ada@b.org é@ada @adaé")'],
  "a link that lies": [
    "[https://good.org](https://bad.org)",
    'p(a[href=https://bad.org/][data-host=bad.org]("https://good.org"))',
  ],
  "links to scripts": [
    "[a](javascript:alert(1)) [b](javascript://c@d/e)",
    'p("[a](javascript:alert(1)) [b](javascript://c@d/e)")',
  ],
  "a link in a link": [
    "[a https://b.org c](https://d.org)",
    'p(a[href=https://d.org/][data-host=d.org]("a https://b.org c"))',
  ],
  headings: ["# a\n###### b", 'h2("a") h6("b")'],
  "headings with a line below": ["A *b*\n===\nc\n---", 'h2("A " em("b")) h3("c")'],
  "a heading with signs at its end": ["## a ##\n   # b#", 'h3("a") h2("b#")'],
  "a rule below a sentence": ["A sentence.\n---\nb", 'p("A sentence.") hr() p("b")'],
  "a line to fill in": ["Name:\n____", 'p("Name:\\n____")'],
  formulas: ["$a_{i} *b* c_{j}$, \\(*a*\\), \\[ *b*\\\\ \\], $$*c*$$", String.raw`p("$a_{i} *b* c_{j}$, \\(*a*\\), \\[ *b*\\\\ \\], $$*c*$$")`],
  money: ["$5 and *a* $6", 'p("$5 and " em("a") " $6")'],
  "a link with a title": ['[a](https://e.org/x "t")', 'p(a[href=https://e.org/x][data-host=e.org]("a"))'],
  "an address in brackets": ["<https://e.org/x>", 'p(a[href=https://e.org/x]("https://e.org/x"))'],
  "what is indented in an item": ["1. a\n\n     b\n      c", 'ol[start=1][style=--digits: 1](li(p("a") p("b\\n c")))'],
  "a rule": ["a\n\n---\nb", 'p("a") hr() p("b")'],
  "a quote in a quote": ["> a\n> > b", 'blockquote(p("a") blockquote(p("b")))'],
  "a list in a list": ["- a\n  1. b\n- c", 'ul(li(p("a") ol[start=1][style=--digits: 1](li(p("b")))) li(p("c")))'],
  "numbers that leap": ["8. a\n10. b", 'ol[start=8][style=--digits: 2](li(p("a")) li[value=10](p("b")))'],
  "no list": ["Born in\n1986. A good year.", 'p("Born in\\n1986. A good year.")'],
  tasks: ["- [x] a\n- [ ] b", 'ul(li(input[checked=]() p("a")) li(input() p("b")))'],
  "a block of code": ["```js\na\n  b", 'code-block(header(span("js") button("Copy")) pre(code("a\\n  b")))'],
  "a table": [
    "|a|b|\n|-|-:|\n|1|\\||",
    'div(table(thead(tr(th("a") th[style=text-align: end]("b"))) tbody(tr(td("1") td[style=text-align: end]("|")))))',
  ],
  "pipes in code of a table": [
    "|a|b|\n|-|-|\n|`c||d`|e|\n|`f|`g|",
    'div(table(thead(tr(th("a") th("b"))) tbody(tr(td(code("c||d")) td("e")) tr(td("`f") td("`g")))))',
  ],
  "lines in a cell": ["|a|\n|-|\n|b<br>*c<br/>d*|", 'div(table(thead(tr(th("a"))) tbody(tr(td("b" br() em("c" br() "d"))))))'],
};

for (const [name, [text, expected]] of Object.entries(CASES)) {
  test(name, () => assert.equal(lines(markupOf(text)), expected));
}

test("a message says its words on one line", () => {
  assert.equal(wordsOf("# A\n**b** `c`\n\n- [x] [d](https://e.org)\n> f\n\n```py\ng\n```\n|h|i|\n|-|-|"), "A b c d f g h i");
  assert.equal(wordsOf(" \n"), "");
});

const HOSTILE = {
  backticks: "`".repeat(100_000),
  brackets: "[".repeat(100_000),
  stars: "*a ".repeat(30_000),
  emphasis: "*a* ".repeat(30_000),
  quotes: `${">".repeat(10_000)} a`,
  cells: `|a|\n|-|\n${"|b|\n".repeat(30_000)}`,
};

for (const [name, text] of Object.entries(HOSTILE)) {
  test(`a flood of ${name} stays small, and its text is kept`, () => {
    const markup = markupOf(text);
    assert.ok(count(markup) < 20_000);
    const letters = text.replace(/[^ab]/g, "").length;
    assert.equal(wordsOf(text).replace(/[^ab]/g, "").length, letters);
  });
}

test("marks in marks are not as deep as somebody likes", () => {
  const markup = markupOf("*a _b ".repeat(50) + "b_ a* ".repeat(50));
  assert.ok(depth(markup) > 10 && depth(markup) < 20);
});

function depth(markup) {
  return Math.max(0, ...markup.map((part) => (typeof part === "string" ? 0 : 1 + depth(part.children))));
}

function count(markup) {
  return markup.reduce((sum, part) => sum + (typeof part === "string" ? 0 : 1 + count(part.children)), 0);
}
