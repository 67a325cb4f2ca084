/** @import { Thread } from "../types.js" */
import { emit, on } from "../events.js";
import { PREFIX } from "./owner.js";
import { attempt, SharedMap } from "./shared-map.js";

// Where a person was: up to where each thread has been read, and which thread was open last.

const DELAY = 1_000; // ms; while messages stream, local storage is left in peace
const MARKS = 300; // threads whose place is kept exactly; a mark takes some 40 characters of local storage
const READ_BEFORE = `${PREFIX}read-before`;

/**
 * A place in a history. A failover can have lost messages, whose numbers are then given again: a place in a
 * later history counts more than any in an earlier one. `at`: when it was reached, in ms since 1970.
 * @typedef {{ resets: number, seq: number, at: number }} Mark
 */

/**
 * Up to which seq each thread has been read in this browser. Its tabs share it.
 *
 * A mark is kept only for a thread that was opened, and for no more than the 300 that were read last. In any other
 * thread, what was said before a certain moment counts as read: before the first visit, or the last place that was
 * forgotten to make room.
 *
 * Event: `change`, whose detail is a thread's id.
 */
class ReadMarks extends EventTarget {
  /** @type {SharedMap<Mark>} */
  #marks = new SharedMap(`${PREFIX}read.`, { parse: parseMark, format: formatMark, delay: DELAY, merge: furthest });
  /** The places in threads without a mark, for as long as this tab. @type {Map<number, number>} */
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
    if (this.#marks.size > MARKS) this.makeRoom();
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

  /** Forgets a tenth of the places, those that were reached first. False: there are none. */
  makeRoom() {
    const oldest = this.#marks.entries.sort(([, a], [, b]) => a.at - b.at).slice(0, MARKS / 10);
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

  /** The place outlives its mark in this tab, whichever tab has forgotten it. @param {number} id */
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

/** A tab has one view of them. */
export const readMarks = new ReadMarks();

/** The thread that was open last, in whichever tab. */
class LastOpened {
  /** @type {SharedMap<number>} */
  #ids = new SharedMap(`${PREFIX}last.`, { parse: (text) => Number(text) || undefined, format: String });

  get id() {
    return this.#ids.get("opened");
  }

  set id(id) {
    if (id) this.#ids.set("opened", id);
  }
}

/** A tab has one view of it. */
export const lastOpened = new LastOpened();
