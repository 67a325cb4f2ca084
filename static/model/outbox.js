/** @import { Send } from "../types.js" */
import { emit, on } from "../events.js";
import { readMarks } from "./read-marks.js";
import { SharedMap } from "./shared-map.js";

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * The messages of this browser that are not known to be stored. Its tabs share them.
 *
 * Events: `put`, whose detail is `{ send, isOurs }`; `delete`, whose detail is a client_id, by another tab;
 * `change`, after either and after a deletion by this tab.
 */
class Outbox extends EventTarget {
  /** @type {SharedMap<Send>} */
  #sends = new SharedMap("chinwag.outbox.", { parse: parseSend, makeRoom: () => readMarks.makeRoom() });

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

  /** As the last, to be sent. @param {Pick<Send, "client_id" | "thread_id" | "content">} message */
  add({ client_id, thread_id, content }) {
    // A clock can be put back, and be asked twice in a millisecond.
    const sent_at = Math.max(Date.now(), (this.list.at(-1)?.sent_at ?? 0) + 1);
    this.put({ client_id, thread_id, content, sent_at, state: "sending", reason: "" });
  }

  /** @param {Send} send */
  put(send) {
    this.#sends.set(send.client_id, send);
  }

  /** @param {string} clientId */
  delete(clientId) {
    this.#sends.delete(clientId);
  }

  /** @param {{ id: string, isOurs: boolean }} change */
  #changed({ id, isOurs }) {
    const send = this.get(id);
    if (send) emit(this, "put", { send, isOurs });
    else if (!isOurs) emit(this, "delete", id);
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
