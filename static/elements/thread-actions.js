/** @import { Level, Thread } from "../types.js" */
import { find, fromTemplate, LiveElement } from "./dom.js";
import { ThreadList } from "./thread-list.js";
import { load, ToastLine } from "./toast-line.js";
import { on } from "../events.js";
import { people } from "../model/people.js";
import { store } from "../model/store.js";
import { threads } from "../model/threads.js";
import { exportAddress } from "../net/api.js";

/**
 * What can be done with a thread, in a menu. Takes the events `menu`, which opens it and whose detail is
 * `{ thread, button }`, and `act` for the open thread, whose detail is "rename", "pin", "export", "delete" or "undo".
 */
class ThreadActions extends LiveElement {
  #menu = find(this, ".menu", HTMLElement);
  #pin = find(this, ".pin", HTMLElement);
  #rename = find(this, ".rename", HTMLElement);
  #level = find(this, ".level", HTMLElement);
  #deleteButton = find(this, ".delete", HTMLElement);
  #markdown = find(this, ".markdown", HTMLAnchorElement);
  #json = find(this, ".json", HTMLAnchorElement);
  #toast = find(document, "toast-line", ToastLine);
  #list = find(document, "thread-list", ThreadList);
  #heading = find(document, "h1 .title", HTMLElement);
  /** @type {Thread | undefined} */
  #thread;
  #isOfList = false;
  /** Loaded with the first deletion. @type {Promise<typeof import("./deletions.js") | undefined> | undefined} */
  #deletions;
  /** At which the menu is open. @type {HTMLElement | undefined} */
  #button;

  /** @override @param {AbortSignal} signal */
  connected(signal) {
    this.#menu.addEventListener("click", (event) => this.#choose(event), { signal });
    this.#level.addEventListener("change", (event) => void this.#setLevel(event), { signal });
    addEventListener("resize", () => this.#place(), { signal });
    on(this, "menu", ({ thread, button }) => this.#open(thread, button), signal);
    on(this, "act", (detail) => this.#actOnOpen(detail), signal);
  }

  /** @param {Thread} thread @param {HTMLElement} button which the menu opens at */
  #open(thread, button) {
    this.#take(thread);
    this.#isOfList = this.#list.contains(button);
    this.#button = button;
    this.#menu.showPopover({ source: button });
    this.#place();
    this.#pin.focus();
  }

  #place() {
    if (!this.#button || !this.#menu.matches(":popover-open")) return;
    const { bottom, right } = this.#button.getBoundingClientRect();
    const { offsetHeight, offsetWidth, style } = this.#menu;
    style.setProperty("--top", `${Math.max(0, Math.min(bottom, innerHeight - offsetHeight - 8))}px`);
    style.setProperty("--left", `${Math.max(8, right - offsetWidth)}px`);
  }

  /** @param {Thread} thread */
  #take(thread) {
    this.#thread = thread;
    this.#pin.textContent = thread.pinned ? "Unpin" : "Pin";
    this.#rename.hidden = !!thread.direct; // it is named by its people
    this.#deleteButton.hidden = !mayDelete(thread);
    this.#level.hidden = !people.areSeveral;
    for (const input of this.#level.querySelectorAll("input")) input.checked = input.value === thread.level;
    this.#markdown.href = exportAddress(thread.id, "markdown");
    this.#json.href = exportAddress(thread.id, "json");
  }

  /** @param {MouseEvent} event */
  #choose({ target }) {
    const chosen = target instanceof Element && target.closest("button, a");
    if (!chosen) return;
    this.#menu.hidePopover(); // first: it leads the focus back to the menu's button
    if (chosen instanceof HTMLButtonElement) this.#act(chosen.className);
  }

  /** @param {string} action */
  #actOnOpen(action) {
    const thread = store.threadId && threads.get(store.threadId);
    if (action === "undo") void this.#undo();
    if (!thread || store.status !== "open") return;
    this.#take(thread);
    this.#isOfList = false;
    this.#act(action);
  }

  /** @param {string} action */
  #act(action) {
    const thread = this.#thread;
    if (!thread) return;
    if (action === "rename" && !thread.direct) this.#editTitle(thread);
    if (action === "pin") void this.#change(thread, { pinned: !thread.pinned });
    if (action === "export") this.#markdown.click();
    if (action === "delete" && mayDelete(thread)) void this.#delete(thread);
    else if (action === "delete") this.#toast.say(`“${people.titleOf(thread)}” is for its owner to delete.`);
  }

  /** @param {Thread} thread */
  async #delete(thread) {
    this.#deletions ??= load(import("./deletions.js"));
    const loaded = await this.#deletions;
    if (loaded) loaded.deletions.add(thread);
    else this.#deletions = undefined; // it is tried again with the next
  }

  /** The last deletion, also while that which does it is being loaded. */
  async #undo() {
    (await this.#deletions)?.deletions.undo();
  }

  /** @param {Thread} thread */
  #editTitle(thread) {
    const place = (this.#isOfList && this.#list.titleOf(thread.id)) || this.#heading;
    if (!place.hidden) editTitle(place, thread.title, (title) => void this.#change(thread, { title }));
  }

  /** @param {Thread} thread @param {{ title?: string, pinned?: boolean }} change */
  #change(thread, change) {
    return this.#attempt(thread, () => threads.change(thread.id, change));
  }

  /** The menu stays, as one sees there what was chosen. @param {Event} event */
  async #setLevel({ target }) {
    const thread = this.#thread;
    if (!thread || !(target instanceof HTMLInputElement)) return;
    await this.#attempt(thread, () => threads.setLevel(thread.id, /** @type {Level} */ (target.value)));
  }

  /** @param {Thread} thread @param {() => Promise<void>} act */
  async #attempt(thread, act) {
    try {
      await act();
    } catch (error) {
      this.#toast.complain(`“${people.titleOf(thread)}” could not be changed.`, error);
    }
  }
}

customElements.define("thread-actions", ThreadActions);

/** @param {Thread} thread */
const mayDelete = ({ owner }) => !people.areSeveral || people.amAdmin || owner === people.myId;

/**
 * Puts a field in the place of a title: Enter and a look elsewhere save, Escape leaves.
 * @param {HTMLElement} place
 * @param {string} title
 * @param {(title: string) => void} save is not called for a title that is empty, or the same
 */
function editTitle(place, title, save) {
  const field = /** @type {HTMLInputElement} */ (fromTemplate("title-field"));
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  field.value = title;
  place.after(field);
  place.hidden = true;
  field.addEventListener("select", (event) => event.stopPropagation()); // the list has an event of that name
  field.focus();
  field.select();
  field.addEventListener("blur", end, { once: true });
  field.addEventListener("keydown", (event) => {
    event.stopPropagation(); // the page's shortcuts are not for what is typed here
    if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Escape") field.value = title;
    field.blur();
    focused?.focus();
  });

  function end() {
    const written = field.value.trim();
    place.hidden = false;
    field.remove();
    if (written && written !== title) save(written);
  }
}
