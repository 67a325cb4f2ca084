/** @import { Message, Send } from "./types.js" */
import { find } from "./dom.js";
import { messageElement, showSend, showStored } from "./message.js";
import { store } from "./store.js";

const BOTTOM = 40; // px from the bottom that still count as being there

/** The conversation of the open thread. */
export class MessageList extends HTMLElement {
  #scroller = find(this, ".scroller", HTMLElement);
  #older = find(this, ".older", HTMLElement);
  #olderAgain = find(this, ".older button", HTMLButtonElement);
  #empty = find(this, ".empty", HTMLElement);
  /** What was there when the thread was opened: not to be read aloud. */
  #history = find(this, ".history", HTMLElement);
  /** What came since: a live region. */
  #live = find(this, ".live", HTMLElement);
  #typing = find(this, ".typing", HTMLElement);
  #jump = find(this, ".jump", HTMLButtonElement);
  #closed = new AbortController();
  #nearTop = new IntersectionObserver(([entry]) => entry?.isIntersecting && this.#loadOlder(), {
    root: this.#scroller,
    rootMargin: "800px 0px",
  });
  #resized = new ResizeObserver(() => this.#isAtBottom && this.#scrollToBottom());
  /** By client_id, and in the order in which they stand. @type {Map<string, HTMLElement>} */
  #sends = new Map();
  /** @type {HTMLElement | null} */
  #lastStored = null;
  #isAtBottom = true;
  #scrollTop = 0;
  #unseen = 0;

  connectedCallback() {
    this.#closed = new AbortController();
    const { signal } = this.#closed;
    /** @param {string} type @param {(detail: any) => void} take */
    const on = (type, take) =>
      store.addEventListener(type, (event) => take(/** @type {CustomEvent} */ (event).detail), { signal });
    on("status", () => this.#open());
    on("older", (messages) => this.#prepend(messages));
    on("message", (message) => this.#append(message));
    on("send", (send) => this.#showSend(send));
    on("discard", (clientId) => this.#discard(clientId));
    on("typing", () => (this.#typing.hidden = !store.isTyping));
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { signal, passive: true });
    this.#jump.addEventListener("click", () => this.#jumpToBottom(), { signal });
    this.#olderAgain.addEventListener("click", () => this.#loadOlder(), { signal });
    this.#resized.observe(this.#scroller);
    for (const part of this.#scroller.children) this.#resized.observe(part);
    this.#open();
  }

  disconnectedCallback() {
    this.#closed.abort();
    this.#nearTop.disconnect();
    this.#resized.disconnect();
  }

  #open() {
    this.#nearTop.disconnect();
    this.#sends.clear();
    this.#live.replaceChildren();
    this.#history.replaceChildren(...store.messages.map(messageElement));
    for (const send of store.sends) this.#showSend(send);
    this.#olderAgain.hidden = true;
    this.#isAtBottom = true;
    this.#scrollToBottom();
    this.#counted(0);
    if (store.hasOlder) this.#nearTop.observe(this.#older);
  }

  async #loadOlder() {
    this.#nearTop.disconnect();
    this.#olderAgain.hidden = true;
    const { threadId } = store;
    try {
      await store.loadOlder();
      // The top may still be near; an observer tells only of changes.
      if (store.hasOlder) this.#nearTop.observe(this.#older);
    } catch {
      this.#olderAgain.hidden = threadId !== store.threadId;
    }
  }

  /** @param {Message[]} messages */
  #prepend(messages) {
    const first = this.#history.firstElementChild ?? this.#live;
    const top = first.getBoundingClientRect().top;
    this.#history.prepend(...messages.map(messageElement));
    this.#scroller.scrollTop += first.getBoundingClientRect().top - top;
  }

  /** @param {Message} message */
  #append(message) {
    const sent = this.#sends.get(message.client_id ?? "");
    const element = sent ?? messageElement(message);
    const firstSending = [...this.#sends.values()].find(({ dataset }) => dataset.state !== "failed");
    if (element !== firstSending) this.#live.insertBefore(element, firstSending ?? null);
    if (sent) this.#markStored(sent, message);
    this.#counted(this.#isAtBottom || sent ? 0 : this.#unseen + 1);
  }

  /**
   * Only the newest of one's own says that it is sent.
   * @param {HTMLElement} element
   * @param {Message} message
   */
  #markStored(element, message) {
    this.#sends.delete(message.client_id ?? "");
    this.#lastStored?.classList.remove("newest");
    this.#lastStored = element;
    showStored(element, message);
  }

  /** @param {Send} send */
  #showSend(send) {
    const element = this.#sends.get(send.client_id) ?? messageElement(send);
    const isSentAgain = element.dataset.state === "failed" && send.state === "sending";
    showSend(element, send);
    // One that has failed stays where it is, and the conversation goes on below it.
    if (element.isConnected && !isSentAgain) return;
    this.#sends.delete(send.client_id);
    this.#sends.set(send.client_id, element);
    this.#live.append(element);
    this.#jumpToBottom();
  }

  /** @param {string} clientId */
  #discard(clientId) {
    this.#sends.get(clientId)?.remove();
    this.#sends.delete(clientId);
    this.#counted(this.#unseen);
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const isNear = scrollHeight - scrollTop - clientHeight < BOTTOM;
    // Only a person scrolls up. That the bottom has moved away means nothing: we are about to follow it.
    if (isNear) this.#isAtBottom = true;
    else if (scrollTop < this.#scrollTop) this.#isAtBottom = false;
    this.#scrollTop = scrollTop;
    if (this.#isAtBottom) this.#counted(0);
  }

  #jumpToBottom() {
    this.#isAtBottom = true;
    this.#scrollToBottom();
    this.#counted(0);
  }

  #scrollToBottom() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** @param {number} unseen */
  #counted(unseen) {
    this.#unseen = unseen;
    this.#jump.hidden = unseen === 0;
    this.#jump.textContent = unseen === 1 ? "1 new message" : `${unseen} new messages`;
    this.#empty.hidden = store.status !== "open" || store.messages.length + store.sends.length > 0;
  }
}

customElements.define("message-list", MessageList);
