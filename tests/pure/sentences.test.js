import assert from "node:assert/strict";
import { test } from "node:test";
import { endOf, sentencesAfter } from "../../static/model/sentences.js";

/** What is said of a text that grows by a character at a time. */
function said(text) {
  const all = [];
  let place = endOf("");
  for (let length = 1; length <= text.length; length++) {
    const { sentences, ...next } = sentencesAfter(text.slice(0, length), place);
    all.push(...sentences);
    place = next;
  }
  return all;
}

test("a sentence is said when it is complete, and once", () => {
  assert.deepEqual(said("It works. Does it? Yes! And th"), ["It works.", "Does it?", "Yes!"]);
  assert.deepEqual(said("It costs 3.50 at example.com"), []);
});

test("a line that has ended is complete", () => {
  assert.deepEqual(said("# Title\n\n- one\n- two\n"), ["# Title", "- one", "- two"]);
});

test("it is the same in one piece", () => {
  const text = "One. Two.\nThree\n";
  assert.deepEqual(sentencesAfter(text, endOf("")).sentences, said(text));
});

test("code is left out", () => {
  assert.deepEqual(said("So:\n```js\na. b. c\nd\n```\nDone. "), ["So:", "Done."]);
});

test("who joins in the middle hears what comes", () => {
  const before = "One. Two ```\n```js\nlet";
  const { sentences } = sentencesAfter(`${before} x. y\n\`\`\`\nThree.\n`, endOf(before));
  assert.deepEqual(sentences, ["Three."]);
});
