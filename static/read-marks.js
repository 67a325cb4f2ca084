import { SharedMap } from "./shared-map.js";

/**
 * A place in a history. A failover can have lost messages, whose numbers are then given again: a place in a
 * later history counts more than any in an earlier one.
 * @typedef {{ resets: number, seq: number }} Mark
 */

const DELAY = 1_000; // ms; while messages stream, local storage is left in peace

/**
 * Up to which seq each thread has been read in this browser. Its windows share it.
 *
 * Event: `change`, whose detail is a thread's id.
 */
class ReadMarks extends EventTarget {
  /** @type {SharedMap<Mark>} */
  #marks = new SharedMap("chinwag.read.", { parse, format, delay: DELAY, merge: furthest });

  constructor() {
    super();
    this.#marks.addEventListener("change", (event) => {
      const { id } = /** @type {CustomEvent} */ (event).detail;
      this.dispatchEvent(new CustomEvent("change", { detail: Number(id) }));
    });
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
const format = ({ resets, seq }) => `${resets} ${seq}`;

/** @param {string} text @param {string} id @returns {Mark | undefined} */
function parse(text, id) {
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
