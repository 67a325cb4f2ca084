// What a tab gives its modules, where there is no browser: local storage, which has room for so many values, and the
// events of other tabs. tests/browser has real tabs.

import { setMaxListeners } from "node:events";

const tab = new EventTarget();
let room = Infinity;

const methods = {
  getItem(key) {
    return this[key] ?? null;
  },
  setItem(key, text) {
    if (!(key in this) && Object.keys(this).length >= room) throw new DOMException("It is full", "QuotaExceededError");
    this[key] = text;
  },
  removeItem(key) {
    delete this[key];
  },
};

globalThis.localStorage = Object.create(methods); // only what is stored is its own
globalThis.addEventListener = tab.addEventListener.bind(tab);
globalThis.document = Object.assign(new EventTarget(), { hidden: false });
setMaxListeners(0, tab, document); // a module never stops listening

/** Empties local storage, which then has room for so many values. */
export function clear(values = Infinity) {
  for (const key of Object.keys(localStorage)) delete localStorage[key];
  room = values;
}

/** What another tab does to local storage; null removes. */
export function writeElsewhere(key, newValue) {
  if (newValue === null) delete localStorage[key];
  else localStorage[key] = newValue;
  tab.dispatchEvent(Object.assign(new Event("storage"), { key, newValue }));
}

/** The person leaves the tab. */
export function leave() {
  tab.dispatchEvent(new Event("pagehide"));
}
