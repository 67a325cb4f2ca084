import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { clear, writeElsewhere } from "./tab.js";
import { outbox } from "../../static/model/outbox.js";

const id = (number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const message = (number) => ({ client_id: id(number), thread_id: 1, content: `n ${number}` });
const send = (number) => ({ ...message(number), sent_at: 1, state: "sending", reason: "" });
const contents = () => outbox.list.map(({ content }) => content);

let told = [];
for (const type of ["put", "stored", "discard"]) {
  outbox.addEventListener(type, ({ detail }) => told.push([type, detail.send?.client_id ?? detail]));
}

beforeEach(() => {
  for (const { client_id } of outbox.list) outbox.discard(client_id);
  clear();
  told = [];
});

test("it keeps the order in which messages were sent, also within a millisecond", (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: 1_000 });
  for (const number of [3, 1, 2]) outbox.add(message(number));
  assert.deepEqual(contents(), ["n 3", "n 1", "n 2"]);
  outbox.resend(id(3));
  assert.deepEqual(contents(), ["n 1", "n 2", "n 3"]);
  context.mock.timers.setTime(500);
  outbox.resend(id(1));
  assert.deepEqual(contents(), ["n 2", "n 3", "n 1"]);
});

test("that a message is stored is told once, whoever learns it", () => {
  outbox.add(message(11));
  outbox.stored(id(11));
  outbox.stored(id(11));
  outbox.stored(id(12)); // it was never here
  outbox.stored(null);
  assert.deepEqual(told, [["put", id(11)], ["stored", id(11)]]);
  assert.deepEqual({ ...localStorage }, {});
});

test("what another tab has sent can arrive as stored before that tab tells that it was sent", () => {
  outbox.stored(id(21));
  writeElsewhere(`chinwag.outbox.${id(21)}`, JSON.stringify(send(21)));
  assert.deepEqual(contents(), []);
  assert.deepEqual(told, [["stored", id(21)]]);
  assert.deepEqual({ ...localStorage }, {});
});

test("what has left it comes back as nothing, for the newest 500 messages", () => {
  for (let number = 100; number <= 600; number++) outbox.stored(id(number));
  for (const number of [100, 101, 600]) writeElsewhere(`chinwag.outbox.${id(number)}`, JSON.stringify(send(number)));
  assert.deepEqual(contents(), ["n 100"]);
});

test("what is discarded, here or in another tab, is told", () => {
  outbox.add(message(31));
  outbox.add(message(32));
  outbox.discard(id(31));
  writeElsewhere(`chinwag.outbox.${id(32)}`, null);
  assert.deepEqual(told.slice(2), [["discard", id(31)], ["discard", id(32)]]);
});

test("what the server does not take stays, with the reason, until it is sent again", () => {
  outbox.add(message(41));
  outbox.refuse(id(41), "It is too long.");
  assert.deepEqual([outbox.get(id(41)).state, outbox.get(id(41)).reason], ["failed", "It is too long."]);
  outbox.resend(id(41));
  assert.deepEqual([outbox.get(id(41)).state, outbox.get(id(41)).reason], ["sending", ""]);
  outbox.discard(id(41));
  outbox.refuse(id(41), "It comes late.");
  assert.deepEqual(contents(), []);
});

test("what a message replaces is kept with it, also when it is sent again", () => {
  outbox.add({ ...message(51), replaces: 3 });
  assert.equal(JSON.parse(localStorage[`chinwag.outbox.${id(51)}`]).replaces, 3);
  outbox.refuse(id(51), "It has failed.");
  outbox.resend(id(51));
  assert.equal(outbox.get(id(51)).replaces, 3);
  writeElsewhere(`chinwag.outbox.${id(52)}`, JSON.stringify({ ...send(52), replaces: "3" }));
  assert.equal(outbox.get(id(52)), undefined);
});
