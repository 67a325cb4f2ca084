/** @import { Typing } from "../types.js" */
import { emit } from "../events.js";
import { people } from "./people.js";

const TYPING_LIMIT = 6_000; // ms; a reply that takes longer, or never comes, is not waited for
const BOT = 0; // no account has this id

/** Those who are writing a message in the open thread. Event: `change`. */
export class Typists extends EventTarget {
  /** What will have each of them forgotten, by the id of the account. @type {Map<number, number>} */
  #timers = new Map();

  /** The ids of their accounts; 0 for a bot without one. */
  get ids() {
    return [...this.#timers.keys()];
  }

  /** @param {Typing} typing */
  start({ author }) {
    const id = author ?? BOT;
    if (id === people.myId) return; // on another device
    clearTimeout(this.#timers.get(id));
    this.#timers.set(id, setTimeout(() => this.#stop(id), TYPING_LIMIT));
    emit(this, "change");
  }

  /** They have written it. @param {{ role: string, author?: number | null }} message */
  stop({ role, author }) {
    if (role === "assistant") this.#stop(BOT);
    if (author) this.#stop(author);
  }

  clear() {
    for (const id of this.ids) this.#stop(id);
  }

  /** @param {number} id */
  #stop(id) {
    clearTimeout(this.#timers.get(id));
    if (this.#timers.delete(id)) emit(this, "change");
  }
}
