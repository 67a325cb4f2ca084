/** @import { Hit, Message, Shown } from "../types.js" */
import { people } from "./people.js";
import { threads } from "./threads.js";

/**
 * Who has written a message. `key` is the same for all messages of one author. `name` is empty until it is known.
 * @typedef {object} Author
 * @property {"own" | "other" | "assistant" | "system"} kind
 * @property {string} name
 * @property {number | null} id of an account
 * @property {string} key
 */

/** @type {Author} */
const ME = { kind: "own", name: "You", id: null, key: "own" };

/** @param {Shown | Hit} message @returns {Author} */
export function authorOf(message) {
  if (!("role" in message)) return ME;
  const { role, author = null } = message;
  const written_by = "written_by" in message ? message.written_by : null;
  if (role === "system") return { kind: "system", name: "", id: null, key: "system" };
  if (author !== null) return author === people.myId ? ME : ofAccount(author, role);
  if (role === "assistant") return withoutAccount("assistant", written_by ?? "Bot");
  if (written_by) return withoutAccount("other", written_by);
  return fromBeforeAuthors(message.thread_id);
}

/** @param {number} id @param {Message["role"]} role @returns {Author} */
function ofAccount(id, role) {
  const name = people.nameOf(id);
  return { kind: role === "assistant" || people.get(id)?.is_bot ? "assistant" : "other", name, id, key: `${id}` };
}

/** @param {Author["kind"]} kind @param {string} name @returns {Author} */
const withoutAccount = (kind, name) => ({ kind, name, id: null, key: `${kind} ${name}` });

/** Messages had no author once: what a person wrote in a thread counts as its owner's. @param {number} threadId */
function fromBeforeAuthors(threadId) {
  const { owner } = threads.get(threadId) ?? {};
  if (!people.areSeveral || owner === undefined || owner === people.myId) return ME;
  return owner === null ? withoutAccount("other", "Somebody") : ofAccount(owner, "user");
}
