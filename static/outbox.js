/** @import { Send } from "./types.js" */

const PREFIX = "chinwag.outbox.";
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * The messages of this browser that are not known to be stored. Its windows share them, in local storage:
 * a key for each message, as windows that write one list would overwrite what the others have added. Where
 * local storage is full or forbidden, a message is kept as long as its window.
 *
 * Events: `put`, whose detail is `{ send, isOurs }`; `delete`, whose detail is a client_id, by another window.
 */
class Outbox extends EventTarget {
  /** @type {Map<string, Send>} */
  #sends = new Map();

  constructor() {
    super();
    addEventListener("storage", ({ key, newValue }) => this.#changedElsewhere(key, newValue));
    attempt(() => {
      for (const [key, text] of Object.entries(localStorage)) this.#read(key, text);
    });
  }

  /** In the order in which they were sent. */
  get list() {
    return [...this.#sends.values()].sort((a, b) => a.sent_at - b.sent_at);
  }

  /** @param {string} clientId */
  get(clientId) {
    return this.#sends.get(clientId);
  }

  /** As the last, to be sent. @param {Pick<Send, "client_id" | "thread_id" | "content">} message */
  add({ client_id, thread_id, content }) {
    // A clock can be put back, and be asked twice in a millisecond.
    const sent_at = Math.max(Date.now(), (this.list.at(-1)?.sent_at ?? 0) + 1);
    this.put({ client_id, thread_id, content, sent_at, state: "sending", reason: "" });
  }

  /** @param {Send} send */
  put(send) {
    attempt(() => localStorage.setItem(PREFIX + send.client_id, JSON.stringify(send)));
    this.#hold(send, true);
  }

  /** @param {string} clientId */
  delete(clientId) {
    if (this.#sends.delete(clientId)) attempt(() => localStorage.removeItem(PREFIX + clientId));
  }

  /** @param {string | null} key @param {string | null} text */
  #changedElsewhere(key, text) {
    if (!key?.startsWith(PREFIX)) return;
    if (text !== null) return this.#read(key, text);
    const clientId = key.slice(PREFIX.length);
    if (this.#sends.delete(clientId)) this.dispatchEvent(new CustomEvent("delete", { detail: clientId }));
  }

  /** @param {string} key @param {string} text */
  #read(key, text) {
    if (!key.startsWith(PREFIX)) return;
    const send = parse(text);
    if (send && key === PREFIX + send.client_id) this.#hold(send, false);
    else attempt(() => localStorage.removeItem(key));
  }

  /** @param {Send} send @param {boolean} isOurs */
  #hold(send, isOurs) {
    this.#sends.set(send.client_id, send);
    this.dispatchEvent(new CustomEvent("put", { detail: { send, isOurs } }));
  }
}

/** Nothing for what another version may have left. @param {string} text @returns {Send | undefined} */
function parse(text) {
  try {
    const send = JSON.parse(text);
    const isSend =
      UUID.test(send.client_id) &&
      Number.isSafeInteger(send.thread_id) &&
      typeof send.content === "string" &&
      Number.isFinite(send.sent_at) &&
      ["sending", "failed"].includes(send.state) &&
      typeof send.reason === "string";
    return isSend ? send : undefined;
  } catch {
    return undefined;
  }
}

/** Local storage throws where it is full or forbidden. @param {() => void} act */
function attempt(act) {
  try {
    act();
  } catch {
    // what it should hold is in memory
  }
}

/** A window has one view of it. */
export const outbox = new Outbox();
