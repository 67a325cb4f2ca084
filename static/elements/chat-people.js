import { find, LiveElement } from "./dom.js";
import { avatarOf } from "./person-options.js";
import { load } from "./toast-line.js";
import { emit } from "../events.js";
import { members } from "../model/members.js";
import { people } from "../model/people.js";
import { store } from "../model/store.js";
import { threads } from "../model/threads.js";
import { namesInWords } from "../text/avatars.js";

const SHOWN = 3; // avatars

/**
 * The people of the open chat, in its header; the button leads to the dialog in which they are added and removed. It is
 * loaded where there are several persons, or several bots: who is alone sees which of them the chat has.
 */
class ChatPeople extends LiveElement {
  #button = find(this, "button", HTMLButtonElement);
  #avatars = find(this, ".avatars", HTMLElement);
  #label = find(this, ".label", HTMLElement);
  #icon = find(this, "svg", SVGElement);
  #newDirect = find(document, ".new-direct", HTMLButtonElement);

  /** @override @param {AbortSignal} signal */
  connected(signal) {
    for (const source of [members, people, store, threads]) {
      for (const type of ["change", "status"]) source.addEventListener(type, () => this.#render(), { signal });
    }
    this.#button.addEventListener("click", () => openDialog("members"), { signal });
    this.#newDirect.addEventListener("click", () => openDialog("new"), { signal });
    for (const type of ["change", "seen"]) members.addEventListener(type, showSeen, { signal });
    members.start();
    this.#render();
  }

  #render() {
    const thread = store.threadId ? threads.get(store.threadId) : undefined;
    this.#newDirect.hidden = !people.areSeveral;
    this.hidden = store.status !== "open" || !thread;
    if (!thread || this.hidden) return;
    const others = members.list.map(({ account }) => account).filter(({ id }) => id !== people.myId);
    const persons = others.filter(({ is_bot }) => !is_bot);
    const bots = others.filter(({ is_bot }) => is_bot).map(({ display_name }) => display_name);
    const shown = persons.slice(0, SHOWN);
    const shownNow = JSON.stringify([shown, shown.map(({ id }) => people.isOnline(id)), persons.length, bots, thread.open]);
    if (this.dataset.shown === shownNow) return; // the list of threads changes often
    this.dataset.shown = shownNow;
    this.#avatars.replaceChildren(...shown.map(avatarOf));
    if (!people.areSeveral) return this.#renderBots(bots);
    this.#icon.toggleAttribute("hidden", persons.length > 0 || !!thread.open);
    this.#label.textContent = thread.open ? "Everybody" : persons.length > 1 ? `${persons.length + 1}` : "";
    this.#button.ariaLabel = thread.open
      ? "People of this chat: everybody"
      : persons.length ? `People of this chat: ${persons.length + 1}` : "Add people to this chat";
    this.#button.title = persons.map(({ display_name }) => display_name).join(", ");
  }

  /** For who is alone. @param {string[]} names */
  #renderBots(names) {
    this.#icon.toggleAttribute("hidden", names.length > 0);
    this.#label.textContent = namesInWords(names);
    this.#button.ariaLabel = names.length ? `Bots of this chat: ${namesInWords(names)}` : "Add a bot to this chat";
    this.#button.title = names.join(", ");
  }
}

/** In a small chat, how far the others have read it. */
function showSeen() {
  if (members.list.some(({ read_seq }) => read_seq)) import("./seen-by.js").catch(() => {}); // it is tried again with the next
}

/** It is loaded when it is first used. @param {"members" | "new"} purpose */
async function openDialog(purpose) {
  if (await load(import("./people-dialog.js"))) emit(find(document, "people-dialog", HTMLElement), "open", purpose);
}

customElements.define("chat-people", ChatPeople);
