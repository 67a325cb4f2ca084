import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff } from "../../static/net/reconnecting-socket.js";

test("it is anything from 0 to a limit that doubles with each try, up to 10 s", (context) => {
  const random = context.mock.method(Math, "random", () => 0);
  for (const tries of [0, 1, 5, 2_000]) assert.equal(backoff(tries), 0);
  random.mock.mockImplementation(() => 1);
  assert.deepEqual([0, 1, 2, 3, 4, 2_000].map(backoff), [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  random.mock.mockImplementation(() => 0.5);
  assert.deepEqual([0, 4].map(backoff), [500, 5_000]);
});
