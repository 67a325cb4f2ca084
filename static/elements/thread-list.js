/** @import { Thread } from "../types.js" */
import { find, fromTemplate, LiveElement } from "./dom.js";
import { emit } from "../events.js";
import { people } from "../model/people.js";
import { isUnread, unreadOf } from "../model/read-state.js";
import { threads } from "../model/threads.js";
import { threadMarks } from "../net/delivery.js";
import { periodName, showMoment } from "../text/dates.js";
import { wordsOf } from "../text/formatted-text.js";

const MOST = 99; // unread messages that are counted in the list
const STEP = 100; // threads in the document at first, and each time that one has scrolled near the last of them

/**
 * The list of threads. Events: `select`, whose detail is a thread's id; `menu`, whose detail is
 * `{ threadId, button }`.
 */
export class ThreadList extends LiveElement {
  #pinned = find(this, "ul.pinned", HTMLUListElement);
  #others = find(this, "ul.others", HTMLUListElement);
  #hint = find(this, ".hint", HTMLElement);
  #end = find(this, ".end", HTMLElement);
  /** @type {Map<number, HTMLElement>} */
  #items = new Map();
  #nearEnd = new IntersectionObserver(([entry]) => entry?.isIntersecting && this.#showMore(), {
    root: this,
    rootMargin: "400px",
  });
  /** Those in view whose preview was too long for the notification. */
  #lackPreview = new IntersectionObserver((entries) => entries.forEach((entry) => this.#askFor(entry)), { root: this });
  /** How many threads the document holds at most. */
  #limit = STEP;
  #frame = 0;
  /** @type {number | null} */
  #openId = null;
  /** Whether the open thread is still to be scrolled into view. */
  #isToReveal = false;

  /** @override @param {AbortSignal} signal */
  connected(signal) {
    threads.addEventListener("change", () => this.#renderSoon(), { signal });
    threadMarks.addEventListener("change", () => this.#renderSoon(), { signal });
    this.addEventListener("click", (event) => this.#click(event), { signal });
    signal.addEventListener("abort", () => this.#nearEnd.disconnect());
    signal.addEventListener("abort", () => this.#lackPreview.disconnect());
    // On a narrow screen the list is shown when it is asked for.
    this.closest("[popover]")?.addEventListener("toggle", () => this.#reveal(), { signal });
    // A person who scrolls the list is not taken elsewhere by a thread that is loaded late.
    for (const type of ["wheel", "touchmove"]) {
      this.addEventListener(type, () => (this.#isToReveal = false), { signal, passive: true });
    }
    this.#render();
  }

  /** @param {number | null} threadId */
  set openId(threadId) {
    this.#openId = threadId;
    this.#isToReveal = true;
    this.#renderSoon();
  }

  /** Where a thread's title stands, if it is in the list. @param {number} threadId */
  titleOf(threadId) {
    return this.#items.get(threadId)?.querySelector("a") ?? undefined;
  }

  /** @param {number} threadId */
  select(threadId) {
    emit(this, "select", threadId);
  }

  /** @param {MouseEvent} event */
  #click(event) {
    if (!(event.target instanceof Element) || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const id = Number(event.target.closest("li")?.dataset.id);
    const pressed = event.target.closest("a, button");
    if (!pressed) return;
    event.preventDefault();
    if (pressed instanceof HTMLAnchorElement) this.select(id);
    else emit(this, "menu", { threadId: id, button: pressed });
  }

  #showMore() {
    if (this.#limit < threads.list.length) {
      this.#limit += STEP;
      this.#renderSoon();
    } else if (threads.hasMore) {
      void threads.loadMore();
    }
  }

  #renderSoon() {
    this.#frame ||= requestAnimationFrame(() => this.#render());
  }

  #render() {
    this.#frame = 0;
    const focused = document.activeElement;
    const item = focused?.closest("thread-list li");
    const neighbour = (item?.nextElementSibling ?? item?.previousElementSibling)?.querySelector("a");
    const list = threads.list.slice(0, this.#limit);
    this.#removeAllBut(new Set(list.map((thread) => thread.id)));
    const pinned = list.filter((thread) => thread.pinned);
    this.#fill(this.#pinned, pinned);
    this.#fill(this.#others, list.slice(pinned.length));
    for (const part of this.querySelectorAll(":scope > h2, ul.pinned")) part.toggleAttribute("hidden", !pinned.length);
    if (this.#isToReveal) this.#reveal();
    // The end may be near still, and an observer tells only of changes.
    this.#nearEnd.unobserve(this.#end);
    this.#nearEnd.observe(this.#end);
    this.#hint.hidden = !threads.isLoaded || list.length > 0;
    // An element that is moved or removed loses the focus.
    if (focused === document.activeElement) return;
    const heir = focused?.isConnected ? /** @type {HTMLElement} */ (focused) : neighbour;
    heir?.focus({ preventScroll: true });
  }

  /** Scrolls the open thread into view, if it is listed. */
  #reveal() {
    const item = this.#items.get(this.#openId ?? 0);
    if (!item?.checkVisibility()) return;
    this.#isToReveal = false;
    item.scrollIntoView({ block: "nearest" });
  }

  /** @param {HTMLUListElement} part @param {Thread[]} list */
  #fill(part, list) {
    let next = part.firstElementChild;
    let period = "";
    for (const thread of list) {
      const item = this.#itemOf(thread);
      const begun = thread.pinned ? "" : periodName(new Date(thread.updated_at));
      const heading = find(item, "h2", HTMLElement);
      heading.hidden = begun === period;
      heading.textContent = heading.hidden ? "" : begun;
      period = begun;
      if (item === next) next = next.nextElementSibling;
      else part.insertBefore(item, next);
    }
  }

  /** @param {Set<number>} ids */
  #removeAllBut(ids) {
    for (const [id, item] of this.#items) {
      if (ids.has(id)) continue;
      item.remove();
      this.#items.delete(id);
    }
  }

  /** @param {Thread} thread */
  #itemOf(thread) {
    const item = this.#items.get(thread.id) ?? fromTemplate("thread");
    this.#items.set(thread.id, item);
    const link = find(item, "a", HTMLAnchorElement);
    const isOpen = thread.id === this.#openId;
    item.dataset.id = `${thread.id}`;
    link.href = `/threads/${thread.id}`;
    link.ariaCurrent = isOpen ? "page" : null;
    find(item, ".title", HTMLElement).textContent = people.titleOf(thread);
    showMoment(find(item, "time", HTMLTimeElement), thread.updated_at, { isBrief: true });
    this.#showPreview(item, thread);
    find(item, ".mark", HTMLElement).textContent = describe(thread.id);
    find(item, "button", HTMLButtonElement).ariaLabel = `What to do with ${people.titleOf(thread)}`;
    this.#showCounts(item, thread, isOpen);
    return item;
  }

  /**
   * What is seen here and now is read.
   * @param {HTMLElement} item
   * @param {Thread} thread
   * @param {boolean} isOpen
   */
  #showCounts(item, thread, isOpen) {
    const { unread, mentions } = isOpen && !document.hidden ? { unread: 0, mentions: 0 } : unreadOf(thread);
    item.classList.toggle("has-news", unread > 0 && isUnread(thread));
    showCount(find(item, ".unread", HTMLElement), unread - mentions);
    showCount(find(item, ".mentions", HTMLElement), mentions);
  }

  /** @param {HTMLElement} item @param {Thread} thread */
  #showPreview(item, { preview, last_seq }) {
    const element = find(item, ".preview", HTMLElement);
    const shown = `${last_seq} ${preview}`;
    if (element.dataset.shown === shown) return;
    element.dataset.shown = shown;
    element.textContent = last_seq ? wordsOf(preview ?? "") : "No messages yet";
    if (last_seq && preview === null) this.#lackPreview.observe(item);
    else this.#lackPreview.unobserve(item);
  }

  /** @param {IntersectionObserverEntry} entry */
  #askFor({ isIntersecting, target }) {
    if (!isIntersecting || !(target instanceof HTMLElement)) return;
    this.#lackPreview.unobserve(target);
    threads.refresh(Number(target.dataset.id)).catch(() => {}); // it was deleted meanwhile, or the list is read anew
  }
}

/** @param {HTMLElement} badge @param {number} count */
function showCount(badge, count) {
  badge.hidden = count === 0;
  find(badge, "b", HTMLElement).textContent = count > MOST ? `${MOST}+` : `${count}`;
}

/** What is left undone there. @param {number} threadId */
function describe(threadId) {
  const { draft, unsent, failed } = threadMarks.marksOf(threadId);
  return failed ? "Failed" : unsent ? "Waiting" : draft ? "Draft" : "";
}

customElements.define("thread-list", ThreadList);
