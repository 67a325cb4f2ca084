import assert from "node:assert/strict";
import { test } from "node:test";
import { languageOf, tokensOf } from "../../static/text/code-tokens.js";

/** By the name of a fence: code, and its tokens by kind. */
const CASES = {
  python: [
    '@cache\ndef f(x):\n    """Doc\n    "x" """\n    return rb"a" + f\'b\\\'\' + 0x1F  # c "d"\n',
    { name: ["@cache"], keyword: ["def", "return"], string: ['"""Doc\n    "x" """', 'rb"a"', "f'b\\''"], number: ["0x1F"], comment: ['# c "d"'] },
  ],
  tsx: [
    "const a = `x\n${1}`; // c\n/* m\n*/ class A { x = \"s\\\"t\"; y = 'o",
    { keyword: ["const", "class"], string: ["`x\n${1}`", '"s\\"t"', "'o"], comment: ["// c", "/* m\n*/"] },
  ],
  json: ['{"a": [1.5e3, true, "b: c"]}', { name: ['"a"'], number: ["1.5e3"], keyword: ["true"], string: ['"b: c"'] }],
  SQL: ["SELECT a, 'it''s' from t1 -- c\n", { keyword: ["SELECT", "from"], string: ["'it''s'"], comment: ["-- c"] }],
  html: [
    '<!-- c > --><a href="b">it\'s "c" &amp;</a>',
    { comment: ["<!-- c > -->"], keyword: ["<a", ">", "</a", ">"], name: ["href"], string: ['"b"'], number: ["&amp;"] },
  ],
  css: [
    "@media x { a:hover { color: #fff; margin: 0 1.5em !important } } /* c */",
    { keyword: ["@media", "!important"], name: ["color", "margin"], number: ["#fff", "0", "1.5em"], comment: ["/* c */"] },
  ],
  bash: [
    'for x in "$A"; do echo --foo ${B#c} $1 # d\ndone',
    { keyword: ["for", "in", "do", "echo", "done"], string: ['"$A"'], name: ["--foo", "${B#c}", "$1"], comment: ["# d"] },
  ],
  go: ["func f() { s := `r\n` + \"t\" } // c", { keyword: ["func"], string: ["`r\n`", '"t"'], comment: ["// c"] }],
  rust: ["fn f<'a>(x: &'a str) { 'b' } // c", { keyword: ["fn", "str"], string: ["'b'"], comment: ["// c"] }],
  java: ['@Override public int x() { return 1L; }', { name: ["@Override"], keyword: ["public", "int", "return"], number: ["1L"] }],
  "c++": ['#include <x>\nint y = \'\\n\'; // c', { keyword: ["#include", "int"], string: ["'\\n'"], comment: ["// c"] }],
  yml: ['a: 1 # c\n- b-d: "x"\n  e: true', { name: ["a", "b-d", "  e"], number: ["1"], comment: ["# c"], string: ['"x"'], keyword: ["true"] }],
  toml: ['[x]\na-b = "c" # d', { keyword: ["[x]"], name: ["a-b"], string: ['"c"'], comment: ["# d"] }],
  diff: ["--- a\n+++ b\n@@ 1\n-old\n+new\n same", { comment: ["--- a", "+++ b", "@@ 1"], removed: ["-old"], added: ["+new"] }],
};

function byKind(name, code) {
  const found = {};
  for (const { kind, start, end } of tokensOf(languageOf(name), code)) (found[kind] ??= []).push(code.slice(start, end));
  return found;
}

for (const [name, [code, expected]] of Object.entries(CASES)) {
  test(`the tokens of ${name}`, () => assert.deepEqual(byKind(name, code), expected));
}

test("a language is known by the names that models give it, and others are not", () => {
  assert.equal(languageOf('python title="x.py"'), "python");
  assert.equal(languageOf("{.JS}"), "javascript");
  for (const name of ["", "text", "constructor", "__proto__", "brainfuck", " "]) assert.equal(languageOf(name), undefined);
});

test("code that grows has the same tokens if it is read from its last line on", () => {
  for (const [name, [code]] of Object.entries(CASES)) {
    const language = languageOf(name);
    let kept = [];
    for (let end = 1; end <= code.length; end++) {
      const line = code.lastIndexOf("\n", end - 2) + 1;
      const from = Math.min(line, ...kept.filter((token) => token.end >= line).map(({ start }) => start));
      kept = [...kept.filter((token) => token.end < line), ...tokensOf(language, code.slice(0, end), from)];
      assert.deepEqual(kept, [...tokensOf(language, code.slice(0, end))], `${name}: ${code.slice(0, end)}`);
    }
  }
});

test("a flood of marks takes a time that grows with its length, in each language", () => {
  const units = ['"', "'", "`", "/*", "*", "/", "#", "<", "<!--", "-", "\\", "a ", "${", "@", '="', "&", "1.", "'''", '"""', '"a\\', "a-", "a:", "- ", "\n ", "\n[", "'\\", " ", "_"];
  for (const name of Object.keys(CASES)) {
    for (const unit of units) {
      const start = performance.now();
      for (const token of tokensOf(languageOf(name), unit.repeat(100_000 / unit.length))) assert.ok(token.end > token.start);
      assert.ok(performance.now() - start < 2_000, `${name}: ${unit}`);
    }
  }
});
