/** @import { Thread } from "./types.js" */
import { find } from "./dom.js";
import { threads } from "./threads.js";

/**
 * What can be done with a thread: a menu, and a dialog for each of its items. Event: `deleted`, whose detail
 * is the thread's id.
 */
export class ThreadActions extends HTMLElement {
  #menu = find(this, ".menu", HTMLElement);
  #renaming = find(this, "dialog.rename", HTMLDialogElement);
  #title = find(this, "dialog.rename input", HTMLInputElement);
  #deleting = find(this, "dialog.delete", HTMLDialogElement);
  #closed = new AbortController();
  /** @type {Thread | undefined} */
  #thread;

  connectedCallback() {
    this.#closed = new AbortController();
    const { signal } = this.#closed;
    find(this, ".menu .rename", HTMLElement).addEventListener("click", () => this.#askTitle(), { signal });
    find(this, ".menu .delete", HTMLElement).addEventListener("click", () => this.#askWhether(), { signal });
    this.#setUp(this.#renaming, (id) => threads.rename(id, this.#title.value.trim()), signal);
    this.#setUp(this.#deleting, (id) => this.#delete(id), signal);
  }

  disconnectedCallback() {
    this.#closed.abort();
  }

  /** @param {Thread} thread @param {HTMLElement} button which the menu opens at */
  open(thread, button) {
    this.#thread = thread;
    const { bottom, right } = button.getBoundingClientRect();
    this.#menu.showPopover({ source: button });
    this.#menu.style.top = `${Math.min(bottom, innerHeight - this.#menu.offsetHeight - 8)}px`;
    this.#menu.style.left = `${Math.max(8, right - this.#menu.offsetWidth)}px`;
    find(this.#menu, "button", HTMLElement).focus();
  }

  #askTitle() {
    this.#title.value = this.#thread?.title ?? "";
    this.#show(this.#renaming);
    this.#title.select();
  }

  #askWhether() {
    find(this.#deleting, "q", HTMLElement).textContent = this.#thread?.title ?? "";
    this.#show(this.#deleting);
  }

  /** @param {HTMLDialogElement} dialog */
  #show(dialog) {
    this.#menu.hidePopover(); // first, so that closing the dialog leads the focus back to the menu's button
    find(dialog, ".problem", HTMLElement).textContent = "";
    dialog.showModal();
    // Not by `autofocus`, of which Chromium complains when the page is loaded.
    find(dialog, "input, .cancel", HTMLElement).focus();
  }

  /** @param {number} id */
  async #delete(id) {
    await threads.delete(id);
    this.dispatchEvent(new CustomEvent("deleted", { detail: id }));
  }

  /**
   * @param {HTMLDialogElement} dialog
   * @param {(id: number) => Promise<void>} act
   * @param {AbortSignal} signal
   */
  #setUp(dialog, act, signal) {
    const submit = /** @param {Event} event */ async (event) => {
      event.preventDefault();
      try {
        if (this.#thread) await act(this.#thread.id);
        dialog.close();
      } catch (error) {
        find(dialog, ".problem", HTMLElement).textContent = error instanceof Error ? error.message : "";
      }
    };
    find(dialog, "form", HTMLFormElement).addEventListener("submit", submit, { signal });
    find(dialog, ".cancel", HTMLElement).addEventListener("click", () => dialog.close(), { signal });
  }
}

customElements.define("thread-actions", ThreadActions);
