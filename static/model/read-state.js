/** @import { ReadState, Thread } from "../types.js" */

// What is unread in a thread. How far it has been read only grows, on whichever device, whatever arrives first. Only where
// a failover has lost messages it is lower afterwards: then the list of threads is read anew.

/**
 * How many messages are unread, of which so many mention the person. In an open thread that the person has never read,
 * only those count.
 * @param {Thread} thread
 */
export function unreadOf({ last_seq, read_seq, mentions = 0 }) {
  const unread = Math.max(0, read_seq === null || read_seq === undefined ? mentions : last_seq - read_seq);
  return { unread, mentions: Math.min(unread, mentions) };
}

/** Whether there is something unread that the person wants to be told of. @param {Thread} thread */
export function isUnread(thread) {
  const { unread, mentions } = unreadOf(thread);
  if (thread.level === "nothing") return false;
  return (thread.level === "mentions" ? mentions : unread) > 0;
}

/**
 * What the server tells of a thread when it is asked: what was read here may not have reached it yet.
 * @param {Thread | undefined} before
 * @param {Thread} told
 * @returns {Thread}
 */
export function learned(before, told) {
  if (before?.read_seq === undefined || told.read_seq === undefined) return told;
  const wasLost = told.last_seq < before.last_seq;
  return { ...told, read_seq: wasLost ? told.read_seq : furthest(before.read_seq, told.read_seq) };
}

/**
 * What the server tells of itself, when somebody has read or mentioned.
 * @param {Thread} before
 * @param {ReadState} told
 * @returns {Thread}
 */
export function wasRead(before, { read_seq, mentions, level }) {
  const furthestRead = furthest(before.read_seq ?? null, read_seq);
  return furthestRead === read_seq ? { ...before, read_seq, mentions, level } : { ...before, level };
}

/** @param {number | null} a @param {number | null} b null: nothing was read */
const furthest = (a, b) => (a === null || b === null ? (a ?? b) : Math.max(a, b));
