/** @import { Message, Place, Reply, Send, Shown } from "../types.js" */

/**
 * What is held of a thread, and which of its versions a person has chosen.
 *
 * @typedef {object} Held
 * @property {readonly Message[]} messages without gaps
 * @property {readonly Send[]} sends
 * @property {readonly Reply[]} replies that are being written, or have failed
 * @property {ReadonlyMap<number, Message>} read older versions that were read one by one, by seq
 * @property {ReadonlyMap<string, number>} chosen the seq of the version, by the key of the newest one
 */

/**
 * What is shown of a thread, in its order: of what replaces one another one version, the newest unless another is chosen,
 * and the replies to a question only with that version of the question. Another version of a reply is shown in its place,
 * and another version of a question where it was asked, as its replies follow there.
 * @param {Held} held
 * @returns {Place[]}
 */
export function arranged({ messages, sends, replies, read, chosen }) {
  const bySeq = new Map([...read, ...messages.map((message) => /** @type {const} */ ([message.seq, message]))]);
  const newestReplies = new Map(messages.filter(isReply).map((message) => [message.reply_to, message]));
  /** What a version replaces. @param {Shown} one */
  const before = (one) => ("ordinal" in one ? newestReplies.get(one.reply_to) : bySeq.get(one.replaces ?? 0));
  /** @type {Shown[]} */
  const all = [...messages, ...sends.filter(({ state }) => state === "sending"), ...replies];
  const replaced = /** @type {Set<Shown | undefined>} */ (new Set(all.map(before)));

  const places = /** @type {Map<Shown, Pick<Place, "message" | "versions">>} */ (new Map());
  const hidden = new Set();
  for (const newest of all) {
    if (replaced.has(newest)) continue;
    const chain = chainOf(newest, before);
    const message = chain.find((one) => "seq" in one && one.seq === chosen.get(versionKey(newest))) ?? newest;
    for (const one of chain) if (one !== message && "id" in one) hidden.add(one.id);
    places.set(placeOf(message, chain, messages), { message, versions: versionsOf(message, chain) });
  }
  // What could not be sent replaces nothing.
  for (const send of sends) if (!places.has(send) && !replaced.has(send)) places.set(send, { message: send });
  return inOrder({ messages, sends, replies }, places).filter(({ message }) => isShownWith(message, hidden));
}

/** Says which versions there are, for as long as no newer one comes. @param {Shown} newest */
export const versionKey = (newest) =>
  "ordinal" in newest ? `reply ${newest.reply_to}` : "seq" in newest ? `${newest.seq}` : newest.client_id;

/**
 * A message that is held, and the key of the newest version of it, unless it is that itself.
 * @param {Held} held
 * @param {number} seq
 */
export function choiceOf({ messages, replies }, seq) {
  const newer = new Map(messages.map((message) => [message.replaces, message]));
  const message = messages.find((one) => one.seq === seq);
  /** @type {Shown | undefined} */
  let newest = message;
  for (let next = message; next; next = newer.get(next.seq)) newest = next;
  if (message && isReply(message)) newest = replies.find(({ reply_to }) => reply_to === message.reply_to) ?? newest;
  return { message, key: newest && newest !== message ? versionKey(newest) : undefined };
}

/** @param {Message} message */
const isReply = ({ role, reply_to }) => role === "assistant" && reply_to !== null;

/** Oldest first. @param {Shown} newest @param {(one: Shown) => Message | undefined} before */
function chainOf(newest, before) {
  const chain = /** @type {Shown[]} */ ([newest]);
  // Nothing replaces what came later: a chain that led round would have no end.
  for (let one = before(newest); one && !chain.includes(one); one = before(one)) chain.unshift(one);
  return chain;
}

/**
 * @param {Shown} shown
 * @param {Shown[]} chain
 * @param {readonly Message[]} messages
 */
function placeOf(shown, chain, messages) {
  const isHeld = (/** @type {Shown} */ one) => !("seq" in one) || (one.seq >= (messages[0]?.seq ?? 0));
  const oldest = chain.find(isHeld) ?? shown;
  const isOfReply = "ordinal" in shown || ("seq" in shown && isReply(shown));
  return isOfReply || !isHeld(shown) ? oldest : shown;
}

/** @param {Shown} shown @param {Shown[]} chain @returns {Place["versions"]} */
function versionsOf(shown, chain) {
  const [oldest] = chain;
  const newest = /** @type {Shown} */ (chain.at(-1));
  const index = chain.indexOf(shown);
  const older = chain[index - 1];
  const newer = chain[index + 1];
  const unread = oldest && "replaces" in oldest ? oldest.replaces : undefined;
  if (chain.length === 1 && !unread) return undefined;
  const first = oldest && "version" in oldest ? (oldest.version ?? 1) : unread ? 2 : 1;
  return {
    key: versionKey(newest), number: first + index, count: first + chain.length - 1,
    older: older && "seq" in older ? older.seq : unread,
    newer: newer && ("seq" in newer && newer !== newest ? newer.seq : "newest"),
  };
}

/**
 * @param {Pick<Held, "messages" | "sends" | "replies">} held
 * @param {Map<Shown, Pick<Place, "message" | "versions">>} places
 * @returns {Place[]}
 */
function inOrder({ messages, sends, replies }, places) {
  const failed = replies.filter(({ failure }) => failure);
  const order = /** @type {Shown[]} */ ([]);
  for (const message of messages) {
    order.push(message, ...failed.filter(({ reply_to }) => reply_to === message.id));
  }
  order.push(...sends, ...replies.filter((reply) => !order.includes(reply)));
  return order.flatMap((at) => {
    const place = places.get(at);
    return place ? [{ ...place, at }] : [];
  });
}

/** @param {Shown} message @param {Set<number>} hidden */
const isShownWith = (message, hidden) => !("reply_to" in message) || !hidden.has(message.reply_to ?? 0);
