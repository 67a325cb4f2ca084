/** @import { ConnectionState, Message, ThreadFrame } from "../types.js" */
import { emit, on } from "../events.js";
import { ApiError, listMessages, uuid } from "./api.js";
import { HISTORY_CHANGED, INTERNAL_ERROR, MESSAGE_TOO_BIG, NO_SUCH_THREAD } from "./close-codes.js";
import { backoff, ReconnectingSocket } from "./reconnecting-socket.js";
import { textOf } from "../text/texts.js";

const SEND_TRIES = 5; // a message over which the server stumbles each time must not be resent for ever
const GAP_PAGE = 200;
export const TRY_AGAIN = new Set([
  "database_unavailable", "thread_busy", "server_stopping", "too_many_requests",
]);

/** A message was not stored. `code` is the server's, `disconnected` or `cancelled`; `message` is for people. */
export class SendError extends Error {
  /** @param {string} code */
  constructor(code) {
    super(textOf(code));
    this.code = code;
  }
}

/** Whether the same may work later: nothing is known to be wrong with it. @param {unknown} error */
export function isPassing(error) {
  const isKnown = error instanceof ApiError || error instanceof SendError;
  return !isKnown || error.code === "unreachable" || TRY_AGAIN.has(error.code);
}

/**
 * The live messages of one thread at a time: each exactly once and in order, over any loss of connection.
 *
 * Events: `statechange`, of `state` or `isWithoutDatabase`; `typing`, `seen`, `draft`, `draft.end` and `ready`, whose detail
 * is the frame's data; `lost`, when a connection is; `gone`, when the thread does not exist (any more); `rewound`, when the
 * server has not, or not any more, what was passed on, as after a failover that lost rows: the thread must be read anew.
 *
 * @typedef {object} PendingSend
 * @property {string} content
 * @property {string} client_id
 * @property {number | undefined} replaces
 * @property {number} tries
 * @property {(message: Message) => void} resolve
 * @property {(error: SendError) => void} reject
 */
export class WebSocketService extends EventTarget {
  /** @type {WebSocketService | undefined} */
  static #instance;
  /** @type {ReconnectingSocket<ThreadFrame> | null} */
  #socket = null;
  /** @type {(message: Message) => void} */
  #onMessage = () => {};
  #threadId = 0;
  /** What has been passed on: the next message is the one after it. @type {number | undefined} */
  #lastSeq;
  #gapUpTo = 0;
  /** By client_id, in the order in which they were sent. @type {Map<string, PendingSend>} */
  #sends = new Map();

  static getInstance() {
    return (WebSocketService.#instance ??= new WebSocketService());
  }

  /** @returns {ConnectionState} */
  get state() {
    return this.#socket?.state ?? "disconnected";
  }

  /** Whether the quick tries have failed: it goes on trying in the background, and `retry` does so at once. */
  get canRetry() {
    return this.#socket?.canRetry ?? false;
  }

  /** Whether the server has said that it cannot reach its database. */
  get isWithoutDatabase() {
    return this.#socket?.isWithoutDatabase ?? false;
  }

  /**
   * Leaves the thread that was open. Resolves when live; rejects when that takes over 5 s, is overtaken by
   * `disconnect`, or there is no such thread. Except in the last two cases, the tries go on.
   * @param {number} threadId
   * @param {(message: Message) => void} onMessage
   * @param {{ after?: number }} [resume] what is held already; without it, only new messages come
   */
  connect(threadId, onMessage, { after } = {}) {
    void this.disconnect();
    this.#threadId = threadId;
    this.#onMessage = onMessage;
    this.#lastSeq = after;
    this.#gapUpTo = 0;
    const socket = new ReconnectingSocket(
      () => `/api/v1/ws/threads/${threadId}${this.#lastSeq === undefined ? "" : `?after=${this.#lastSeq}`}`,
      /** @param {ThreadFrame} frame */ (frame) => this.#receive(frame),
    );
    this.#socket = socket;
    on(socket, "drop", (detail) => this.#dropped(detail));
    socket.addEventListener("statechange", () => this.#stateChanged());
    return socket.open();
  }

  /**
   * Resolves when the message is stored. Rejects with a SendError when the server refuses it or the
   * state becomes `disconnected`. Sending it again with its `client_id` is safe: it is stored once.
   * @param {{ content: string, client_id?: string, replaces?: number }} message
   * @returns {Promise<Message>}
   */
  sendMessage({ content, client_id = uuid(), replaces }) {
    return new Promise((resolve, reject) => {
      if (!this.#socket) return reject(new SendError("disconnected"));
      const send = { content, client_id, replaces, tries: 0, resolve, reject };
      this.#sends.set(client_id, send);
      if (this.canRetry) this.retry();
      if (this.state === "connected") this.#transmit(send);
    });
  }

  /** It may have been stored nevertheless. @param {string} clientId */
  cancel(clientId) {
    const send = this.#sends.get(clientId);
    if (send) this.#fail(send, "cancelled");
  }

  /** Tells the others in the thread that the person is writing a message. */
  sendTyping() {
    this.#socket?.send({ type: "typing" });
  }

  /** Asks for the whole text of the replies that are being written. A new connection brings it unasked. */
  askForDrafts() {
    this.#socket?.send({ type: "drafts" });
  }

  retry() {
    this.#socket?.retry();
  }

  /** Resolves when the server has agreed. */
  async disconnect() {
    const closed = this.#socket?.close();
    this.#socket = null;
    await closed;
  }

  /** @param {ThreadFrame} frame */
  #receive(frame) {
    if (frame.type === "message") this.#accept(frame.data);
    else if (frame.type === "ready") this.#ready(frame.data.last_seq);
    else if (frame.type === "error") this.#refused(frame.data);
    else if ("data" in frame) emit(this, frame.type, frame.data);
  }

  /** @param {Message} message */
  #accept(message) {
    this.#confirm(message);
    this.#lastSeq ??= message.seq - 1;
    if (message.seq > this.#lastSeq + 1) {
      void this.#fillGap(message.seq);
    } else if (message.seq === this.#lastSeq + 1) {
      this.#lastSeq = message.seq;
      this.#onMessage(message);
    }
  }

  /** @param {number} upTo */
  async #fillGap(upTo) {
    const isReading = this.#gapUpTo > 0;
    this.#gapUpTo = Math.max(this.#gapUpTo, upTo);
    if (isReading) return;
    const socket = this.#socket;
    try {
      while (this.#lastSeq !== undefined && this.#lastSeq < this.#gapUpTo) {
        const page = await listMessages(this.#threadId, { after: this.#lastSeq, limit: GAP_PAGE });
        if (socket !== this.#socket) return;
        if (page.length === 0) throw new Error("The table lacks what was pushed");
        for (const message of page) this.#accept(message);
      }
      this.#gapUpTo = 0;
    } catch {
      // Whatever was in the way, joining again replays what is missing.
      if (socket !== this.#socket) return;
      this.#gapUpTo = 0;
      socket?.reconnect();
    }
  }

  /** @param {number} lastSeq */
  #ready(lastSeq) {
    this.#lastSeq ??= lastSeq;
    if (lastSeq < this.#lastSeq) return emit(this, "rewound");
    if (lastSeq > this.#lastSeq) void this.#fillGap(lastSeq);
    for (const send of this.#sends.values()) this.#transmit(send);
    emit(this, "ready");
  }

  /** @param {PendingSend} send */
  #transmit(send) {
    send.tries += 1;
    const { content, client_id, replaces } = send;
    this.#socket?.send({ content, client_id, replaces });
  }

  /** Whoever has sent it learns that it is stored. @param {Message} message */
  #confirm(message) {
    const send = this.#sends.get(message.client_id ?? "");
    if (!send) return;
    this.#sends.delete(send.client_id);
    send.resolve(message);
  }

  /** @param {{ code: string, client_id: string | null }} error */
  #refused({ code, client_id }) {
    const send = this.#sends.get(client_id ?? "");
    if (!send) return;
    if (!TRY_AGAIN.has(code) || send.tries >= SEND_TRIES) return this.#fail(send, code);
    const socket = this.#socket;
    setTimeout(() => {
      const isDue = this.#sends.get(send.client_id) === send && this.#socket === socket;
      if (isDue && this.state === "connected") this.#transmit(send);
    }, backoff(send.tries));
  }

  /** @param {number} code */
  #dropped(code) {
    emit(this, "lost");
    if (code === NO_SUCH_THREAD) {
      this.#socket = null;
      emit(this, "gone");
    }
    if (code === HISTORY_CHANGED) emit(this, "rewound");
    // A network that fails again and again says nothing about a message.
    for (const send of code === INTERNAL_ERROR ? this.#sends.values() : []) {
      if (send.tries >= SEND_TRIES) this.#fail(send, "internal");
    }
    // The server does not say which one was too big for it; if any was, then the longest was.
    const [longest] = [...this.#sends.values()].sort((a, b) => b.content.length - a.content.length);
    if (code === MESSAGE_TOO_BIG && longest) this.#fail(longest, "content_too_long");
  }

  #stateChanged() {
    if (this.state === "disconnected") {
      for (const send of this.#sends.values()) this.#fail(send, "disconnected");
    }
    emit(this, "statechange");
  }

  /** @param {PendingSend} send @param {string} code */
  #fail(send, code) {
    this.#sends.delete(send.client_id);
    send.reject(new SendError(code));
  }
}
