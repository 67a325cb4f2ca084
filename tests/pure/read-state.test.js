import assert from "node:assert/strict";
import { test } from "node:test";
import { isUnread, learned, unreadOf, wasRead } from "../../static/model/read-state.js";

const thread = { id: 1, last_seq: 10, read_seq: 6, mentions: 2, level: "everything" };
const state = { thread_id: 1, read_seq: 6, mentions: 2, last_seq: 10, level: "everything" };

test("what is unread is what came after what was read", () => {
  assert.deepEqual(unreadOf(thread), { unread: 4, mentions: 2 });
  assert.deepEqual(unreadOf({ ...thread, read_seq: 9 }), { unread: 1, mentions: 1 });
  assert.deepEqual(unreadOf({ ...thread, read_seq: 12 }), { unread: 0, mentions: 0 });
  assert.deepEqual(unreadOf({ id: 1, last_seq: 10 }), { unread: 0, mentions: 0 }); // of a server that does not tell
});

test("a person is told of what the level of the thread says", () => {
  assert.deepEqual(["everything", "mentions", "nothing"].map((level) => isUnread({ ...thread, level })), [true, true, false]);
  assert.ok(!isUnread({ ...thread, mentions: 0, level: "mentions" }));
});

test("what was read here counts, though the server does not know yet", () => {
  const read = { ...thread, read_seq: 10 };
  assert.equal(learned(read, thread).read_seq, 10);
  assert.deepEqual(unreadOf(wasRead(read, state)), { unread: 0, mentions: 0 });
  assert.equal(wasRead(read, { ...state, level: "nothing" }).level, "nothing");
  assert.equal(learned(undefined, thread), thread);
});

test("what was read elsewhere counts, in whichever order it is told", () => {
  const [early, late] = [{ ...state, read_seq: 8, mentions: 1 }, { ...state, read_seq: 10, mentions: 0 }];
  for (const told of [[early, late], [late, early]]) {
    assert.deepEqual(unreadOf(told.reduce(wasRead, thread)), { unread: 0, mentions: 0 });
  }
});

test("in an open thread that was never read, only mentions count", () => {
  const open = { ...thread, read_seq: null, mentions: 0 };
  assert.deepEqual(unreadOf(open), { unread: 0, mentions: 0 });
  assert.deepEqual(unreadOf(wasRead(open, { ...state, read_seq: null, mentions: 1 })), { unread: 1, mentions: 1 });
  assert.equal(learned({ ...open, read_seq: 9 }, open).read_seq, 9);
  assert.equal(wasRead({ ...open, read_seq: 9 }, { ...state, read_seq: null }).read_seq, 9);
  assert.equal(wasRead(open, state).read_seq, 6);
});

test("where messages were lost, what was read goes back when the list is read anew", () => {
  assert.equal(learned({ ...thread, read_seq: 10 }, { ...thread, last_seq: 7 }).read_seq, 6);
  assert.equal(wasRead({ ...thread, read_seq: 10 }, { ...state, last_seq: 7 }).read_seq, 10); // it is only late
});
