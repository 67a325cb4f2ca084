/** @import { Activity, ListFrame, Thread } from "./types.js" */
import { changeThread, deleteThread, listThreads, readThread } from "./api.js";
import { emit, on } from "./dom.js";
import { readMarks } from "./kept.js";
import { ReconnectingSocket } from "./reconnecting-socket.js";

const PAGE = 40;
const LIMIT = 200; // the most that the server gives at once

/**
 * The list of threads, live: the pinned ones, then the others, newest activity first.
 *
 * Events: `change`; `hide` and `delete`, whose detail is a thread's id; `statechange`, of the connection.
 */
class Threads extends EventTarget {
  /** Every thread that is known. @type {Map<number, Thread>} */
  #known = new Map();
  /** The ids of the threads in the list, in its order. @type {number[]} */
  #order = [];
  /** Those that are to be deleted, unless the person thinks better of it. @type {Set<number>} */
  #hidden = new Set();
  /** From where the list goes on; undefined at its end. @type {string | undefined} */
  #cursor;
  /** What arrives while the list is being read, to be applied after it. @type {ListFrame[] | null} */
  #waiting = null;
  #socket = new ReconnectingSocket(
    () => "/api/v1/ws/threads",
    /** @param {ListFrame} frame */ (frame) => this.#receive(frame),
  );
  isLoaded = false;

  open() {
    this.#socket.addEventListener("statechange", () => emit(this, "statechange"));
    on(readMarks, "change", (id) => this.#known.has(id) && this.#changed());
    this.#socket.open().catch(() => {}); // it goes on trying, and tells its state
  }

  get state() {
    return this.#socket.state;
  }

  get canRetry() {
    return this.#socket.canRetry;
  }

  retry() {
    this.#socket.retry();
  }

  /** @returns {Thread[]} */
  get list() {
    const seen = this.#order.filter((id) => !this.#hidden.has(id)).flatMap((id) => this.#known.get(id) ?? []);
    return [...seen.filter(({ pinned }) => pinned), ...seen.filter(({ pinned }) => !pinned)];
  }

  /** @param {number} id */
  get(id) {
    return this.#known.get(id);
  }

  /** @param {Thread} thread */
  isUnread({ id, last_seq }) {
    return last_seq > (readMarks.get(id) ?? 0);
  }

  /** A thread that is opened by its address may be further down than the list has been read.
   * @param {number} id */
  async ensure(id) {
    if (!this.#known.has(id)) await this.refresh(id);
  }

  /** Reads a thread anew: a message may be too long for the notification. @param {number} id */
  async refresh(id) {
    this.#learn(await readThread(id));
    this.#changed();
  }

  /** Whether there are older ones that can be read now. */
  get hasMore() {
    return !!this.#cursor && !this.#waiting && this.state === "connected";
  }

  /** The older ones. */
  loadMore() {
    return this.#read(async () => this.#take(await listThreads({ limit: PAGE, before: this.#cursor }), PAGE));
  }

  /**
   * Shown at once, and taken back if it fails. Rejects with an ApiError.
   * @param {number} id
   * @param {{ title?: string, pinned?: boolean }} change
   */
  async change(id, change) {
    const before = this.#known.get(id);
    if (!before) return;
    this.#set(id, change);
    try {
      this.#set(id, await changeThread(id, change));
    } catch (error) {
      const { title, pinned } = before;
      this.#set(id, change.title === undefined ? { pinned } : { title });
      throw error;
    }
  }

  /** As if it were deleted, in this window. @param {number} id */
  hide(id) {
    this.#hidden.add(id);
    this.#changed();
    emit(this, "hide", id);
  }

  /** Where it was. @param {number} id */
  restore(id) {
    this.#hidden.delete(id);
    this.#changed();
  }

  /** Rejects with an ApiError. @param {number} id */
  async delete(id) {
    await deleteThread(id).catch((error) => {
      if (error.status !== 404) throw error; // another window was quicker
    });
    this.#forget(id);
    this.#changed();
  }

  /** @param {ListFrame} frame */
  #receive(frame) {
    if (frame.type === "ready") void this.#readAnew();
    else if (this.#waiting) this.#waiting.push(frame);
    else this.#apply(frame);
  }

  /** As much of the list as was there: events may have been missed. */
  #readAnew() {
    return this.#read(async () => {
      const limit = Math.min(LIMIT, Math.max(PAGE, this.#order.length));
      const [page, pinned] = await Promise.all([listThreads({ limit }), listThreads({ limit: LIMIT, pinned: true })]);
      this.#order = [];
      this.#take(page, limit);
      this.#takePinned(pinned);
      this.isLoaded = true;
    });
  }

  /** @param {() => Promise<void>} read */
  async #read(read) {
    const waiting = (this.#waiting = /** @type {ListFrame[]} */ ([]));
    try {
      await read();
    } catch {
      this.#socket.reconnect(); // the next `ready` has the list read anew
    }
    if (waiting !== this.#waiting) return;
    this.#waiting = null;
    for (const frame of waiting) this.#apply(frame);
    this.#changed();
  }

  /** @param {Thread[]} page @param {number} limit */
  #take(page, limit) {
    for (const thread of page) {
      this.#learn(thread);
      if (!this.#order.includes(thread.id)) this.#order.push(thread.id);
    }
    const last = page.at(-1);
    this.#cursor = last && page.length === limit ? `${last.updated_at},${last.id}` : undefined;
  }

  /** Those of them that are further down than the list has been read. @param {Thread[]} pinned */
  #takePinned(pinned) {
    const more = pinned.filter(({ id }) => !this.#order.includes(id));
    for (const thread of more) this.#learn(thread);
    this.#order.push(...more.map(({ id }) => id));
  }

  /** @param {ListFrame} frame */
  #apply(frame) {
    if (frame.type === "thread.created") this.#created(frame.data);
    else if (frame.type === "thread.updated") this.#learn(frame.data);
    else if (frame.type === "thread.deleted") this.#forget(frame.data.id);
    else if (frame.type === "thread.active") void this.#moveUp(frame.data);
    this.#changed();
  }

  /** @param {Thread} thread */
  #created(thread) {
    readMarks.set(thread.id, 0);
    this.#learn(thread);
    this.#toTop(thread.id);
  }

  /** What was there when this browser first heard of a thread counts as read. @param {Thread} thread */
  #learn(thread) {
    if (readMarks.get(thread.id) === undefined) readMarks.set(thread.id, thread.last_seq);
    this.#known.set(thread.id, thread);
  }

  /** @param {Activity} activity */
  async #moveUp({ thread_id: id, last_seq, updated_at, preview }) {
    if (readMarks.get(id) === undefined) readMarks.set(id, last_seq - 1);
    await this.ensure(id).catch(() => {}); // it was deleted meanwhile
    const thread = this.#known.get(id);
    if (!thread) return;
    if (last_seq > thread.last_seq) {
      const now = new Date().toISOString();
      this.#known.set(id, { ...thread, last_seq, preview, updated_at: updated_at ?? now });
    }
    this.#toTop(id);
    this.#changed();
  }

  /** @param {number} id @param {Partial<Thread>} change */
  #set(id, change) {
    const thread = this.#known.get(id);
    if (thread) this.#known.set(id, { ...thread, ...change });
    this.#changed();
  }

  /** @param {number} id */
  #toTop(id) {
    this.#order = [id, ...this.#order.filter((other) => other !== id)];
  }

  /** @param {number} id */
  #forget(id) {
    this.#known.delete(id);
    this.#hidden.delete(id);
    this.#order = this.#order.filter((other) => other !== id);
    readMarks.forget(id);
    emit(this, "delete", id);
  }

  #changed() {
    emit(this, "change");
  }
}

/** A window has one list of threads. */
export const threads = new Threads();
