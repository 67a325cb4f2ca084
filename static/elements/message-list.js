/** @import { Message } from "../types.js" */
import { find, LiveElement } from "./dom.js";
import { MessageEntries } from "./message-entries.js";
import { emit, on } from "../events.js";
import { authorOf } from "../model/authors.js";
import { people } from "../model/people.js";
import { store } from "../model/store.js";
import { threads } from "../model/threads.js";
import { namesInWords } from "../text/avatars.js";
import { wordsOf } from "../text/formatted-text.js";

const AT_END = 40; // px from the end that still count as being there
const NEAR = 1_000; // px from where the messages that are held end, in which more are read
const PAUSE = 50; // ms; while messages stream, the frames between are left to who types
const LET_GO = ["pointerup", "pointercancel", "contextmenu", "blur"]; // with a menu open, the mouse may tell nothing
const SHOWN = new Set(["open", "gone"]); // what could not be sent is seen also when the thread is gone
const SPOKEN = 300; // characters of a new message that are read aloud

/**
 * The conversation of the open thread: as much of it as is held. Takes the event `jump`, whose detail is `first` or
 * `newest`. Event: `render`, when the messages are in the document.
 */
export class MessageList extends LiveElement {
  #scroller = find(this, ".scroller", HTMLElement);
  #entries = new MessageEntries(find(this, ".entries", HTMLElement));
  #again = find(this, ".again", HTMLElement);
  #empty = find(this, ".empty", HTMLElement);
  #typing = find(this, ".typing", HTMLElement);
  #typists = find(this, ".typists", HTMLElement);
  #jump = find(this, ".jump", HTMLButtonElement);
  #announcer = find(this, ".announcer", HTMLElement);
  #resized = new ResizeObserver(() => this.#follow());
  /** What others have written since the last frame. @type {Message[]} */
  #arrived = [];
  #frame = 0;
  #renderedAt = 0;
  /** @type {number | undefined} */
  #pause;
  #scrollTop = 0;
  #scrollHeight = 0;
  #clientHeight = 0;
  /** Whether the person has scrolled up, and not down again. */
  #hasLeft = false;
  /** Whether a mouse button or a finger is down on the text: it may be selecting, and must not lose what it points at. */
  #isHeld = false;
  /** The newest message when the end was last looked at. */
  #seen = 0;

  /** @override @param {AbortSignal} signal */
  connected(signal) {
    on(store, "status", () => this.#open(), signal);
    on(store, "place", () => this.#goToPlace(), signal);
    on(store, "change", () => this.#renderSoon(), signal);
    on(store, "message", (message) => this.#arrive(message), signal);
    on(store.typists, "change", () => this.#showTyping(), signal);
    on(people, "change", () => this.#namesChanged(), signal);
    document.addEventListener("visibilitychange", () => this.#looked(), { signal });
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { signal, passive: true });
    find(this, ".entries", HTMLElement).addEventListener("pointerdown", ({ button }) => (this.#isHeld = button === 0), { signal });
    for (const type of LET_GO) addEventListener(type, () => this.#letGo(), { signal });
    this.#again.addEventListener("click", () => this.#loadAgain(), { signal });
    this.#jump.addEventListener("click", () => this.#jumpTo("newest"), { signal });
    on(this, "jump", (detail) => this.#jumpTo(detail), signal);
    for (const type of ["pointerover", "keydown"]) addEventListener(type, () => this.#isUsed(), { signal, passive: true });
    signal.addEventListener("abort", () => this.#resized.disconnect());
    this.#resized.observe(this.#scroller);
    for (const part of this.#scroller.children) this.#resized.observe(part);
    this.#open();
  }

  /** Somebody is there: the buttons at replies are needed. */
  #isUsed() {
    if (!store.conversation && this.querySelector(".reply")) void store.loadConversation();
  }

  #open() {
    this.#entries.clear();
    this.#again.hidden = true;
    // In a frame, as the list is not seen before: whoever else hears of the status shows it.
    requestAnimationFrame(() => {
      this.#seen = store.newFrom ? store.newFrom - 1 : store.newest;
      this.#goToPlace();
    });
  }

  /** @param {"first" | "newest"} to */
  #jumpTo(to) {
    store.goTo(to === "first" ? 1 : undefined).catch(() => (this.#again.hidden = false));
  }

  #goToPlace() {
    store.isFollowed = store.place === undefined;
    this.#hasLeft = false;
    if (store.place && store.place !== store.newFrom) store.conversation?.reveal(store.place);
    this.#render();
    const entry = this.#entries.findFrom(store.place);
    const isWhereNewBegins = store.place === store.newFrom;
    entry?.scrollIntoView({ block: isWhereNewBegins ? "start" : "center" });
    if (entry && !isWhereNewBegins) point(find(entry, "article", HTMLElement));
    if (entry) store.isFollowed = false; // until it was scrolled away from, the end may have been in view
    this.#looked();
  }

  #renderSoon() {
    if (this.#frame) return;
    const rest = this.#renderedAt + PAUSE - performance.now();
    if (rest <= 0) this.#frame = requestAnimationFrame(() => this.#render());
    else this.#pause ??= setTimeout(() => {
      this.#pause = undefined;
      this.#renderSoon();
    }, rest);
  }

  #render() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#renderedAt = performance.now();
    if (!SHOWN.has(store.status)) return;
    const { top } = this.#scroller.getBoundingClientRect();
    const anchor = store.isFollowed ? undefined : this.#entries.textAt(top);
    const before = anchor?.getBoundingClientRect().top ?? 0;
    this.#entries.show(store.places, store.newFrom);
    this.#empty.hidden = !this.#entries.isEmpty;
    // Classes, as a style sheet that asks what is in an element has it styled anew with each message.
    this.#empty.parentElement?.classList.toggle("is-empty", this.#entries.isEmpty);
    this.classList.toggle("has-failed", store.places.some(({ message }) => "state" in message && message.state === "failed"));
    if (store.conversation) import("./replies.js").catch(() => {}); // it is tried again with the next
    emit(this, "render");
    const moved = anchor?.isConnected ? anchor.getBoundingClientRect().top - before : 0;
    if (store.isFollowed) this.#follow();
    else if (moved) this.#scroller.scrollTop += moved;
    this.#announce();
    this.#looked();
    this.#renderedAt += 2 * (performance.now() - this.#renderedAt); // where it is slow, who types needs more of the time
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const bounced = this.#scrollTop + clientHeight > scrollHeight; // Safari shows what is below the end, and goes back
    // Only a person scrolls up, unless all has a new size. That the end has moved away means nothing: we are about to
    // follow it.
    const isResized = scrollHeight !== this.#scrollHeight || clientHeight !== this.#clientHeight;
    if (scrollTop > this.#scrollTop) this.#hasLeft = false;
    else if (scrollTop < this.#scrollTop && !isResized && !bounced) this.#leave();
    this.#looked();
  }

  /** Also when it is by little: where a reply grows at the end, somebody who goes slowly would be taken back each time. */
  #leave() {
    this.#hasLeft = true;
    store.isFollowed = false;
  }

  /** Who has selected something wants to read or copy it. */
  #letGo() {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    const selection = getSelection();
    if (selection && !selection.isCollapsed && this.#scroller.contains(selection.anchorNode)) this.#leave();
    else this.#follow();
    this.#looked();
  }

  /** After what is seen, or where more could be needed, has changed. */
  #looked() {
    if (!SHOWN.has(store.status) || !store.threadId) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const rest = scrollHeight - scrollTop - clientHeight;
    this.#scrollTop = scrollTop;
    this.#scrollHeight = scrollHeight;
    this.#clientHeight = clientHeight;
    if (rest < AT_END && !store.hasNewer && !this.#hasLeft) store.isFollowed = true;
    if (store.isFollowed) this.#seen = store.newest;
    if (!document.hidden) threads.read(store.threadId, this.#lastShown());
    this.#showJump(store.hasNewer || rest > 2 * clientHeight);
    if (!this.#again.hidden) return;
    if (scrollTop < NEAR && store.hasOlder) void this.#load(() => store.loadOlder());
    else if (rest < NEAR && store.hasNewer) void this.#load(() => store.loadNewer());
  }

  #lastShown() {
    return store.isFollowed ? store.newest : this.#entries.lastSeqAbove(this.#scroller.getBoundingClientRect().bottom);
  }

  /** @param {() => Promise<void>} load */
  async #load(load) {
    const { threadId } = store;
    await load().catch(() => (this.#again.hidden = threadId !== store.threadId));
  }

  #loadAgain() {
    this.#again.hidden = true;
    this.#looked();
  }

  /** @param {boolean} isFar */
  #showJump(isFar) {
    const unseen = store.newest - this.#seen;
    this.#jump.hidden = store.isFollowed || (!isFar && unseen === 0);
    const text = unseen === 0 ? "Newest" : unseen === 1 ? "1 new message" : `${unseen} new messages`;
    if (this.#jump.textContent !== text) this.#jump.textContent = text;
  }

  #follow() {
    if (store.isFollowed && !this.#isHeld) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** @param {Message} message */
  #arrive(message) {
    if (!this.#entries.has(message)) this.#arrived.push(message);
  }

  /** A burst is counted: nobody could listen to it. */
  #announce() {
    const [first, ...others] = this.#arrived.splice(0);
    if (!first) return;
    const { name } = authorOf(first);
    this.#announcer.textContent = others.length
      ? `${others.length + 1} new messages`
      : `${name && `${name}: `}${wordsOf(first.content.slice(0, SPOKEN))}`;
  }

  #namesChanged() {
    this.#showTyping();
    this.#renderSoon();
  }

  /** A bot alone is told by the dots, and where its reply is being written, by that. */
  #showTyping() {
    const writing = new Set(store.conversation?.replies.map(({ author }) => author ?? 0));
    const ids = store.typists.ids.filter((id) => !writing.has(id));
    const names = ids.map((id) => (id ? people.nameOf(id) || "Somebody" : "The bot"));
    this.#typing.hidden = !ids.length;
    this.#typists.textContent = ids.length ? `${namesInWords(names)} ${ids.length > 1 ? "are" : "is"} typing` : "";
    const areBots = ids.every((id) => !id || people.get(id)?.is_bot);
    this.#typing.classList.toggle("by-bots", areBots);
    this.#typists.classList.toggle("visually-hidden", areBots);
  }
}

/** Has a message found by the eye and by a screen reader. @param {HTMLElement} article */
function point(article) {
  article.focus({ preventScroll: true });
  article.classList.add("pointed");
  article.addEventListener("animationend", () => article.classList.remove("pointed"), { once: true });
}

customElements.define("message-list", MessageList);
