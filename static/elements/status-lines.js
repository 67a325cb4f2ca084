/** @import { ConnectionState } from "../types.js" */
import { threadMarks } from "../net/delivery.js";
import { LiveElement, emit, find } from "./dom.js";
import { store } from "../model/store.js";
import { textOf } from "../text/texts.js";
import { threads } from "../model/threads.js";
import { WebSocketService } from "../net/websocket-service.js";

/** @typedef {typeof threads | WebSocketService} ConnectionSource */

/** @type {Record<ConnectionState | "without-database", string>} */
const LABELS = {
  connecting: "Connecting…",
  connected: "",
  reconnecting: "Reconnecting…",
  disconnected: "Not connected",
  "without-database": `${textOf("database_unavailable")} Messages wait here until it can.`,
};

/** Says how the connection is, when it is not well. */
export class ConnectionStatus extends LiveElement {
  #label = find(this, "[role=status]", HTMLElement);
  #retry = find(this, "button", HTMLButtonElement);
  #sources = [WebSocketService.getInstance(), threads];

  /** @override @param {AbortSignal} signal */
  connected(signal) {
    for (const source of this.#sources) {
      source.addEventListener("statechange", () => this.#changed(source), { signal });
    }
    const retryAll = () => this.#sources.forEach((source) => source.retry());
    this.#retry.addEventListener("click", retryAll, { signal });
    this.#show();
  }

  /** @param {ConnectionSource} source */
  #changed({ state, isWithoutDatabase }) {
    // The server is there again, and its database: the other one need not wait for its next try.
    if (state === "connected" && !isWithoutDatabase) {
      for (const source of this.#sources) if (source.canRetry || source.isWithoutDatabase) source.retry();
    }
    this.#show();
  }

  #show() {
    const isWithoutDatabase = this.#sources.some((source) => source.isWithoutDatabase);
    const state = isWithoutDatabase ? "without-database" : this.#worstState();
    this.dataset.state = state;
    this.#label.textContent = LABELS[state];
    this.#retry.hidden = state !== "disconnected";
  }

  /** A source that is disconnected because nobody wants it is well. @returns {ConnectionState} */
  #worstState() {
    if (this.#sources.some((source) => source.canRetry)) return "disconnected";
    const states = this.#sources.map((source) => source.state);
    if (states.includes("reconnecting")) return "reconnecting";
    return states.includes("connecting") ? "connecting" : "connected";
  }
}

customElements.define("connection-status", ConnectionStatus);

/**
 * Says what is still to be sent, in whichever thread. Event: `select`, whose detail is the id of a thread in
 * which a message could not be sent.
 */
export class UnsentMessages extends LiveElement {
  #text = find(this, "[role=status]", HTMLElement);
  #show = find(this, "button", HTMLButtonElement);

  /** @override @param {AbortSignal} signal */
  connected(signal) {
    threadMarks.addEventListener("change", () => this.#render(), { signal });
    this.#show.addEventListener("click", () => this.#select(), { signal });
    this.#render();
  }

  #render() {
    const { unsent, failed } = threadMarks;
    const waiting = `${unsent === 1 ? "1 message waits" : `${unsent} messages wait`} for the connection`;
    const refused = `${failed.length === 1 ? "1 message" : `${failed.length} messages`} could not be sent`;
    this.#text.textContent = [failed.length && refused, unsent && waiting].filter(Boolean).join(" · ");
    this.#show.hidden = failed.length === 0;
    this.dataset.state = failed.length ? "failed" : unsent ? "waiting" : "";
  }

  /** Elsewhere first: here they are seen. */
  #select() {
    const { failed } = threadMarks;
    const send = failed.find(({ thread_id }) => thread_id !== store.threadId) ?? failed[0];
    if (send?.thread_id === store.threadId) {
      document.querySelector('.message[data-state="failed"]')?.scrollIntoView({ block: "center" });
    } else if (send) {
      emit(this, "select", send.thread_id);
    }
  }
}

customElements.define("unsent-messages", UnsentMessages);

/**
 * A line that says what has happened, and goes by itself. How long it stays is the animation `stay` of
 * style.css, which stands still while the line is hovered or focused. Events: `undo`; `end`, when it has gone.
 */
export class ToastLine extends LiveElement {
  #text = find(this, "[role=status]", HTMLElement);
  #undo = find(this, ".undo", HTMLButtonElement);
  #resized = new ResizeObserver(() => this.#makeRoom());

  /** @override @param {AbortSignal} signal */
  connected(signal) {
    this.#undo.addEventListener("click", () => emit(this, "undo"), { signal });
    find(this, ".dismiss", HTMLElement).addEventListener("click", () => this.hide(), { signal });
    const end = /** @param {AnimationEvent} event */ (event) => event.animationName === "stay" && this.hide();
    this.addEventListener("animationend", end, { signal });
    signal.addEventListener("abort", () => this.#resized.disconnect());
    this.#resized.observe(this);
  }

  /** @param {string} text @param {{ canUndo?: boolean }} [options] */
  say(text, { canUndo = false } = {}) {
    this.showPopover(); // first: screen readers tell only what changes in a region that is there
    for (const animation of this.getAnimations()) animation.currentTime = 0;
    this.#text.textContent = text;
    this.#undo.hidden = !canUndo;
    this.#makeRoom();
  }

  /** The page leaves as much room as is needed: the line covers nothing. */
  #makeRoom() {
    document.body.style.setProperty("--toast", `${this.offsetHeight}px`);
  }

  /** @param {string} what @param {unknown} reason why it failed */
  complain(what, reason) {
    this.say(`${what} ${reason instanceof Error ? reason.message : ""}`);
  }

  hide() {
    if (!this.matches(":popover-open")) return;
    this.hidePopover();
    emit(this, "end");
  }
}

customElements.define("toast-line", ToastLine);
