/** @import { Thread } from "../types.js" */
import { find } from "./dom.js";
import { ThreadList } from "./thread-list.js";
import { ToastLine } from "./toast-line.js";
import { outbox } from "../model/outbox.js";
import { people } from "../model/people.js";
import { store } from "../model/store.js";
import { threads } from "../model/threads.js";

/**
 * The threads that a person has deleted and can still bring back, the last one first: nothing is asked
 * before. They are deleted for good when the toast that offers it goes, or the page is left.
 */
class Deletions {
  #toast = find(document, "toast-line", ToastLine);
  #list = find(document, "thread-list", ThreadList);
  /** @type {{ thread: Thread, wasOpen: boolean }[]} */
  #pending = [];
  /** Whether something was typed since the last deletion. */
  #hasTyped = false;

  constructor() {
    this.#toast.addEventListener("undo", () => this.undo());
    this.#toast.addEventListener("end", () => this.#finish());
    addEventListener("pagehide", () => this.#toast.hide()); // a page that comes back from the cache has no offer
    document.addEventListener("keydown", (event) => this.#keydown(event));
    document.addEventListener("input", () => (this.#hasTyped = true));
  }

  /** @param {Thread} thread */
  add(thread) {
    if (this.#pending.some((one) => one.thread.id === thread.id)) return;
    const wasOpen = thread.id === store.threadId;
    this.#pending.push({ thread, wasOpen });
    this.#hasTyped = false;
    threads.hide(thread.id);
    this.#offer();
  }

  undo() {
    const last = this.#pending.pop();
    if (!last) return;
    threads.restore(last.thread.id);
    this.#offer();
    if (last.wasOpen) this.#list.select(last.thread.id);
  }

  #offer() {
    const last = this.#pending.at(-1);
    if (!last) return this.#toast.hide();
    const more = this.#pending.length - 1;
    this.#toast.say(`Deleted “${people.titleOf(last.thread)}”${more ? ` and ${more} more` : ""}`, { canUndo: true });
  }

  #finish() {
    for (const { thread } of this.#pending.splice(0)) void this.#delete(thread);
  }

  /** @param {Thread} thread */
  async #delete(thread) {
    const { id } = thread;
    try {
      await threads.delete(id);
      for (const send of outbox.list) if (send.thread_id === id) outbox.discard(send.client_id);
    } catch (error) {
      threads.restore(id);
      this.#toast.complain(`“${people.titleOf(thread)}” could not be deleted.`, error);
    }
  }

  /** The key undoes what was done last, and what is typed has an undo of its own. @param {KeyboardEvent} event */
  #keydown(event) {
    const { key, target, ctrlKey, metaKey, altKey, shiftKey } = event;
    if (key !== "z" || !(ctrlKey || metaKey) || altKey || shiftKey || !this.#pending.length) return;
    const isField = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
    if (isField && target.value && this.#hasTyped) return;
    event.preventDefault();
    this.undo();
  }
}

/** A tab has one stack of them. */
export const deletions = new Deletions();
