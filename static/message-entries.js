/** @import { Message, Send } from "./types.js" */
import { keyOf, messageElement, place, showSend, showStored } from "./message.js";

const STOP = "article[tabindex='0']";

/** The messages in the document: an element for each, which stays the same for as long as it is shown. */
export class MessageEntries {
  #container;
  /** By `keyOf`. @type {Map<string, HTMLElement>} */
  #elements = new Map();
  /** Of what was sent from here, only the newest says that it is sent. @type {HTMLElement | undefined} */
  #newestSent;

  /** @param {HTMLElement} container */
  constructor(container) {
    this.#container = container;
    container.addEventListener("keydown", (event) => this.#keyDown(event));
    container.addEventListener("focusin", ({ target }) => target instanceof Element && this.#stopAt(target));
  }

  get isEmpty() {
    return this.#elements.size === 0;
  }

  /** @param {Message} message */
  has(message) {
    return this.#elements.has(keyOf(message));
  }

  /** @param {number | undefined} seq @returns {HTMLElement | null} */
  find(seq) {
    return this.#container.querySelector(`:scope > [data-seq="${seq}"]`);
  }

  /** The text that is read at this line of the window, or else below it. @param {number} y in px */
  textAt(y) {
    return this.#list.find((entry) => entry.getBoundingClientRect().bottom > y)?.querySelector(".content");
  }

  /** The seq of the last that begins above this line of the window; 0 for none. @param {number} y in px */
  lastSeqAbove(y) {
    const last = this.#list.findLast((entry) => entry.dataset.seq && entry.getBoundingClientRect().top < y);
    return Number(last?.dataset.seq ?? 0);
  }

  clear() {
    this.#elements.clear();
    this.#container.replaceChildren();
  }

  /**
   * Has the document hold exactly these, in this order.
   * @param {readonly (Message | Send)[]} messages
   * @param {number | undefined} newFrom the seq of the first that is new to the person
   */
  show(messages, newFrom) {
    this.#removeAllBut(new Set(messages.map(keyOf)));
    let next = this.#container.firstElementChild;
    /** @type {Message | Send | undefined} */
    let previous;
    for (const message of messages) {
      const entry = this.#entryOf(message);
      if (entry === next) next = next.nextElementSibling;
      else this.#container.insertBefore(entry, next);
      place(entry, message, previous, newFrom);
      previous = message;
    }
    const last = this.#container.lastElementChild;
    if (last && !this.#container.querySelector(STOP)) this.#stopAt(last);
  }

  get #list() {
    return /** @type {HTMLElement[]} */ ([...this.#container.children]);
  }

  /** @param {Set<string>} keys */
  #removeAllBut(keys) {
    for (const [key, entry] of this.#elements) {
      if (keys.has(key)) continue;
      entry.remove();
      this.#elements.delete(key);
    }
  }

  /** @param {Message | Send} message */
  #entryOf(message) {
    const key = keyOf(message);
    const entry = this.#elements.get(key) ?? messageElement(message);
    this.#elements.set(key, entry);
    if (!("seq" in message)) showSend(entry, message);
    else if (!entry.dataset.seq) this.#stored(entry, message);
    return entry;
  }

  /** @param {HTMLElement} entry @param {Message} message */
  #stored(entry, message) {
    const wasSentHere = entry.querySelector("[data-state]");
    showStored(entry, message);
    if (!wasSentHere) return;
    this.#newestSent?.classList.remove("newest");
    this.#newestSent = entry;
    entry.classList.add("newest");
  }

  /** The Tab key stops at one message, and the arrow keys lead on from there. @param {Element} within */
  #stopAt(within) {
    const article = within.closest("article") ?? within.querySelector("article");
    for (const stop of this.#container.querySelectorAll(STOP)) {
      if (stop !== article) stop.setAttribute("tabindex", "-1");
    }
    article?.setAttribute("tabindex", "0");
  }

  /** @param {KeyboardEvent} event */
  #keyDown(event) {
    if (!(event.target instanceof HTMLElement) || event.target.localName !== "article" || event.altKey) return;
    const entry = event.target.parentElement;
    const next = { ArrowUp: entry?.previousElementSibling, ArrowDown: entry?.nextElementSibling }[event.key];
    if (!next) return;
    event.preventDefault();
    next.querySelector("article")?.focus();
  }
}
