/** @import { Member, Message, Person } from "../types.js" */

/**
 * Which of the others have read up to a message, by its seq. At what one has written, or was added by, that says nothing.
 * @param {readonly Member[]} members
 * @param {readonly Message[]} messages those that are held
 * @param {number | null} myId
 */
export function seenAt(members, messages, myId) {
  const places = /** @type {Map<number, Person[]>} */ (new Map());
  for (const { account, read_seq } of members) {
    const { id } = account;
    if (!read_seq || id === myId || account.is_bot) continue;
    const own = messages.findLast(({ author, subject }) => author === id || subject === id);
    if (own && own.seq >= read_seq) continue;
    places.set(read_seq, [...(places.get(read_seq) ?? []), account]);
  }
  return places;
}
