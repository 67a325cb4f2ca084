/** @import { Member, Message, Reading } from "../types.js" */
import { emit, on } from "../events.js";
import { people } from "./people.js";
import { store } from "./store.js";
import { addMember, listMembers, removeMember } from "../net/api.js";
import { backoff, pause } from "../net/reconnecting-socket.js";
import { isPassing, WebSocketService } from "../net/websocket-service.js";

const service = WebSocketService.getInstance();

/** The members of the open thread. Events: `change`; `seen`, when one of them has read further. */
class Members extends EventTarget {
  /** Empty until they are known. @type {Member[]} */
  list = [];
  /** @type {number | null} */
  #threadId = null;
  #reads = 0;
  /** Whether they were read since the thread was opened (1), and what has changed since is heard (2). */
  #certainty = 0;
  /** How far who has read, as told since they were last asked for. @type {Map<number, number>} */
  #heard = new Map();

  /**
   * From now on they are read with each thread that is opened, when one of its lines tells that they have changed, and when
   * something may have been missed.
   */
  start() {
    store.addEventListener("status", () => this.#follow());
    service.addEventListener("statechange", () => this.#follow());
    on(service, "seen", (reading) => this.#hear(reading));
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
    this.#heard = new Map();
    for (let tries = 1; threadId; tries++) {
      const list = await listMembers(threadId).catch((error) => (isPassing(error) ? null : []));
      if (read !== this.#reads) return;
      if (list) return this.#hold(list);
      await pause(backoff(tries));
    }
  }

  #follow() {
    const isOther = store.threadId !== this.#threadId;
    if (isOther || store.status !== "open") this.#certainty = 0;
    if (isOther) {
      this.#threadId = store.threadId;
      this.#reads++;
      this.#hold([]);
    }
    if (store.status !== "open" || service.state === "connecting") return; // once it is connected, nothing is missed
    const certainty = store.isConnected ? 2 : 1;
    if (certainty > this.#certainty) void this.read();
    this.#certainty = certainty;
  }

  /** @param {Reading} reading */
  #hear({ thread_id, account, read_seq }) {
    if (thread_id !== this.#threadId) return;
    this.#heard.set(account, Math.max(read_seq, this.#heard.get(account) ?? 0));
    this.list = this.list.map((member) => this.#furthest(member));
    emit(this, "seen");
  }

  /** What is told overtakes what was asked for, and the other way round. @param {Member} member */
  #furthest(member) {
    const heard = this.#heard.get(member.account.id) ?? 0;
    return heard > (member.read_seq ?? 0) ? { ...member, read_seq: heard } : member;
  }

  /** @param {Member[]} list */
  #hold(list) {
    this.list = list.map((member) => this.#furthest(member));
    people.learn(list.map(({ account }) => account));
    emit(this, "change");
  }
}

/** Those of the one thread that a tab has open. */
export const members = new Members();
