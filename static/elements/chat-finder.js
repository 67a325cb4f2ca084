/** @import { Hit, Thread } from "../types.js" */
import { find, fromTemplate, LiveElement } from "./dom.js";
import { emit, on } from "../events.js";
import { authorOf } from "../model/authors.js";
import { people } from "../model/people.js";
import { threads } from "../model/threads.js";
import { listThreads, search } from "../net/api.js";

const PAUSE = 150; // ms without a key before the messages are searched
const MOST_THREADS = 6;
const PAGE = 20;
const NEAR = 400; // px from the last hit, in which more are read
const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/**
 * The dialog that finds chats by their titles and messages by their words. Event: `choose`, whose detail is
 * `{ threadId, seq? }`. Takes the event `open`, when its dialog has been opened; it may have been typed in already, and
 * the detail is the keys that were pressed in it.
 */
export class ChatFinder extends LiveElement {
  #dialog = find(this, "dialog", HTMLDialogElement);
  #field = find(this, "input", HTMLInputElement);
  #results = find(this, ".results", HTMLElement);
  #threads = find(this, ".threads", HTMLElement);
  #messages = find(this, ".messages", HTMLElement);
  #status = find(this, ".status", HTMLElement);
  /** Ends with what was typed: an answer to it that comes later is of no use. */
  #typed = new AbortController();
  /** @type {number | undefined} */
  #timer;
  /** @type {HTMLElement | undefined} */
  #active;
  /** From where older hits follow, if there may be some. @type {number | undefined} */
  #cursor;
  #isReading = false;
  /** Whether the list of threads was there when it was searched. */
  #hadList = false;

  /** @override @param {AbortSignal} signal */
  connected(signal) {
    this.#field.addEventListener("input", () => this.#search(), { signal });
    this.#field.addEventListener("keydown", (event) => this.#keyDown(event), { signal });
    this.#results.addEventListener("click", (event) => this.#click(event), { signal });
    this.#results.addEventListener("scroll", () => this.#scrolled(), { signal, passive: true });
    threads.addEventListener("change", () => this.#listChanged(), { signal });
    this.#dialog.addEventListener("close", () => this.#forget(), { signal });
    signal.addEventListener("abort", () => this.#forget());
    on(this, "open", (pressed) => this.#open(pressed), signal);
    find(this, ".close", HTMLElement).addEventListener("click", () => this.#dialog.close(), { signal });
  }

  /** @param {string[]} pressed */
  #open(pressed) {
    if (!this.#dialog.open) return; // it was closed before this was loaded
    this.#search();
    for (const key of pressed) this.#press(key);
  }

  /** Somebody may have been quicker than the list; one that is there already does not change under the hand. */
  #listChanged() {
    if (this.#dialog.open && !this.#hadList) this.#search();
  }

  #search() {
    this.#forget();
    this.#hadList = threads.isLoaded;
    const typed = this.#field.value.trim();
    const { signal } = this.#typed;
    const known = threads.list.filter((thread) => plain(people.titleOf(thread)).includes(plain(typed)));
    this.#show(this.#threads, known.slice(0, MOST_THREADS).map(threadOption));
    this.#show(this.#messages, []);
    this.#tell(typed ? "Searching…" : known.length || !this.#hadList ? "" : "There are no chats yet.");
    if (typed) this.#timer = setTimeout(() => this.#searchMessages(typed, signal), PAUSE);
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#cursor = undefined;
    this.#isReading = false;
    this.#typed.abort();
    this.#typed = new AbortController();
  }

  /** @param {string} typed @param {AbortSignal} signal @param {number} [before] */
  async #searchMessages(typed, signal, before) {
    this.#isReading = true;
    try {
      const [hits, titled] = await Promise.all([
        search({ q: typed, limit: PAGE, before }, signal),
        before ? [] : listThreads({ q: typed, limit: MOST_THREADS }, signal),
      ]);
      if (signal.aborted) return;
      this.#addThreads(titled.filter(({ id }) => !threads.get(id)));
      this.#isReading = false;
      this.#cursor = hits.length === PAGE ? hits.at(-1)?.message : undefined;
      if (before) this.#append(this.#messages, hits.map(messageOption));
      else this.#show(this.#messages, hits.map(messageOption));
      this.#tellCount(!!before);
      this.#scrolled(); // the list may be higher than a page of hits
    } catch (error) {
      if (signal.aborted) return;
      this.#isReading = false;
      this.#tell(`Messages could not be searched: ${error instanceof Error ? error.message : ""}`);
    }
  }

  /** Below those of the list, which are there at once. @param {Thread[]} found */
  #addThreads(found) {
    if (!found.length) return;
    this.#append(this.#threads, found.map(threadOption));
    this.#threads.hidden = false;
  }

  /** The older hits are read before their place is reached. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#results;
    if (!this.#cursor || this.#isReading || scrollHeight - scrollTop - clientHeight > NEAR) return;
    void this.#searchMessages(this.#field.value.trim(), this.#typed.signal, this.#cursor);
  }

  /** @param {boolean} isLater whether hits have been added to others */
  #tellCount(isLater) {
    const count = this.#options.length;
    if (!count) return this.#tell("Nothing found. Try fewer or other words.");
    this.#tell(`${count} found${this.#cursor ? " so far" : isLater ? ", and no more" : ""}`);
  }

  /** @param {HTMLElement} group @param {HTMLElement[]} options */
  #show(group, options) {
    find(group, "div", HTMLElement).replaceChildren();
    this.#append(group, options);
    group.hidden = options.length === 0;
    this.#activate(this.#active?.isConnected ? this.#active : this.#options[0]);
    this.#results.hidden = !this.#active;
    this.#field.ariaExpanded = `${!!this.#active}`;
  }

  /** @param {HTMLElement} group @param {HTMLElement[]} options */
  #append(group, options) {
    find(group, "div", HTMLElement).append(...options);
    this.#options.forEach((option, index) => (option.id = `found-${index}`));
  }

  get #options() {
    return /** @type {HTMLElement[]} */ ([...this.#results.querySelectorAll("[role=option]")]);
  }

  /** @param {HTMLElement | undefined} option */
  #activate(option) {
    if (this.#active) this.#active.ariaSelected = "false";
    this.#active = option;
    if (!option) return this.#field.removeAttribute("aria-activedescendant");
    option.ariaSelected = "true";
    option.scrollIntoView({ block: "nearest" });
    this.#field.setAttribute("aria-activedescendant", option.id);
  }

  /** @param {string} status */
  #tell(status) {
    this.#status.textContent = status;
  }

  /** @param {KeyboardEvent} event */
  #keyDown(event) {
    // Enter that ends an IME composition; Safari has ended it already and tells by 229.
    if (event.isComposing || event.keyCode === 229) return;
    if (this.#press(event.key)) event.preventDefault();
  }

  /** Whether the key means something here. @param {string} key */
  #press(key) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (key === "Enter") this.#choose(this.#active);
    else if (step) this.#move(step);
    else return false;
    return true;
  }

  /** From the last one to the first, unless more follow. @param {number} step */
  #move(step) {
    const options = this.#options;
    const index = this.#active ? options.indexOf(this.#active) : -1;
    const isEnd = index + step === options.length;
    if (isEnd && this.#cursor) return this.#scrolled();
    this.#activate(options.at((index + step) % options.length));
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const option = event.target instanceof Element && event.target.closest("[role=option]");
    if (option instanceof HTMLElement) this.#choose(option);
  }

  /** @param {HTMLElement | undefined} option */
  #choose(option) {
    if (!option) return;
    const { threadId, seq } = option.dataset;
    this.#dialog.close(); // first: it gives the focus back, and whoever takes the event moves it on
    const detail = { threadId: Number(threadId), seq: seq ? Number(seq) : undefined };
    emit(this, "choose", detail);
  }
}

/** As it is compared: without case and accents. @param {string} text */
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** @param {Thread} thread */
function threadOption(thread) {
  const option = fromTemplate("found-thread");
  option.dataset.threadId = `${thread.id}`;
  find(option, ".title", HTMLElement).textContent = people.titleOf(thread);
  return option;
}

/** @param {Hit} hit */
function messageOption(hit) {
  const { thread_id, seq, title, created_at, parts } = hit;
  const thread = threads.get(thread_id);
  const option = fromTemplate("found-message");
  option.dataset.threadId = `${thread_id}`;
  option.dataset.seq = `${seq}`;
  find(option, ".title", HTMLElement).textContent = thread ? people.titleOf(thread) : title;
  find(option, ".who", HTMLElement).textContent = authorOf(hit).name;
  const time = find(option, "time", HTMLTimeElement);
  time.dateTime = created_at;
  time.textContent = WHEN.format(new Date(created_at));
  find(option, ".excerpt", HTMLElement).append(...parts.map(({ text, is_match }) => (is_match ? mark(text) : text)));
  return option;
}

/** @param {string} text */
function mark(text) {
  const element = document.createElement("mark");
  element.textContent = text;
  return element;
}

customElements.define("chat-finder", ChatFinder);
