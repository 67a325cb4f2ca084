import { emit } from "../events.js";

const RETRY = 5_000; // ms until what found no room in local storage is written again

/**
 * What the tabs of a browser share, in local storage: a key for each value, as tabs that write one list
 * would overwrite what the others have added. Where local storage is full or forbidden, a value is kept as
 * long as its tab.
 *
 * Event: `change`, whose detail is `{ id, isOurs }`.
 * @template T
 */
export class SharedMap extends EventTarget {
  #prefix;
  #parse;
  #format;
  #delay;
  /** @type {Map<string, T>} */
  #values = new Map();
  /** The ids of what is yet to be written. @type {Set<string>} */
  #unwritten = new Set();
  /** @type {number | undefined} */
  #timer;

  /**
   * @param {string} prefix of the keys
   * @param {object} options
   * @param {(text: string, id: string) => T | undefined} options.parse nothing for what another version may
   *   have left
   * @param {(value: T) => string} [options.format]
   * @param {number} [options.delay] for so many ms at most, a change is in memory alone
   */
  constructor(prefix, { parse, format = JSON.stringify, delay = 0 }) {
    super();
    this.#prefix = prefix;
    this.#parse = parse;
    this.#format = format;
    this.#delay = delay;
    addEventListener("storage", ({ key, newValue }) => this.#changedElsewhere(key, newValue));
    addEventListener("pagehide", () => this.write());
    // The last that a phone tells before it ends a page.
    document.addEventListener("visibilitychange", () => document.hidden && this.write());
    attempt(() => {
      for (const [key, text] of Object.entries(localStorage)) this.#read(key, text);
    });
  }

  get size() {
    return this.#values.size;
  }

  get entries() {
    return [...this.#values];
  }

  get ids() {
    return [...this.#values.keys()];
  }

  get values() {
    return [...this.#values.values()];
  }

  /** @param {string} id */
  get(id) {
    return this.#values.get(id);
  }

  /** @param {string} id @param {T} value */
  set(id, value) {
    this.#values.set(id, value);
    this.#unwritten.add(id);
    if (this.#delay) this.#timer ??= setTimeout(() => this.write(), this.#delay);
    else this.write();
    this.#changed(id, true);
  }

  /** @param {string} id */
  delete(id) {
    this.#unwritten.delete(id);
    if (!this.#values.delete(id)) return;
    attempt(() => localStorage.removeItem(this.#prefix + id));
    this.#changed(id, true);
  }

  /** What has been changed, without waiting for the delay. What finds no room is tried again later. */
  write() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const id of this.#unwritten) if (this.#writeOne(id)) this.#unwritten.delete(id);
    if (this.#unwritten.size) this.#timer = setTimeout(() => this.write(), RETRY);
  }

  /** @param {string} id */
  #writeOne(id) {
    const text = this.#format(/** @type {T} */ (this.#values.get(id)));
    return attempt(() => localStorage.setItem(this.#prefix + id, text));
  }

  /** @param {string | null} key @param {string | null} text */
  #changedElsewhere(key, text) {
    if (!key?.startsWith(this.#prefix)) return;
    if (text !== null) return this.#read(key, text);
    const id = key.slice(this.#prefix.length);
    if (!this.#unwritten.has(id) && this.#values.delete(id)) this.#changed(id, false);
  }

  /** @param {string} key @param {string} text */
  #read(key, text) {
    if (!key.startsWith(this.#prefix)) return;
    const id = key.slice(this.#prefix.length);
    const theirs = this.#parse(text, id);
    if (theirs === undefined) return void attempt(() => localStorage.removeItem(key));
    if (this.#unwritten.has(id) || theirs === this.#values.get(id)) return; // the last to be written counts
    this.#values.set(id, theirs);
    this.#changed(id, false);
  }

  /** @param {string} id @param {boolean} isOurs */
  #changed(id, isOurs) {
    emit(this, "change", { id, isOurs });
  }
}

/** Local storage throws where it is full or forbidden: what it should hold is in memory. @param {() => void} act */
export function attempt(act) {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
