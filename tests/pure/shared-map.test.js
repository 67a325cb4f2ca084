import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { clear, leave, writeElsewhere } from "./tab.js";
import { SharedMap } from "../../static/model/shared-map.js";

const number = (text) => (/^\d+$/.test(text) ? Number(text) : undefined);

function open(options) {
  const map = new SharedMap("n.", { parse: number, format: String, ...options });
  const told = [];
  map.addEventListener("change", ({ detail }) => told.push(detail));
  return { map, told };
}

beforeEach(() => clear());

test("what is set is stored, and found by the next tab", () => {
  open().map.set("one", 1);
  assert.deepEqual({ ...localStorage }, { "n.one": "1" });
  assert.deepEqual(open().map.entries, [["one", 1]]);
});

test("what another version has left is removed, and what is another's stays", () => {
  Object.assign(localStorage, { "n.one": "not a number", "other.two": "not a number" });
  assert.equal(open().map.size, 0);
  assert.deepEqual({ ...localStorage }, { "other.two": "not a number" });
});

test("a change is told with whose it is", () => {
  const { map, told } = open();
  map.set("one", 1);
  writeElsewhere("n.one", "2");
  assert.equal(map.get("one"), 2);
  writeElsewhere("n.one", null);
  assert.equal(map.get("one"), undefined);
  map.set("one", 3);
  map.delete("one");
  map.delete("one");
  assert.deepEqual(told.map(({ isOurs }) => isOurs), [true, false, false, true, true]);
});

test("what has not changed is not told", () => {
  const { map, told } = open();
  map.set("one", 1);
  writeElsewhere("n.one", "1");
  writeElsewhere("other.one", "5");
  writeElsewhere("n.none", null);
  assert.equal(told.length, 1);
});

test("a delayed value is stored after the delay", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { map } = open({ delay: 400 });
  map.set("one", 1);
  assert.deepEqual({ ...localStorage }, {});
  assert.equal(map.get("one"), 1);
  context.mock.timers.tick(400);
  assert.deepEqual({ ...localStorage }, { "n.one": "1" });
});

test("a delayed value is stored when the tab is left, and is later than what another tab writes", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { map } = open({ delay: 400 });
  map.set("one", 1);
  writeElsewhere("n.one", "2");
  writeElsewhere("n.one", null);
  assert.equal(map.get("one"), 1);
  leave();
  assert.deepEqual({ ...localStorage }, { "n.one": "1" });
});

test("a delayed value that was deleted is not stored", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { map } = open({ delay: 400 });
  map.set("one", 1);
  map.delete("one");
  context.mock.timers.tick(400);
  assert.deepEqual({ ...localStorage }, {});
});

test("where local storage is full, it waits in memory until there is room", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  clear(0);
  const { map } = open();
  map.set("one", 1);
  assert.equal(map.get("one"), 1);
  assert.deepEqual({ ...localStorage }, {});
  clear();
  context.mock.timers.tick(5_000);
  assert.deepEqual({ ...localStorage }, { "n.one": "1" });
});
