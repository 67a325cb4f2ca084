/** @import { Activity, Thread } from "../types.js" */
import { learned } from "./read-state.js";
import { pause } from "../net/reconnecting-socket.js";

const ASK_PAUSE = 1_000; // ms between two times that they are asked for
const MANY = 10; // are not asked for one by one

/** The threads that a tab knows, those of them that are in its list, and in which order. It asks nobody for anything. */
export class KnownThreads {
  /** @type {Map<number, Thread>} */
  #known = new Map();
  /** The ids of the threads in the list, from its end to its top: one is moved up at once. @type {Set<number>} */
  #upwards = new Set();
  /** Those that are to be deleted, unless the person thinks better of it. @type {Set<number>} */
  #hidden = new Set();
  /** The list, until something changes. @type {Thread[] | null} */
  #list = null;

  /** The pinned ones, then the others. @returns {Thread[]} */
  get list() {
    if (this.#list) return this.#list;
    const ids = [...this.#upwards].reverse().filter((id) => !this.#hidden.has(id));
    const seen = ids.flatMap((id) => this.#known.get(id) ?? []);
    return (this.#list = [...seen.filter(({ pinned }) => pinned), ...seen.filter(({ pinned }) => !pinned)]);
  }

  /** How many are in the list, hidden ones included. */
  get listed() {
    return this.#upwards.size;
  }

  /** @param {number} id */
  get(id) {
    return this.#known.get(id);
  }

  /** @param {number} id */
  has(id) {
    return this.#known.has(id);
  }

  /** What the server has told. The list is as it was, unless the thread is in it. @param {Thread} thread */
  learn(thread) {
    this.#known.set(thread.id, learned(this.#known.get(thread.id), thread));
    this.#list = null;
  }

  /** Of a thread that is known. @param {number} id @param {Partial<Thread>} change */
  change(id, change) {
    const thread = this.#known.get(id);
    if (thread) this.#known.set(id, { ...thread, ...change });
    this.#list = null;
  }

  /** In the list, whether it has been there or not. @param {number} id */
  toTop(id) {
    this.#upwards.delete(id);
    this.#upwards.add(id);
    this.#list = null;
  }

  /** Below the others, unless they are listed. @param {Thread[]} threads */
  append(threads) {
    for (const thread of threads) this.learn(thread);
    const lower = threads.flatMap(({ id }) => (this.#upwards.has(id) ? [] : id));
    this.#upwards = new Set([...lower.reverse(), ...this.#upwards]);
  }

  /** They are known all the same. */
  clearList() {
    this.#upwards.clear();
    this.#list = null;
  }

  /** Nobody sees it in the list. @param {number} id */
  hide(id) {
    this.#hidden.add(id);
    this.#list = null;
  }

  /** Where it was. @param {number} id */
  restore(id) {
    this.#hidden.delete(id);
    this.#list = null;
  }

  /** @param {number} id */
  forget(id) {
    this.#known.delete(id);
    this.#hidden.delete(id);
    this.#upwards.delete(id);
    this.#list = null;
  }
}

/** Threads in which something was written, and of which nothing else is known yet. */
export class UnknownThreads {
  /** The newest activity, by the id of the thread. @type {Map<number, Activity>} */
  #unknown = new Map();
  #isAsking = false;
  #askFor;
  #readAnew;

  /**
   * @param {(activity: Activity) => Promise<void>} askFor asks for one
   * @param {() => Promise<void>} readAnew reads the whole list
   */
  constructor(askFor, readAnew) {
    this.#askFor = askFor;
    this.#readAnew = readAnew;
  }

  /** @param {Activity} activity */
  add(activity) {
    this.#unknown.set(activity.thread_id, activity);
    void this.#ask();
  }

  /** @param {number} id */
  forget(id) {
    this.#unknown.delete(id);
  }

  /** A few are asked for one by one, as what is listed then stays where it is. */
  async #ask() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#unknown.size) {
      const unknown = [...this.#unknown.values()];
      this.#unknown.clear();
      if (unknown.length > MANY) await this.#readAnew();
      else await Promise.all(unknown.map((one) => this.#askFor(one)));
      await pause(ASK_PAUSE);
    }
    this.#isAsking = false;
  }
}
