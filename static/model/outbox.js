/** @import { Send } from "../types.js" */
import { emit, on } from "../events.js";
import { PREFIX } from "./owner.js";
import { SharedMap } from "./shared-map.js";

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const REMEMBERED = 500; // messages that are known to be stored, the newest

/**
 * The messages of this browser that are not known to be stored. Its tabs share them. Whoever learns that a message is
 * stored tells the outbox and nobody else.
 *
 * Events: `put`, whose detail is `{ send, isOurs }`; `stored` and `discard`, whose detail is a client_id, when a
 * message has left the outbox; `change`, after each of them. What another tab has removed counts as discarded: the tab
 * does not tell why.
 */
class Outbox extends EventTarget {
  /** @type {SharedMap<Send>} */
  #sends = new SharedMap(`${PREFIX}outbox.`, { parse: parseSend });
  /** By client_id. What another tab has sent can arrive as stored before that tab tells that it was sent. */
  #stored = new Set();

  constructor() {
    super();
    on(this.#sends, "change", (detail) => this.#changed(detail));
  }

  /** In the order in which they were sent. */
  get list() {
    return this.#sends.values.sort((a, b) => a.sent_at - b.sent_at);
  }

  /** @param {string} clientId */
  get(clientId) {
    return this.#sends.get(clientId);
  }

  /** As the last, to be sent. @param {Pick<Send, "client_id" | "thread_id" | "content" | "replaces">} message */
  add({ client_id, thread_id, content, replaces }) {
    // A clock can be put back, and be asked twice in a millisecond.
    const sent_at = Math.max(Date.now(), (this.list.at(-1)?.sent_at ?? 0) + 1);
    this.#sends.set(client_id, { client_id, thread_id, content, replaces, sent_at, state: "sending", reason: "" });
  }

  /** As the last, to be sent again. @param {string} clientId */
  resend(clientId) {
    const send = this.get(clientId);
    if (send) this.add(send);
  }

  /** The server does not take it. @param {string} clientId @param {string} reason for the person */
  refuse(clientId, reason) {
    const send = this.get(clientId);
    if (send) this.#sends.set(clientId, { ...send, state: "failed", reason });
  }

  /** The message is in the table. @param {string | null} clientId null: no browser has sent it */
  stored(clientId) {
    if (!clientId) return;
    this.#stored.delete(clientId); // it is the newest again
    this.#stored.add(clientId);
    if (this.#stored.size > REMEMBERED) this.#stored.delete(this.#stored.values().next().value);
    this.#sends.delete(clientId);
  }

  /** It may have been stored nevertheless. @param {string} clientId */
  discard(clientId) {
    this.#sends.delete(clientId);
  }

  /** @param {{ id: string, isOurs: boolean }} change */
  #changed({ id, isOurs }) {
    const send = this.get(id);
    if (send && this.#stored.has(id)) return this.#sends.delete(id);
    if (send) emit(this, "put", { send, isOurs });
    else emit(this, this.#stored.has(id) ? "stored" : "discard", id);
    emit(this, "change");
  }
}

/** @param {string} text @param {string} id @returns {Send | undefined} */
function parseSend(text, id) {
  try {
    const send = JSON.parse(text);
    const isSend =
      UUID.test(id) &&
      send.client_id === id &&
      Number.isSafeInteger(send.thread_id) &&
      typeof send.content === "string" &&
      (send.replaces === undefined || Number.isSafeInteger(send.replaces)) &&
      Number.isFinite(send.sent_at) &&
      ["sending", "failed"].includes(send.state) &&
      typeof send.reason === "string";
    return isSend ? send : undefined;
  } catch {
    return undefined;
  }
}

/** A tab has one view of it. */
export const outbox = new Outbox();
