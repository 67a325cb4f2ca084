import { find, LiveElement } from "./dom.js";
import { emit } from "../events.js";
import { store } from "../model/store.js";
import { threadMarks } from "../net/delivery.js";

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
