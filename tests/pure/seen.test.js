import assert from "node:assert/strict";
import { test } from "node:test";
import { seenAt } from "../../static/model/seen.js";

const ME = 1;
const member = (id, read_seq, is_bot = false) => ({ account: { id, is_bot }, read_seq });
const messages = [{ seq: 3, author: ME, subject: 2 }, { seq: 4, author: ME }, { seq: 5, author: 3 }, { seq: 6, author: ME }];

/** The ids of those who have read up to a message, by its seq. */
const placesOf = (...members) =>
  Object.fromEntries([...seenAt(members, messages, ME)].map(([seq, persons]) => [seq, persons.map(({ id }) => id)]));

test("each person is where their reading has come to", () => {
  assert.deepEqual(placesOf(member(2, 4), member(3, 6), member(4, 4)), { 4: [2, 4], 6: [3] });
});

test("oneself, bots, and who has read nothing are nowhere", () => {
  assert.deepEqual(placesOf(member(ME, 6), member(2, 6, true), member(3, null), member(4, 0), member(5)), {});
});

test("at what one has written or was added by, it says nothing that one was there", () => {
  assert.deepEqual(placesOf(member(3, 5), member(2, 3)), {});
  assert.deepEqual(placesOf(member(3, 4)), {}); // who has written has read what came before
});
