import assert from "node:assert/strict";
import { test } from "node:test";
import { arranged, choiceOf } from "../../static/model/versions.js";

// The id of a message is its seq and 100.
const question = (seq, more) => ({ id: 100 + seq, seq, role: "user", content: `q${seq}`, reply_to: null, client_id: null, ...more });
const answer = (seq, to, more) => ({ ...question(seq, more), role: "assistant", content: `r${seq}`, reply_to: 100 + to });
const reply = (to, more) => ({ reply_to: 100 + to, role: "assistant", ordinal: 1, content: `draft of q${to}`, failure: null, ...more });
const send = (replaces, state = "sending") => ({ client_id: "c", content: "edited", replaces, state });
const held = (messages, more) => ({ messages, sends: [], replies: [], read: new Map(), chosen: new Map(), ...more });
const said = (...of) => arranged(held(...of)).map(({ message, versions }) =>
  versions ? `${message.content} ${versions.number}/${versions.count}` : message.content);

const REGENERATED = [question(1), answer(2, 1), question(3), answer(4, 3), answer(5, 1, { replaces: 2, version: 2 })];
const EDITED = [question(1), answer(2, 1), question(3, { replaces: 1, version: 2 }), answer(4, 3)];

test("messages that nothing replaces are shown as they are", () => {
  const messages = [question(1), answer(2, 1)];
  assert.deepEqual(arranged(held(messages)).map(({ at }) => at), messages);
  assert.deepEqual(said(messages), ["q1", "r2"]);
});

test("of a reply that was written again, the newest version is shown in its place", () => {
  assert.deepEqual(said(REGENERATED), ["q1", "r5 2/2", "q3", "r4"]);
  assert.equal(arranged(held(REGENERATED))[1].at, REGENERATED[1]);
});

test("another version is shown when it is chosen, until a newer one comes", () => {
  const chosen = new Map([["5", 2]]);
  assert.deepEqual(said(REGENERATED, { chosen }), ["q1", "r2 1/2", "q3", "r4"]);
  const more = [...REGENERATED, answer(6, 1, { replaces: 5, version: 3 })];
  assert.deepEqual(said(more, { chosen }), ["q1", "r6 3/3", "q3", "r4"]);
  const { versions } = arranged(held(more, { chosen: new Map([["6", 5]]) }))[1];
  assert.deepEqual(versions, { key: "6", number: 2, count: 3, older: 2, newer: "newest" });
});

test("the replies to a question that was edited are shown with that version of it", () => {
  assert.deepEqual(said(EDITED), ["q3 2/2", "r4"]);
  assert.deepEqual(said(EDITED, { chosen: new Map([["3", 1]]) }), ["q1 1/2", "r2"]);
});

test("where the newer version is not held, the old one is an ordinary message", () => {
  assert.deepEqual(said(REGENERATED.slice(0, 4)), ["q1", "r2", "q3", "r4"]);
});

test("an older version that is not held can be read, and is shown in the place of the newer one", () => {
  const messages = REGENERATED.slice(2);
  assert.deepEqual(said(messages), ["q3", "r4", "r5 2/2"]);
  assert.deepEqual(arranged(held(messages))[2].versions, { key: "5", number: 2, count: 2, older: 2, newer: undefined });
  const read = new Map([[2, REGENERATED[1]]]);
  assert.deepEqual(said(messages, { read, chosen: new Map([["5", 2]]) }), ["q3", "r4", "r2 1/2"]);
  const edited = EDITED.slice(2);
  const chosen = new Map([["3", 1]]);
  assert.deepEqual(said(edited, { read: new Map([[1, EDITED[0]]]), chosen }), ["q1 1/2"]);
});

test("a reply that is being written is at the end, and one that has failed below its question", () => {
  const messages = [question(1), question(2)];
  assert.deepEqual(said(messages, { replies: [reply(1)] }), ["q1", "q2", "draft of q1"]);
  const replies = [reply(1, { failure: "bot_failed" }), reply(9, { failure: "bot_failed" })];
  assert.deepEqual(said(messages, { replies }), ["q1", "draft of q1", "q2", "draft of q9"]);
});

test("a reply that is written again takes the place of the one before", () => {
  assert.deepEqual(said(REGENERATED, { replies: [reply(1)] }), ["q1", "draft of q1 3/3", "q3", "r4"]);
  const chosen = new Map([["reply 101", 5]]);
  assert.deepEqual(said(REGENERATED, { replies: [reply(1)], chosen }), ["q1", "r5 2/3", "q3", "r4"]);
});

test("an edited question takes the place of the one before while it is being sent, and not when it was refused", () => {
  const messages = [question(1), answer(2, 1)];
  assert.deepEqual(said(messages, { sends: [send(1)] }), ["edited 2/2"]);
  assert.deepEqual(said(messages, { sends: [send(1, "failed")] }), ["q1", "r2", "edited"]);
});

test("a message that is looked for is chosen", () => {
  assert.deepEqual(choiceOf(held(REGENERATED), 2), { message: REGENERATED[1], key: "5" });
  assert.deepEqual(choiceOf(held(REGENERATED), 4), { message: REGENERATED[3], key: undefined });
  assert.equal(choiceOf(held(REGENERATED, { replies: [reply(1)] }), 5).key, "reply 101");
  assert.equal(choiceOf(held(REGENERATED), 99).message, undefined);
});

test("what replaces itself, as no database has it, ends nothing", () => {
  assert.deepEqual(said([question(1, { replaces: 2 }), question(2, { replaces: 1 })]), []);
});
