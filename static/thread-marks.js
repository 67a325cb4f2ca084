/** @import { Send } from "./types.js" */
import { isWaiting } from "./delivery.js";
import { drafts } from "./drafts.js";
import { outbox } from "./outbox.js";
import { store } from "./store.js";
import { threads } from "./threads.js";
import { WebSocketService } from "./websocket-service.js";

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
    WebSocketService.getInstance().addEventListener("statechange", look);
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
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {Send} send */
const hasFailed = ({ state }) => state === "failed";

/** @param {Send[]} sends @param {(send: Send) => boolean} holds */
const count = (sends, holds) => sends.filter(holds).length;

/** A window has one view of them. */
export const threadMarks = new ThreadMarks();
