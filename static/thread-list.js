/** @import { Thread } from "./types.js" */
import { find, fromTemplate } from "./dom.js";
import { threads } from "./threads.js";

/**
 * The list of threads. Events, whose detail is a thread's id: `select`, and `menu`, which bubbles from the
 * button that asks for it.
 */
export class ThreadList extends HTMLElement {
  #list = find(this, "ul", HTMLUListElement);
  #hint = find(this, ".hint", HTMLElement);
  #end = find(this, ".end", HTMLElement);
  /** @type {Map<number, HTMLElement>} */
  #items = new Map();
  #closed = new AbortController();
  #nearEnd = new IntersectionObserver(([entry]) => entry?.isIntersecting && this.#loadMore(), {
    root: this,
    rootMargin: "400px",
  });
  /** @type {number | null} */
  #openId = null;

  connectedCallback() {
    this.#closed = new AbortController();
    const { signal } = this.#closed;
    threads.addEventListener("change", () => this.#render(), { signal });
    this.addEventListener("click", (event) => this.#click(event), { signal });
    this.#nearEnd.observe(this.#end);
    this.#render();
  }

  disconnectedCallback() {
    this.#closed.abort();
    this.#nearEnd.disconnect();
  }

  /** @param {number | null} threadId */
  set openId(threadId) {
    this.#openId = threadId;
    this.#render();
  }

  async #loadMore() {
    await threads.loadMore();
    // The end may still be near; an observer tells only of changes.
    this.#nearEnd.unobserve(this.#end);
    this.#nearEnd.observe(this.#end);
  }

  /** @param {MouseEvent} event */
  #click(event) {
    if (!(event.target instanceof Element) || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const id = Number(event.target.closest("li")?.dataset.id);
    const pressed = event.target.closest("a, button");
    if (!pressed) return;
    event.preventDefault();
    if (pressed instanceof HTMLAnchorElement) this.dispatchEvent(new CustomEvent("select", { detail: id }));
    else pressed.dispatchEvent(new CustomEvent("menu", { detail: id, bubbles: true }));
  }

  #render() {
    const focused = document.activeElement;
    const list = threads.list;
    this.#removeAllBut(new Set(list.map((thread) => thread.id)));
    /** @type {Element | null} */
    let next = this.#list.firstElementChild;
    for (const thread of list) {
      const item = this.#itemOf(thread);
      if (item === next) next = next.nextElementSibling;
      else this.#list.insertBefore(item, next);
    }
    this.#hint.hidden = !threads.isLoaded || list.length > 0;
    // An element that is moved loses the focus.
    if (focused !== document.activeElement) /** @type {HTMLElement} */ (focused).focus({ preventScroll: true });
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
    find(item, ".title", HTMLElement).textContent = thread.title;
    find(item, ".unread", HTMLElement).hidden = isOpen || !threads.isUnread(thread);
    find(item, "button", HTMLButtonElement).ariaLabel = `Rename or delete ${thread.title}`;
    return item;
  }
}

customElements.define("thread-list", ThreadList);
