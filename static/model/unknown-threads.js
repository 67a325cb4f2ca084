/** @import { Activity } from "../types.js" */
import { pause } from "../net/reconnecting-socket.js";

const ASK_PAUSE = 1_000; // ms between two times that they are asked for
const MANY = 10; // are not asked for one by one

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
