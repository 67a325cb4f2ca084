/** @import { Hit, Level, Member, Message, Person, Send, Thread } from "../types.js" */
import { textOf } from "../text/texts.js";

const TIME_LIMIT = 10_000; // ms

/** The server refused a request, or could not be reached (status 0). The message is for the person. */
export class ApiError extends Error {
  /** @param {number} status @param {string} code */
  constructor(status, code) {
    super(textOf(code));
    this.status = status;
    this.code = code;
  }
}

/**
 * Newest activity first.
 * @param {{ limit: number, before?: string, pinned?: boolean, q?: string }} page
 * @param {AbortSignal} [signal]
 * @returns {Promise<Thread[]>}
 */
export const listThreads = (page, signal) => request("GET", `/threads?${query(page)}`, undefined, signal);

/**
 * `members`, `direct` and `bot` are names of accounts. A direct thread is the one that these people have, if there is one.
 * Without `bot`, a thread has the default one.
 * @param {{ title?: string, members?: string[], direct?: string[], bot?: string | null }} [thread]
 * @returns {Promise<Thread>}
 */
export const createThread = (thread = {}) => request("POST", "/threads", thread);

/** @param {number} id @returns {Promise<Thread>} */
export const readThread = (id) => request("GET", `/threads/${id}`);

/** @param {number} id @param {{ title?: string, pinned?: boolean, open?: boolean }} change @returns {Promise<Thread>} */
export const changeThread = (id, change) => request("PATCH", `/threads/${id}`, change);

/** @param {number} id @returns {Promise<void>} */
export const deleteThread = (id) => request("DELETE", `/threads/${id}`);

/** @param {number} id @returns {Promise<Member[]>} */
export const listMembers = (id) => request("GET", `/threads/${id}/members`);

/** @param {number} id @param {string} username @returns {Promise<void>} */
export const addMember = (id, username) => request("PUT", `/threads/${id}/members/${username}`);

/** @param {number} id @param {string} username one's own to leave @returns {Promise<void>} */
export const removeMember = (id, username) => request("DELETE", `/threads/${id}/members/${username}`);

/** A lower one than before changes nothing. @param {number} id @param {number} seq @returns {Promise<void>} */
export const putRead = (id, seq) => request("PUT", `/threads/${id}/read`, { seq });

/** @param {number} id @param {Level} level @returns {Promise<void>} */
export const putLevel = (id, level) => request("PUT", `/threads/${id}/level`, { level });

/**
 * The accounts with these ids, or with a name that begins so.
 * @param {{ ids?: string, q?: string, limit?: number }} page
 * @param {AbortSignal} [signal]
 * @returns {Promise<Person[]>}
 */
export const listAccounts = (page, signal) => request("GET", `/accounts?${query(page)}`, undefined, signal);

/** Where a thread is to be had as a file. @param {number} id @param {"markdown" | "json"} format */
export const exportAddress = (id, format) => `/api/v1/threads/${id}/export?format=${format}`;

/**
 * Oldest first. Without `before` and `after`: the newest.
 * @param {number} threadId
 * @param {{ limit: number, before?: number, after?: number }} page
 * @returns {Promise<Message[]>}
 */
export const listMessages = (threadId, page) =>
  request("GET", `/threads/${threadId}/messages?${query(page)}`);

/** @param {Send} send @returns {Promise<Message>} */
export const postMessage = ({ thread_id, content, client_id, replaces }) =>
  request("POST", `/threads/${thread_id}/messages`, { content, client_id, replaces });

/** Ends a reply that is being written. @param {number} threadId @param {number} seq of the question @returns {Promise<void>} */
export const stopReply = (threadId, seq) => request("POST", `/threads/${threadId}/messages/${seq}/stop`);

/**
 * Has another reply written.
 * @param {number} threadId
 * @param {number} seq of a reply, or of a question to which it has failed
 * @returns {Promise<void>}
 */
export const regenerate = (threadId, seq) => request("POST", `/threads/${threadId}/messages/${seq}/regenerate`);

/**
 * Messages with these words, newest first. Rejects when the signal ends it, too.
 * @param {{ q: string, limit?: number, before?: number }} page
 * @param {AbortSignal} signal
 * @returns {Promise<Hit[]>}
 */
export const search = (page, signal) => request("GET", `/search?${query(page)}`, undefined, signal);

/**
 * `max_content` is in characters; `session` is null for who is signed in without one; `is_alone`: nobody else has an account;
 * `bots` are those of the server, the default one first, of which older servers do not tell.
 * @typedef {{ id: number, username: string, display_name: string, max_content: number, session: number | null,
 *   admin: boolean, has_password: boolean, is_alone: boolean,
 *   bots?: { username: string, display_name: string }[] }} Account
 */

/** @returns {Promise<Account>} */
export const readAccount = () => request("GET", "/account");

/** @param {string} username @param {string} password @returns {Promise<Account>} */
export const signIn = (username, password) => request("POST", "/session", { username, password });

/** @returns {Promise<{ openid: string | null }>} */
export const readSignInWays = () => request("GET", "/sign-in-ways");

/** @returns {Promise<void>} */
export const signOut = () => request("DELETE", "/session");

/** @param {string} method @param {string} path @param {object} [body] @param {AbortSignal} [signal] */
export async function request(method, path, body, signal) {
  const limit = AbortSignal.timeout(TIME_LIMIT);
  const response = await fetch(`/api/v1${path}`, {
    method,
    keepalive: method === "DELETE" || method === "PUT", // a page that is left must not take it along
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
    ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  }).catch(() => {
    throw new ApiError(0, "unreachable");
  });
  if (!response.ok) throw new ApiError(response.status, await codeOf(response));
  return [202, 204].includes(response.status) ? undefined : response.json(); // these have no body
}

/**
 * A proxy in front of the server may answer too, with no problem details, and when it has lost the server.
 * @param {Response} response
 * @returns {Promise<string>}
 */
async function codeOf(response) {
  const { status } = response;
  const ofProxy = { 413: "body_too_big", 429: "too_many_requests" }[status];
  const { code } = await response.json().catch(() => ({}));
  return code ?? ofProxy ?? (status > 500 ? "unreachable" : `${status}`);
}

/** @param {Record<string, string | number | boolean | undefined>} page */
function query(page) {
  const given = Object.entries(page).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([key, value]) => [key, `${value}`]));
}

/** A random UUID (RFC 9562, version 4). crypto.randomUUID is missing where the page came over plain HTTP. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})/, "$1-$2-4$3-8$4-");
}
