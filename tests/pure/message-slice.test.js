import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageSlice } from "../../static/model/message-slice.js";

const messages = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => ({ seq: from + index }));
const ends = ({ first, last, newest }) => [first, last, newest];

test("it knows what is before it and after it", () => {
  const slice = new MessageSlice(messages(51, 100), 120);
  assert.deepEqual(ends(slice), [51, 100, 120]);
  assert.ok(slice.hasOlder && slice.hasNewer);
  assert.deepEqual([50, 51, 100, 101].map((seq) => slice.has(seq)), [false, true, true, false]);
  const whole = new MessageSlice(messages(1, 3));
  assert.ok(!whole.hasOlder && !whole.hasNewer);
  const empty = new MessageSlice();
  assert.ok(!empty.hasOlder && !empty.hasNewer && !empty.has(0) && !empty.has(1));
});

test("it grows at both ends without a gap", () => {
  const slice = new MessageSlice(messages(51, 60), 100);
  slice.prepend(messages(41, 50));
  slice.append(messages(61, 70));
  assert.deepEqual(slice.messages.map(({ seq }) => seq), messages(41, 70).map(({ seq }) => seq));
});

test("what does not touch it is not taken", () => {
  const slice = new MessageSlice(messages(51, 60), 100);
  for (const older of [messages(31, 40), messages(45, 55), []]) slice.prepend(older);
  for (const newer of [messages(71, 80), messages(55, 65), []]) slice.append(newer);
  assert.deepEqual(ends(slice), [51, 60, 100]);
});

test("it never holds more than 200, and gives up what is furthest away", () => {
  const slice = new MessageSlice(messages(301, 450), 450);
  slice.prepend(messages(201, 300));
  assert.deepEqual(ends(slice), [201, 400, 450]);
  slice.append(messages(401, 450));
  assert.deepEqual(ends(slice), [331, 450, 450]);
});

test("a new message is held where the end is followed, or where there is room", () => {
  const followed = new MessageSlice(messages(1, 200));
  followed.receive({ seq: 201 }, true);
  assert.deepEqual(ends(followed), [82, 201, 201]);
  const read = new MessageSlice(messages(1, 200));
  read.receive({ seq: 201 }, false);
  assert.deepEqual(ends(read), [1, 200, 201]);
  const short = new MessageSlice(messages(1, 2));
  short.receive({ seq: 3 }, false);
  assert.deepEqual(ends(short), [1, 3, 3]);
});

test("a new message that does not follow the last one is only counted", () => {
  const slice = new MessageSlice(messages(1, 50), 100);
  slice.receive({ seq: 101 }, true);
  assert.deepEqual(ends(slice), [1, 50, 101]);
});
