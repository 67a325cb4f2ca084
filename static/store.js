/** @import { Message, Send } from "./types.js" */
import { ApiError, listMessages } from "./api.js";
import { outbox } from "./outbox.js";
import { uuid } from "./uuid.js";
import { WebSocketService } from "./websocket-service.js";

const PAGE = 50;
const TYPING_LIMIT = 6_000; // ms; a reply that takes longer, or never comes, is not waited for

/**
 * The thread that is open, and its messages that are not known to be stored yet.
 *
 * Events: `status`; `older`, whose detail is the messages that were put before the others; `message`, a
 * new one; `send`, one that is new or has changed; `discard`, whose detail is a client_id; `typing`.
 */
class Store extends EventTarget {
  #service = WebSocketService.getInstance();
  /** Without gaps, so that the message with seq `s` is at `s - messages[0].seq`. @type {Message[]} */
  #messages = [];
  /** Ends with the visit to a thread: whatever is read for it later is of no use. */
  #visit = new AbortController();
  /** @type {Promise<void> | null} */
  #loadingOlder = null;
  /** @type {number | undefined} */
  #typingTimer;
  /** @type {number | null} */
  threadId = null;
  /** @type {"closed" | "loading" | "open" | "gone" | "failed"} */
  status = "closed";
  /** Why it failed, for the person. */
  reason = "";
  isTyping = false;

  constructor() {
    super();
    this.#service.addEventListener("typing", () => this.#setTyping(true));
    this.#service.addEventListener("gone", () => this.#become("gone"));
    this.#service.addEventListener("rewound", () => this.threadId && this.open(this.threadId));
    this.#service.addEventListener("statechange", () => this.sends.forEach((send) => this.#emit("send", send)));
    outbox.addEventListener("put", (event) => this.#sendChanged(/** @type {CustomEvent} */ (event).detail.send));
    outbox.addEventListener("delete", (event) => this.discard(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {number} threadId */
  async open(threadId) {
    this.#leave();
    this.threadId = threadId;
    this.#become("loading");
    const { signal } = this.#visit;
    try {
      const page = await listMessages(threadId, { limit: PAGE });
      if (signal.aborted) return;
      this.#hold(page);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
      return;
    }
    const live = this.#service.connect(threadId, (message) => this.#add(message), { after: this.lastSeq });
    live.catch(() => {}); // the service goes on trying, and tells its state
    this.#become("open");
  }

  close() {
    this.#leave();
    this.#become("closed");
  }

  /** @returns {readonly Message[]} */
  get messages() {
    return this.#messages;
  }

  /** Those of the thread that is open. */
  get sends() {
    return outbox.list.filter((send) => send.thread_id === this.threadId);
  }

  /** Whether what is sent now can arrive. */
  get isConnected() {
    return this.#service.state === "connected";
  }

  get lastSeq() {
    return this.#messages.at(-1)?.seq ?? 0;
  }

  get hasOlder() {
    return (this.#messages[0]?.seq ?? 1) > 1;
  }

  /** Rejects with an ApiError. */
  loadOlder() {
    this.#loadingOlder ??= this.#readOlder().finally(() => (this.#loadingOlder = null));
    return this.#loadingOlder;
  }

  /** @param {string} content */
  send(content) {
    if (!this.threadId) return;
    // To the server, half of a surrogate pair would not be JSON.
    this.#send({ client_id: uuid(), thread_id: this.threadId, content: content.toWellFormed() });
  }

  /** @param {string} clientId */
  resend(clientId) {
    const send = outbox.get(clientId);
    if (send) this.#send(send);
  }

  /** @param {string} clientId */
  discard(clientId) {
    outbox.delete(clientId);
    this.#service.cancel(clientId);
    this.#emit("discard", clientId);
  }

  /** @param {Pick<Send, "client_id" | "thread_id" | "content">} message */
  #send(message) {
    outbox.add(message);
    if (this.#service.canRetry) this.#service.retry();
  }

  #leave() {
    this.#visit.abort();
    this.#visit = new AbortController();
    this.threadId = null;
    this.#messages = [];
    this.#loadingOlder = null;
    this.#setTyping(false);
    void this.#service.disconnect();
  }

  async #readOlder() {
    const { signal } = this.#visit;
    const [first] = this.#messages;
    if (!this.threadId || !first || !this.hasOlder) return;
    const page = await listMessages(this.threadId, { before: first.seq, limit: PAGE });
    if (signal.aborted) return;
    this.#hold(page);
    this.#emit("older", page);
  }

  /** @param {Message[]} page */
  #hold(page) {
    this.#messages.unshift(...page);
    for (const { client_id } of page) if (client_id) outbox.delete(client_id);
  }

  /** @param {Message} message */
  #add(message) {
    this.#messages.push(message);
    if (message.client_id) outbox.delete(message.client_id);
    if (message.role === "assistant") this.#setTyping(false);
    this.#emit("message", message);
  }

  /** @param {Send} send */
  #sendChanged(send) {
    if (send.thread_id !== this.threadId) return;
    // What another window has sent can arrive as stored before that window tells that it was sent.
    if (this.#messages.some(({ client_id }) => client_id === send.client_id)) outbox.delete(send.client_id);
    else this.#emit("send", send);
  }

  /** @param {boolean} isTyping */
  #setTyping(isTyping) {
    clearTimeout(this.#typingTimer);
    if (isTyping) this.#typingTimer = setTimeout(() => this.#setTyping(false), TYPING_LIMIT);
    this.isTyping = isTyping;
    this.#emit("typing");
  }

  /** @param {unknown} error */
  #fail(error) {
    this.reason = error instanceof Error ? error.message : "";
    this.#become(error instanceof ApiError && error.status === 404 ? "gone" : "failed");
  }

  /** @param {Store["status"]} status */
  #become(status) {
    this.status = status;
    this.#emit("status");
  }

  /** @param {string} type @param {unknown} [detail] */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** A window has one thread open. */
export const store = new Store();
