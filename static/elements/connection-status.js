/** @import { ConnectionState } from "../types.js" */
import { find, LiveElement } from "./dom.js";
import { threads } from "../model/threads.js";
import { WebSocketService } from "../net/websocket-service.js";
import { textOf } from "../text/texts.js";

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
