import assert from "node:assert/strict";
import { test } from "node:test";
import { Replies } from "../../static/model/replies.js";

const TAKEOVER = 2_000_000_000;
const frame = (ordinal, more) => ({ thread_id: 1, reply_to: 7, author: 3, ordinal, ...more });
const begun = (...frames) => {
  const replies = new Replies();
  const isAsked = frames.map((one) => replies.hear(one));
  return { replies, isAsked, text: () => replies.get(7)?.content };
};

test("a reply grows by what follows the ordinal that is held", () => {
  const { isAsked, text } = begun(frame(1, { text: "" }), frame(2, { append: "one " }), frame(3, { append: "two" }));
  assert.equal(text(), "one two");
  assert.deepEqual(isAsked, [false, false, false]);
});

test("what is repeated is dropped", () => {
  const { replies, text } = begun(frame(1, { text: "a" }), frame(2, { append: "b" }));
  for (const one of [frame(2, { append: "b" }), frame(1, { append: "a" }), frame(1, { text: "a" })]) {
    assert.equal(replies.hear(one), false);
    assert.equal(text(), "ab");
  }
});

test("a gap is asked for once, and filled by the whole text", () => {
  const { replies, text } = begun(frame(1, { text: "a" }));
  assert.equal(replies.hear(frame(3, { append: "c" })), true);
  assert.equal(replies.hear(frame(4, { append: "d" })), false);
  assert.equal(text(), "a");
  replies.hear(frame(4, { text: "abcd" }));
  assert.equal(replies.hear(frame(5, { append: "e" })), false);
  assert.equal(text(), "abcde");
  assert.equal(replies.hear(frame(7, { append: "g" })), true);
});

test("of a reply that nobody has told of, the whole text is asked for", () => {
  const { replies, isAsked } = begun(frame(3, { append: "c" }), frame(4, { append: "d" }));
  assert.deepEqual(isAsked, [true, false]);
  assert.deepEqual(replies.list, []);
});

test("whoever takes it over begins anew, and the former owner is not heard any more", () => {
  const { replies, text } = begun(frame(1, { text: "old" }), frame(TAKEOVER, { text: "" }));
  replies.hear(frame(2, { append: " and older" }));
  replies.hear(frame(2, { text: "old and older" }));
  assert.equal(text(), "");
  replies.hear(frame(TAKEOVER + 1, { append: "new" }));
  assert.equal(text(), "new");
});

test("a failure is told, and is over when it is tried again", () => {
  const { replies } = begun(frame(1, { text: "half" }), frame(2, { text: "half", failure: "model_stalled" }));
  assert.equal(replies.get(7).failure, "model_stalled");
  replies.hear(frame(TAKEOVER, { text: "" }));
  assert.deepEqual([replies.get(7).failure, replies.get(7).content], [null, ""]);
});

test("what is not told again on a new connection is over when that is ready", () => {
  const { replies } = begun(frame(1, { text: "a" }), { ...frame(1, { text: "other" }), reply_to: 8 });
  replies.lose();
  assert.equal(replies.list.length, 2);
  replies.hear(frame(5, { text: "abcde" }));
  replies.ready();
  assert.deepEqual(replies.list.map(({ reply_to }) => reply_to), [7]);
  replies.lose();
  replies.ready();
  assert.deepEqual(replies.list, []);
});

test("where the answer to a gap is lost with the connection, the next gap is asked for", () => {
  const { replies } = begun(frame(1, { text: "a" }), frame(3, { append: "c" }));
  replies.lose();
  assert.equal(replies.hear(frame(4, { append: "d" })), true);
});

test("one that nobody writes any more is kept until its message comes", () => {
  const { replies } = begun(frame(1, { text: "a" }));
  replies.end(7);
  replies.end(8);
  assert.deepEqual([replies.get(7).content, replies.get(7).isOver], ["a", true]);
  replies.hear(frame(2, { append: "b" })); // the end was of the reply before this one
  assert.equal(replies.get(7).isOver, false);
  assert.equal(replies.remove(7), true);
  assert.equal(replies.remove(7), false);
  assert.deepEqual(replies.list, []);
});
