/** @import { Message, Send } from "./types.js" */
import { ApiError, listMessages, postMessage } from "./api.js";
import { uuid } from "./uuid.js";
import { WebSocketService } from "./websocket-service.js";

const PAGE = 50;
const TYPING_LIMIT = 6_000; // ms; a reply that takes longer, or never comes, is not waited for

/**
 * The thread that is open, and the messages of this window that are not known to be stored yet.
 *
 * Events: `status`; `older`, whose detail is the messages that were put before the others; `message`, a
 * new one; `send`, one that is new or has changed; `discard`, whose detail is a client_id; `typing`.
 */
class Store extends EventTarget {
  #service = WebSocketService.getInstance();
  /** Without gaps, so that the message with seq `s` is at `s - messages[0].seq`. @type {Message[]} */
  #messages = [];
  /** Of every thread, by client_id: what is under way stays so when another thread is opened.
   * @type {Map<string, Send>} */
  #sends = new Map();
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
    for (const send of this.sends) if (send.state === "sending") void this.#deliver(send);
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
    return [...this.#sends.values()].filter((send) => send.thread_id === this.threadId);
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
    /** @type {Send} */
    const send = { client_id: uuid(), thread_id: this.threadId, content, state: "sending", reason: "" };
    this.#sends.set(send.client_id, send);
    this.#emit("send", send);
    if (this.status === "open") void this.#deliver(send);
  }

  /** @param {string} clientId */
  resend(clientId) {
    const send = this.#sends.get(clientId);
    if (!send) return;
    this.#change(send, "sending");
    void this.#deliver(send);
  }

  /** @param {string} clientId */
  discard(clientId) {
    if (this.#sends.delete(clientId)) this.#emit("discard", clientId);
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
    for (const { client_id } of page) if (client_id) this.#sends.delete(client_id);
  }

  /** @param {Message} message */
  #add(message) {
    this.#messages.push(message);
    if (message.client_id) this.#sends.delete(message.client_id);
    if (message.role === "assistant") this.#setTyping(false);
    this.#emit("message", message);
  }

  /**
   * Over the open thread's socket. One whose thread has been left goes over HTTP.
   * @param {Send} send
   * @returns {Promise<void>}
   */
  async #deliver(send) {
    const isOpen = send.thread_id === this.threadId;
    try {
      const message = await (isOpen ? this.#service.sendMessage(send) : postMessage(send));
      // Unless it is still to be passed on, behind a gap that is being read, we have it.
      if (message.thread_id !== this.threadId || message.seq <= this.lastSeq) this.discard(send.client_id);
    } catch (error) {
      if (isOpen && send.thread_id !== this.threadId) return this.#deliver(send);
      this.#change(send, "failed", error instanceof Error ? error.message : "");
    }
  }

  /** @param {Send} send @param {Send["state"]} state */
  #change(send, state, reason = "") {
    if (!this.#sends.has(send.client_id)) return;
    Object.assign(send, { state, reason });
    if (send.thread_id === this.threadId) this.#emit("send", send);
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
