/** @import { Author } from "../model/authors.js" */
/** @import { Message, Place, Send, Shown } from "../types.js" */
import { find, fromTemplate } from "./dom.js";
import { authorOf } from "../model/authors.js";
import { outbox } from "../model/outbox.js";
import { people } from "../model/people.js";
import { store } from "../model/store.js";
import { threads } from "../model/threads.js";
import { paintAvatar } from "../text/avatars.js";
import { dayName, showMoment } from "../text/dates.js";
import { formatted } from "../text/formatted-text.js";

const GROUP = 5 * 60_000; // ms; what one writes within this time belongs together
const STOP = "article[tabindex='0']";

/** @typedef {Place & { author: Author }} Placed */

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

  /** Also as a reply that is being written. @param {Message} message */
  has(message) {
    return this.#elements.has(keyOf(message)) || this.#elements.has(replyKey(message));
  }

  /** @param {number | undefined} seq @returns {HTMLElement | null} */
  find(seq) {
    return this.#container.querySelector(`:scope > [data-seq="${seq}"]`);
  }

  /** The message, or the first after it: it may have been replaced. @param {number | undefined} seq */
  findFrom(seq = Infinity) {
    return this.find(seq) ?? this.#list.find((entry) => Number(entry.dataset.at) >= seq);
  }

  /** The text that is read at this line of the viewport, or else below it. @param {number} y in px */
  textAt(y) {
    return this.#list.find((entry) => entry.getBoundingClientRect().bottom > y)?.querySelector(".content");
  }

  /** The seq of the last that begins above this line of the viewport; 0 for none. @param {number} y in px */
  lastSeqAbove(y) {
    const last = this.#list.findLast((entry) => entry.dataset.at && entry.getBoundingClientRect().top < y);
    return Number(last?.dataset.at ?? 0);
  }

  clear() {
    this.#elements.clear();
    this.#container.replaceChildren();
  }

  /**
   * Has the document hold exactly these, in this order.
   * @param {readonly Place[]} places
   * @param {number | undefined} newFrom the seq of the first that is new to the person
   */
  show(places, newFrom) {
    const messages = places.map(({ message }) => message);
    const keys = new Set(messages.map(keyOf));
    for (const message of messages) this.#become(message, keys);
    this.#removeAllBut(keys);
    let next = this.#container.firstElementChild;
    /** @type {Placed | undefined} */
    let previous;
    const authors = messages.map(authorOf);
    // Who is alone with one bot sees no names.
    const bots = new Set(authors.filter(({ kind }) => kind === "assistant").map(({ key }) => key));
    this.#container.classList.toggle("shared", bots.size > 1 || authors.some(({ kind }) => kind === "other"));
    for (const [index, { message, at }] of places.entries()) {
      const entry = this.#entryOf(message);
      if (entry === next) next = next.nextElementSibling;
      else this.#container.insertBefore(entry, next);
      const placed = { message, at, author: /** @type {Author} */ (authors[index]) };
      showAuthor(entry, placed.author);
      place(entry, placed, previous, newFrom);
      previous = placed;
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

  /** What was being written has been stored: it is the same element. @param {Shown} message @param {Set<string>} keys */
  #become(message, keys) {
    const before = replyKey(message);
    const entry = this.#elements.get(before);
    if (!entry || !("seq" in message) || keys.has(before) || this.#elements.has(keyOf(message))) return;
    this.#elements.delete(before);
    this.#elements.set(keyOf(message), entry);
  }

  /** @param {Shown} message */
  #entryOf(message) {
    const key = keyOf(message);
    const entry = this.#elements.get(key) ?? messageElement(message);
    this.#elements.set(key, entry);
    if ("state" in message) showSend(entry, message);
    else if (!("seq" in message)) entry.dataset.replyTo = `${message.reply_to}`; // elements/replies.js shows it
    else if (!entry.dataset.seq) this.#stored(entry, message);
    return entry;
  }

  /** @param {HTMLElement} entry @param {Message} message */
  #stored(entry, message) {
    const wasSentHere = entry.querySelector("[data-state]");
    showStored(entry, message);
    // It was stored before elements/replies.js was there.
    if ("replyTo" in entry.dataset && !("grows" in entry.dataset)) {
      showContent(entry, message);
      delete entry.dataset.replyTo;
    }
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

/** The same for a message before and after it is stored. @param {Shown} message */
const keyOf = (message) =>
  "ordinal" in message ? replyKey(message) : (message.client_id ?? `${"seq" in message ? message.seq : ""}`);

/** @param {Shown} message */
const replyKey = (message) => ("reply_to" in message && message.reply_to ? `reply ${message.reply_to}` : "");

/** @param {Shown} message */
function messageElement(message) {
  const entry = fromTemplate("message");
  entry.classList.toggle("reply", replyKey(message) !== "");
  if (!("ordinal" in message)) showContent(entry, message);
  return entry;
}

/** @param {HTMLElement} entry @param {Message | Send} message */
function showContent(entry, message) {
  const isLine = "role" in message && message.role === "system";
  find(entry, ".content", HTMLElement).append(isLine ? message.content : formatted(message.content));
  if (entry.querySelector("code-block")) import("./code-block.js").catch(() => {}); // it is tried again with the next
}

/** Again when the name is known, or another. @param {HTMLElement} entry @param {Author} author */
function showAuthor(entry, { kind, name, id, key }) {
  const signature = `${key} ${name} ${people.myUsername} ${people.revision}`;
  if (entry.dataset.author === signature) return;
  entry.dataset.author = signature;
  const message = find(entry, ".message", HTMLElement);
  message.classList.remove("own", "other", "assistant", "system");
  message.classList.add(kind);
  find(entry, ".author", HTMLElement).textContent = name;
  paintAvatar(find(entry, ".avatar", HTMLElement), { id, name, isPerson: kind === "other" && id !== null });
  for (const mention of entry.querySelectorAll(".mention")) {
    const username = mention.textContent?.slice(1) ?? "";
    if (people.areSeveral && threads.get(store.threadId ?? 0)?.open) void people.seek(username); // the members are known
    mention.classList.toggle("known", !!people.named(username));
    mention.classList.toggle("of-me", people.areSeveral && username.toLowerCase() === people.myUsername);
  }
}

/** A message that is under way, or was not stored. @param {HTMLElement} entry @param {Send} send */
function showSend(entry, { client_id, state, reason }) {
  const hasFailed = state === "failed";
  const isWaiting = !hasFailed && !store.isConnected;
  find(entry, ".message", HTMLElement).dataset.state = isWaiting ? "waiting" : state;
  find(entry, ".state", HTMLElement).textContent = hasFailed
    ? `Not sent: ${reason}`
    : isWaiting ? "Waiting for the connection" : "Sending…";
  showButton(entry, ".resend", hasFailed, () => outbox.resend(client_id));
  showButton(entry, ".discard", hasFailed || isWaiting, () => outbox.discard(client_id));
}

/** @param {HTMLElement} entry @param {Message} message */
function showStored(entry, message) {
  const link = find(entry, ".when", HTMLAnchorElement);
  entry.dataset.seq = `${message.seq}`;
  delete find(entry, ".message", HTMLElement).dataset.state;
  find(entry, ".state", HTMLElement).textContent = "Sent";
  showButton(entry, ".resend", false, null);
  showButton(entry, ".discard", false, null);
  link.hidden = false;
  link.href = `/threads/${message.thread_id}/${message.seq}`;
  showMoment(find(link, "time", HTMLTimeElement), message.created_at);
}

/**
 * What a message shows because of the one before it: a new day, that the unread begin, or that it goes on.
 * @param {HTMLElement} entry
 * @param {Placed} placed
 * @param {Placed | undefined} previous
 * @param {number | undefined} newFrom
 */
function place(entry, { at, author }, previous, newFrom) {
  const isNew = isFirstNew(at, previous?.at, newFrom);
  const signature = `${isNew} ${keyOf(at)} ${author.key} ${previous && `${keyOf(previous.at)} ${previous.author.key}`}`;
  if (entry.dataset.placed === signature) return; // most of them are, each time
  entry.dataset.placed = signature;
  entry.dataset.at = "seq" in at ? `${at.seq}` : "";
  const moment = momentOf(at);
  const before = previous && momentOf(previous.at);
  const day = find(entry, ".day", HTMLElement);
  day.hidden = !!before && moment.toDateString() === before.toDateString();
  day.textContent = day.hidden ? "" : dayName(moment);
  find(entry, ".unread-from", HTMLElement).hidden = !isNew;
  const goesOn = before && previous.author.key === author.key && +moment - +before < GROUP;
  entry.classList.toggle("continued", !!goesOn && day.hidden && !isNew);
}

/** The first that is new may have been replaced. @param {Shown} at @param {Shown | undefined} previous @param {number} [newFrom] */
function isFirstNew(at, previous, newFrom = Infinity) {
  if (!("seq" in at) || at.seq <= newFrom) return "seq" in at && at.seq === newFrom;
  const before = previous ? "seq" in previous && previous.seq : (store.messages[0]?.seq ?? Infinity) - 1;
  return before !== false && before < newFrom;
}

/** @param {Shown} message */
const momentOf = (message) =>
  new Date("seq" in message ? message.created_at : "ordinal" in message ? message.began_at : message.sent_at);

/**
 * @param {HTMLElement} entry
 * @param {string} selector
 * @param {boolean} isShown
 * @param {(() => void) | null} act
 */
function showButton(entry, selector, isShown, act) {
  const button = find(entry, selector, HTMLButtonElement);
  button.hidden = !isShown;
  button.onclick = act;
}
