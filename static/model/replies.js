/** @import { DraftFrame, Reply } from "../types.js" */

const ASK_PAUSE = 1_000; // ms between two times that the whole texts are asked for

/**
 * The replies of the open thread that are being written, or have failed, by the id of the question. What the wire calls a
 * draft is called a reply here, as on the page a draft is what a person has written and not yet sent.
 *
 * Each piece of a reply has an ordinal. What follows the one that is held is taken, and what is older is dropped; where
 * something is missing, the whole text is to be asked for.
 */
export class Replies {
  /** @type {Map<number, Reply>} */
  #replies = new Map();
  /** Those that the server has told of on this connection. @type {Set<number>} */
  #told = new Set();
  /** When the whole texts were asked for; the server may not have been able to tell them. */
  #askedAt = -Infinity;

  /** In the order in which they were begun. */
  get list() {
    return [...this.#replies.values()];
  }

  /** @param {number} replyTo */
  get(replyTo) {
    return this.#replies.get(replyTo);
  }

  /**
   * Whether the whole text of all replies is to be asked for: something is missing, and nobody has asked yet.
   * @param {DraftFrame} frame
   */
  hear(frame) {
    if (frame.text === undefined) return this.#append(frame);
    this.#askedAt = -Infinity;
    this.#told.add(frame.reply_to);
    const before = this.get(frame.reply_to);
    if (!before || frame.ordinal >= before.ordinal) this.#replies.set(frame.reply_to, wholeOf(frame, before));
    return false;
  }

  /** Nobody writes it any more; it is shown until its message comes. @param {number} replyTo */
  end(replyTo) {
    const reply = this.get(replyTo);
    if (reply) this.#replies.set(replyTo, { ...reply, isOver: true });
  }

  /** It is stored, or will not come. @param {number | null} replyTo */
  remove(replyTo) {
    this.#told.delete(replyTo ?? 0);
    return this.#replies.delete(replyTo ?? 0);
  }

  /** The connection is lost. What is shown stays until the next one is ready. */
  lose() {
    this.#told.clear();
    this.#askedAt = -Infinity;
  }

  /** What the server has told of before it was ready is all that there is. */
  ready() {
    for (const replyTo of this.#replies.keys()) if (!this.#told.has(replyTo)) this.#replies.delete(replyTo);
  }

  clear() {
    this.#replies.clear();
    this.lose();
  }

  /** @param {DraftFrame} frame */
  #append({ reply_to, ordinal, append = "" }) {
    const reply = this.get(reply_to);
    if (reply && ordinal <= reply.ordinal) return false;
    if (reply && ordinal === reply.ordinal + 1) {
      this.#told.add(reply_to);
      this.#replies.set(reply_to, { ...reply, ordinal, content: reply.content + append, isOver: false });
      return false;
    }
    const isDue = performance.now() > this.#askedAt + ASK_PAUSE;
    if (isDue) this.#askedAt = performance.now();
    return isDue;
  }
}

/** @param {DraftFrame} frame @param {Reply | undefined} before @returns {Reply} */
const wholeOf = ({ thread_id, reply_to, author, ordinal, text = "", failure }, before) => ({
  thread_id, reply_to, author, role: "assistant", ordinal, content: text, failure: failure ?? null, isOver: false,
  began_at: before?.began_at ?? new Date().toISOString(),
});
