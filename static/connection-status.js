/** @import { ConnectionState } from "./types.js" */
import { find } from "./dom.js";
import { threads } from "./threads.js";
import { WebSocketService } from "./websocket-service.js";

/** @type {Record<ConnectionState, string>} */
const LABELS = {
  connecting: "Connecting…",
  connected: "",
  reconnecting: "Reconnecting…",
  disconnected: "Not connected",
};

/** Says how the connection is, when it is not well. */
export class ConnectionStatus extends HTMLElement {
  #label = find(this, "[role=status]", HTMLElement);
  #retry = find(this, "button", HTMLButtonElement);
  #sources = [WebSocketService.getInstance(), threads];
  #closed = new AbortController();

  connectedCallback() {
    this.#closed = new AbortController();
    const { signal } = this.#closed;
    for (const source of this.#sources) {
      source.addEventListener("statechange", () => this.#changed(source.state), { signal });
    }
    const retryAll = () => this.#sources.forEach((source) => source.retry());
    this.#retry.addEventListener("click", retryAll, { signal });
    this.#show();
  }

  disconnectedCallback() {
    this.#closed.abort();
  }

  /** @param {ConnectionState} state */
  #changed(state) {
    // The server is there again: the other one need not wait for the person.
    if (state === "connected") for (const source of this.#sources) if (source.canRetry) source.retry();
    this.#show();
  }

  #show() {
    const state = this.#worstState();
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
