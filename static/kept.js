/** @import { Send } from "./types.js" */
import { emit, on } from "./dom.js";
import { SharedMap } from "./shared-map.js";

// What this browser keeps over a reload, and its windows share: drafts, read marks, and what is yet to be sent.

const DRAFT_DELAY = 400; // ms of typing that a crash may cost; to write 100,000 characters at each key would be felt
const NEW = "new";
const MARK_DELAY = 1_000; // ms; while messages stream, local storage is left in peace
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * What has been written and not yet sent, by thread; null is the chat that is yet to be created. The windows
 * of a browser share it.
 *
 * Event: `change`, whose detail is `{ threadId, isOurs }`.
 */
class Drafts extends EventTarget {
  /** @type {SharedMap<string>} */
  #texts = new SharedMap("chinwag.draft.", { parse: parseDraft, format: String, delay: DRAFT_DELAY });

  constructor() {
    super();
    on(this.#texts, "change", ({ id, isOurs }) => {
      emit(this, "change", { threadId: id === NEW ? null : Number(id), isOurs });
    });
  }

  /** Those that have a draft. */
  get threadIds() {
    return this.#texts.ids.filter((id) => id !== NEW).map(Number);
  }

  /** @param {number | null} threadId */
  get(threadId) {
    return this.#texts.get(`${threadId ?? NEW}`) ?? "";
  }

  /** @param {number | null} threadId @param {string} text */
  set(threadId, text) {
    const id = `${threadId ?? NEW}`;
    if (text.trim()) this.#texts.set(id, text);
    else this.#texts.delete(id);
  }

  /**
   * Below what is there already, unless another window has done it.
   * @param {number | null} from
   * @param {number | null} to
   */
  move(from, to) {
    const text = this.get(from);
    const there = this.get(to);
    if (!there.includes(text)) this.set(to, there ? `${there}\n\n${text}` : text);
    this.write(); // first: a crash may double it, and not lose it
    this.set(from, "");
  }

  /** Without waiting for more to be typed. */
  write() {
    this.#texts.write();
  }
}

/** @param {string} text @param {string} id */
const parseDraft = (text, id) => ((id === NEW || /^[1-9]\d*$/.test(id)) && text.trim() ? text : undefined);

/** A window has one view of them. */
export const drafts = new Drafts();

/**
 * A place in a history. A failover can have lost messages, whose numbers are then given again: a place in a
 * later history counts more than any in an earlier one.
 * @typedef {{ resets: number, seq: number }} Mark
 */

/**
 * Up to which seq each thread has been read in this browser. Its windows share it.
 *
 * Event: `change`, whose detail is a thread's id.
 */
class ReadMarks extends EventTarget {
  /** @type {SharedMap<Mark>} */
  #marks = new SharedMap("chinwag.read.", { parse: parseMark, format: formatMark, delay: MARK_DELAY, merge: furthest });

  constructor() {
    super();
    on(this.#marks, "change", ({ id }) => emit(this, "change", Number(id)));
  }

  /** @param {number} id */
  get(id) {
    return this.#marks.get(`${id}`)?.seq;
  }

  /** A lower one than before changes nothing. @param {number} id @param {number} seq */
  set(id, seq) {
    const { resets, seq: before } = this.#marks.get(`${id}`) ?? { resets: 0, seq: -1 };
    if (seq > before) this.#marks.set(`${id}`, { resets, seq });
  }

  /** Also to a lower one, as history was lost. @param {number} id @param {number} seq */
  reset(id, seq) {
    const { resets } = this.#marks.get(`${id}`) ?? { resets: 0 };
    this.#marks.set(`${id}`, { resets: resets + 1, seq });
  }

  /** Of a thread that is gone. @param {number} id */
  forget(id) {
    this.#marks.delete(`${id}`);
  }
}

/** @param {Mark} mark */
const formatMark = ({ resets, seq }) => `${resets} ${seq}`;

/** @param {string} text @param {string} id @returns {Mark | undefined} */
function parseMark(text, id) {
  const [, resets, seq] = /^(\d+) (\d+)$/.exec(text)?.map(Number) ?? [];
  return resets === undefined || seq === undefined || !/^[1-9]\d*$/.test(id) ? undefined : { resets, seq };
}

/** @param {Mark} theirs @param {Mark} ours */
function furthest(theirs, ours) {
  const isFurther = theirs.resets === ours.resets ? theirs.seq > ours.seq : theirs.resets > ours.resets;
  return isFurther ? theirs : ours;
}

/** A window has one view of them. */
export const readMarks = new ReadMarks();

/** The thread that was open last, in whichever window. */
class LastOpened {
  /** @type {SharedMap<number>} */
  #ids = new SharedMap("chinwag.last.", { parse: (text) => Number(text) || undefined, format: String });

  get id() {
    return this.#ids.get("opened");
  }

  set id(id) {
    if (id) this.#ids.set("opened", id);
  }
}

/** A window has one view of it. */
export const lastOpened = new LastOpened();

/**
 * The messages of this browser that are not known to be stored. Its windows share them.
 *
 * Events: `put`, whose detail is `{ send, isOurs }`; `delete`, whose detail is a client_id, by another window;
 * `change`, after either and after a deletion by this window.
 */
class Outbox extends EventTarget {
  /** @type {SharedMap<Send>} */
  #sends = new SharedMap("chinwag.outbox.", { parse: parseSend });

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

/** A window has one view of it. */
export const outbox = new Outbox();
