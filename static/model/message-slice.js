/** @import { Message } from "../types.js" */

const KEPT = 120;
const LIMIT = 200; // messages; what is further away is read again when somebody goes there

/** A part of a thread, without gaps: what is near the place where one reads. */
export class MessageSlice {
  /** @type {readonly Message[]} */
  messages;
  /** The seq of the newest message that there is, also of one that is not held. */
  newest;

  /** @param {readonly Message[]} messages @param {number} newest */
  constructor(messages = [], newest = 0) {
    this.messages = messages;
    this.newest = Math.max(newest, this.last);
  }

  get first() {
    return this.messages[0]?.seq ?? 1;
  }

  get last() {
    return this.messages.at(-1)?.seq ?? 0;
  }

  get hasOlder() {
    return this.first > 1;
  }

  get hasNewer() {
    return this.last < this.newest;
  }

  /** @param {number} seq */
  has(seq) {
    return seq >= this.first && seq <= this.last;
  }

  /** Those right before the first; the newest make room for them. @param {readonly Message[]} older */
  prepend(older) {
    if (older.at(-1)?.seq !== this.first - 1) return; // it has moved since they were asked for
    this.messages = [...older, ...this.messages].slice(0, LIMIT);
  }

  /** Those right after the last; the oldest make room for them. @param {readonly Message[]} newer */
  append(newer) {
    if (newer[0]?.seq !== this.last + 1) return;
    const messages = [...this.messages, ...newer];
    this.messages = messages.length > LIMIT ? messages.slice(-KEPT) : messages;
    this.newest = Math.max(this.newest, this.last);
  }

  /**
   * A new message. It is not held where the slice has left the end of the thread, and neither where it would
   * push out what somebody reads.
   * @param {Message} message
   * @param {boolean} isFollowed whether the end is what is looked at
   */
  receive(message, isFollowed) {
    this.newest = Math.max(this.newest, message.seq);
    if (isFollowed || this.messages.length < LIMIT) this.append([message]);
  }
}
