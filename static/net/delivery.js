/** @import { Send } from "../types.js" */
import { emit, on } from "../events.js";
import { drafts } from "../model/drafts.js";
import { outbox } from "../model/outbox.js";
import { store } from "../model/store.js";
import { threads } from "../model/threads.js";
import { postMessage } from "./api.js";
import { backoff, pause } from "./reconnecting-socket.js";
import { isPassing, SendError, WebSocketService } from "./websocket-service.js";

// What a person has left undone: it is sent, and each thread's marks tell of it.

const GRACE = 5_000; // ms that another tab has for what was written in it
const GIVEN_UP = new Set(["disconnected", "cancelled"]); // here: what to send next, or how, has changed

const service = WebSocketService.getInstance();
/** The threads whose messages are being sent. @type {Set<number>} */
const underWay = new Set();

/**
 * From now on, what is in the outbox is sent over the socket of the open thread, and over HTTP to any other. Every tab
 * does so, as none can know whether another still lives: the server drops what is repeated. And every one waits
 * for a message to be stored before it sends the thread's next, so that their order stays.
 */
export function startDelivery() {
  service.addEventListener("statechange", deliver);
  threads.addEventListener("statechange", deliver);
  store.addEventListener("status", deliver);
  on(outbox, "put", ({ send, isOurs }) => (isOurs ? deliverNew(send) : setTimeout(deliver, GRACE)));
  for (const type of ["stored", "discard"]) on(outbox, type, (clientId) => service.cancel(clientId));
  deliver(); // there may be a connection already
}

/** @param {Send} send */
function deliverNew({ thread_id, state }) {
  if (state === "sending" && isOpen(thread_id) && service.canRetry) service.retry();
  deliver();
}

function deliver() {
  for (const { thread_id } of outbox.list) void deliverTo(thread_id);
}

/** @param {number} threadId */
async function deliverTo(threadId) {
  if (underWay.has(threadId)) return;
  underWay.add(threadId);
  let tries = 0;
  for (let send; (send = next(threadId)); ) {
    try {
      await (isOpen(threadId) ? service.sendMessage(send) : postMessage(send));
      outbox.stored(send.client_id);
      tries = 0;
    } catch (error) {
      if (error instanceof SendError && GIVEN_UP.has(error.code)) continue;
      if (isPassing(error)) await pause(backoff(++tries));
      else outbox.refuse(send.client_id, messageOf(error));
    }
  }
  underWay.delete(threadId);
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : "");

/** Nothing without a connection. @param {number} threadId */
function next(threadId) {
  if (!isConnected(threadId)) return undefined;
  return outbox.list.find((send) => send.thread_id === threadId && send.state === "sending");
}

/** Whether it is to be sent as soon as there is a connection. @param {Send} send */
const isWaiting = ({ thread_id, state }) =>
  state === "sending" && (!isConnected(thread_id) || connectionOf(thread_id).isWithoutDatabase);

/** @param {number} threadId */
const isConnected = (threadId) => connectionOf(threadId).state === "connected";

/** @param {number} threadId */
const connectionOf = (threadId) => (isOpen(threadId) ? service : threads);

/** One that is gone has no socket; the answer over HTTP is the reason. @param {number} threadId */
const isOpen = (threadId) => threadId === store.threadId && store.status !== "gone";

/**
 * What a person has left undone in a thread. `draft`: something is written and not sent; `unsent`: how many
 * messages wait for the connection; `failed`: how many could not be sent.
 * @typedef {{ draft: boolean, unsent: number, failed: number }} Marks
 */

/** Event: `change`, when the marks of some thread have changed. */
class ThreadMarks extends EventTarget {
  #told = "";

  constructor() {
    super();
    const look = () => this.#look();
    drafts.addEventListener("change", look);
    outbox.addEventListener("change", look);
    threads.addEventListener("statechange", look);
    store.addEventListener("status", look);
    service.addEventListener("statechange", look);
  }

  /** @param {number | null} threadId null: the chat that is yet to be created @returns {Marks} */
  marksOf(threadId) {
    const sends = outbox.list.filter((send) => send.thread_id === threadId);
    const draft = drafts.get(threadId) !== "";
    return { draft, unsent: count(sends, isWaiting), failed: count(sends, hasFailed) };
  }

  /** In all threads. */
  get unsent() {
    return count(outbox.list, isWaiting);
  }

  /** In all threads, in the order in which they were sent. */
  get failed() {
    return outbox.list.filter(hasFailed);
  }

  /** Each key that is typed changes a draft, and hardly one of them a mark. */
  #look() {
    const sends = outbox.list.map((send) => [send.client_id, send.state, isWaiting(send)]);
    const now = JSON.stringify([drafts.threadIds, drafts.get(null) !== "", sends]);
    if (now === this.#told) return;
    this.#told = now;
    emit(this, "change");
  }
}

/** @param {Send} send */
const hasFailed = ({ state }) => state === "failed";

/** @param {Send[]} sends @param {(send: Send) => boolean} holds */
const count = (sends, holds) => sends.filter(holds).length;

/** A tab has one view of them. */
export const threadMarks = new ThreadMarks();
