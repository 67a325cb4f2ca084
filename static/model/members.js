/** @import { Member, Message } from "../types.js" */
import { emit, on } from "../events.js";
import { people } from "./people.js";
import { store } from "./store.js";
import { addMember, listMembers, removeMember } from "../net/api.js";
import { backoff, pause } from "../net/reconnecting-socket.js";
import { isPassing } from "../net/websocket-service.js";

/** The members of the open thread. Event: `change`. */
class Members extends EventTarget {
  /** Empty until they are known. @type {Member[]} */
  list = [];
  /** @type {number | null} */
  #threadId = null;
  #reads = 0;

  /** From now on they are read with each thread that is opened, and when one of its lines tells that they have changed. */
  start() {
    store.addEventListener("status", () => this.#follow());
    on(store, "message", (/** @type {Message} */ { role }) => role === "system" && this.read());
    this.#follow();
  }

  /** @param {number | null} id */
  has(id) {
    return this.list.some(({ account }) => account.id === id);
  }

  /** Rejects with an ApiError. @param {string} username */
  async add(username) {
    if (this.#threadId) await addMember(this.#threadId, username);
    await this.read();
  }

  /** Rejects with an ApiError. @param {string} username one's own to leave */
  async remove(username) {
    if (this.#threadId) await removeMember(this.#threadId, username);
    if (username !== people.myUsername) await this.read();
  }

  /** Again and again while it may work later. */
  async read() {
    const threadId = this.#threadId;
    const read = ++this.#reads;
    for (let tries = 1; threadId; tries++) {
      const list = await listMembers(threadId).catch((error) => (isPassing(error) ? null : []));
      if (read !== this.#reads) return;
      if (list) return this.#hold(list);
      await pause(backoff(tries));
    }
  }

  #follow() {
    if (store.threadId === this.#threadId && store.status !== "open") return;
    if (store.threadId !== this.#threadId) this.#hold([]);
    this.#threadId = store.threadId;
    this.#reads++;
    if (store.status === "open") void this.read();
  }

  /** @param {Member[]} list */
  #hold(list) {
    this.list = list;
    people.learn(list.map(({ account }) => account));
    emit(this, "change");
  }
}

/** Those of the one thread that a tab has open. */
export const members = new Members();
