import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { dayName, periodName } from "../../static/text/dates.js";

process.env.TZ = "Europe/Berlin";

beforeEach((context) => context.mock.timers.enable({ apis: ["Date"], now: new Date(2026, 2, 30, 0, 30) }));

test("the day of a message", () => {
  const names = [
    [new Date(2026, 2, 30, 23), "Today"],
    [new Date(2026, 2, 31), "Today"], // a server's clock can be ahead
    [new Date(2026, 2, 29, 23, 59), "Yesterday"],
    [new Date(2026, 2, 29), "Yesterday"], // a day of 23 hours
    [new Date(2026, 2, 28, 23), "Saturday, March 28"],
    [new Date(2026, 0, 1), "Thursday, January 1"],
    [new Date(2025, 11, 31, 23), "December 31, 2025"],
  ];
  for (const [moment, name] of names) assert.equal(dayName(moment), name);
});

test("the day, week or month of what is listed", () => {
  const names = [
    [new Date(2026, 2, 30), "Today"],
    [new Date(2026, 2, 29), "Yesterday"],
    [new Date(2026, 2, 28), "Last 7 days"],
    [new Date(2026, 2, 24), "Last 7 days"],
    [new Date(2026, 2, 23, 23), "March"],
    [new Date(2026, 1, 28), "February"],
    [new Date(2025, 2, 30), "March 2025"],
  ];
  for (const [moment, name] of names) assert.equal(periodName(moment), name);
});
