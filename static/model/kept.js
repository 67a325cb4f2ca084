/** @import { Send, Thread } from "../types.js" */
import { emit, on } from "../elements/dom.js";
import { attempt, SharedMap } from "./shared-map.js";

// What this browser keeps over a reload, and its windows share: drafts, read marks, and what is yet to be sent.

const DRAFT_DELAY = 400; // ms of typing that a crash may cost; to write 100,000 characters at each key would be felt
const NEW = "new";
const MARK_DELAY = 1_000; // ms; while messages stream, local storage is left in peace
const MARKS = 300; // threads whose place is kept exactly; a mark takes some 40 characters of local storage
const READ_BEFORE = "chinwag.read-before";
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
 * later history counts more than any in an earlier one. `at`: when it was reached, in ms since 1970.
 * @typedef {{ resets: number, seq: number, at: number }} Mark
 */

/**
 * Up to which seq each thread has been read in this browser. Its windows share it.
 *
 * A mark is kept only for a thread that was opened, and for no more than the 300 that were read last. In any other
 * thread, what was said before a certain moment counts as read: before the first visit, or the last place that was
 * forgotten to make room.
 *
 * Event: `change`, whose detail is a thread's id.
 */
class ReadMarks extends EventTarget {
  /** @type {SharedMap<Mark>} */
  #marks = new SharedMap("chinwag.read.", { parse: parseMark, format: formatMark, delay: MARK_DELAY, merge: furthest });
  /** The places in threads without a mark, for as long as this window. @type {Map<number, number>} */
  #assumed = new Map();
  /** In ms since 1970; undefined before the first visit. @type {number | undefined} */
  #readBefore;

  constructor() {
    super();
    for (const [id, { seq }] of this.#marks.entries) this.#assumed.set(Number(id), seq);
    on(this.#marks, "change", ({ id }) => this.#changed(Number(id)));
    attempt(() => (this.#readBefore = Number(localStorage.getItem(READ_BEFORE)) || undefined));
  }

  /** @param {number} id */
  get(id) {
    return this.#marks.get(`${id}`)?.seq ?? this.#assumed.get(id);
  }

  /** On the first visit: what was said until now counts as read. @param {string} [moment] of the newest activity */
  begin(moment) {
    if (this.#readBefore === undefined) this.#setReadBefore(moment ? Date.parse(moment) : 1);
  }

  /** @param {Thread} thread */
  learn({ id, last_seq, created_at, updated_at }) {
    const before = this.#readBefore ?? Infinity;
    if (Date.parse(created_at) > before) this.assume(id, 0);
    else this.assume(id, Date.parse(updated_at) > before ? Math.max(0, last_seq - 1) : last_seq);
  }

  /** Of a thread without a mark that was not heard of before. @param {number} id @param {number} seq */
  assume(id, seq) {
    if (this.get(id) === undefined) this.#assumed.set(id, seq);
  }

  /** A lower one than before changes nothing. @param {number} id @param {number} seq */
  set(id, seq) {
    const before = this.#marks.get(`${id}`);
    const furthest = Math.max(seq, this.get(id) ?? 0);
    if (before && furthest <= before.seq) return;
    this.#marks.set(`${id}`, { resets: before?.resets ?? 0, seq: furthest, at: Date.now() });
    if (this.#marks.size > MARKS) this.prune(MARKS / 10);
  }

  /** Also to a lower one, as history was lost. @param {number} id @param {number} seq */
  reset(id, seq) {
    const { resets } = this.#marks.get(`${id}`) ?? { resets: 0 };
    this.#marks.set(`${id}`, { resets: resets + 1, seq, at: Date.now() });
  }

  /** Of a thread that is gone. @param {number} id */
  forget(id) {
    this.#marks.delete(`${id}`);
    this.#assumed.delete(id);
  }

  /** Forgets the places that were reached first. False: there are none. @param {number} count */
  prune(count) {
    const oldest = this.#marks.entries.sort(([, a], [, b]) => a.at - b.at).slice(0, count);
    for (const [id] of oldest) this.#marks.delete(id);
    const [, last] = oldest.at(-1) ?? [];
    if (last) this.#setReadBefore(Math.max(last.at, this.#readBefore ?? 0)); // or what was read would be unread
    return oldest.length > 0;
  }

  /** @param {number} moment */
  #setReadBefore(moment) {
    this.#readBefore = moment;
    attempt(() => localStorage.setItem(READ_BEFORE, `${moment}`));
  }

  /** The place outlives its mark in this window, whichever window has forgotten it. @param {number} id */
  #changed(id) {
    const mark = this.#marks.get(`${id}`);
    if (mark) this.#assumed.set(id, mark.seq);
    emit(this, "change", id);
  }
}

/** @param {Mark} mark */
const formatMark = ({ resets, seq, at }) => `${resets} ${seq} ${at}`;

/** Those of an earlier version do not tell when. @param {string} text @param {string} id @returns {Mark | undefined} */
function parseMark(text, id) {
  const [, resets, seq, at] = /^(\d+) (\d+)(?: (\d+))?$/.exec(text)?.map((part) => Number(part ?? 0)) ?? [];
  if (resets === undefined || seq === undefined || at === undefined || !/^[1-9]\d*$/.test(id)) return undefined;
  return { resets, seq, at };
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
  #sends = new SharedMap("chinwag.outbox.", { parse: parseSend, makeRoom: () => readMarks.prune(MARKS / 10) });

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
