/** @import { Hit, Message, Problem, Send, Thread } from "./types.js" */

const TIME_LIMIT = 10_000; // ms

/** The server refused a request, or could not be reached (status 0). The message is for the person. */
export class ApiError extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail ?? problem.title);
    this.status = problem.status;
    this.code = problem.code;
  }
}

/**
 * Newest activity first.
 * @param {{ limit: number, before?: string, pinned?: boolean, q?: string }} page
 * @param {AbortSignal} [signal]
 * @returns {Promise<Thread[]>}
 */
export const listThreads = (page, signal) => request("GET", `/threads?${query(page)}`, undefined, signal);

/** @returns {Promise<Thread>} */
export const createThread = () => request("POST", "/threads", {});

/** @param {number} id @returns {Promise<Thread>} */
export const readThread = (id) => request("GET", `/threads/${id}`);

/** @param {number} id @param {{ title?: string, pinned?: boolean }} change @returns {Promise<Thread>} */
export const changeThread = (id, change) => request("PATCH", `/threads/${id}`, change);

/** @param {number} id @returns {Promise<void>} */
export const deleteThread = (id) => request("DELETE", `/threads/${id}`);

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
export const postMessage = ({ thread_id, content, client_id }) =>
  request("POST", `/threads/${thread_id}/messages`, { content, client_id });

/**
 * Messages with these words, newest first. Rejects when the signal ends it, too.
 * @param {{ q: string, limit?: number, before?: number }} page
 * @param {AbortSignal} signal
 * @returns {Promise<Hit[]>}
 */
export const search = (page, signal) => request("GET", `/search?${query(page)}`, undefined, signal);

/** `max_content` is in characters. @returns {Promise<{ id: number, username: string, max_content: number }>} */
export const readAccount = () => request("GET", "/account");

/** @param {string} method @param {string} path @param {object} [body] @param {AbortSignal} [signal] */
async function request(method, path, body, signal) {
  const limit = AbortSignal.timeout(TIME_LIMIT);
  const response = await fetch(`/api/v1${path}`, {
    method,
    keepalive: method === "DELETE", // a page that is left must not take it along
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
    ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  }).catch(() => {
    throw new ApiError({ status: 0, code: "unreachable", title: "The server cannot be reached." });
  });
  if (!response.ok) throw new ApiError(await problem(response));
  return response.status === 204 ? undefined : response.json();
}

/**
 * A proxy in front of the server may answer too, with no problem details, and when it has lost the server.
 * @param {Response} response
 */
async function problem(response) {
  const { status, statusText: title } = response;
  const code = status > 500 ? "unreachable" : "unknown";
  return { status, code, title, ...(await response.json().catch(() => ({}))) };
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
