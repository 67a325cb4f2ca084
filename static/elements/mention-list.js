/** @import { Person } from "../types.js" */
import { find, LiveElement } from "./dom.js";
import { PersonOptions } from "./person-options.js";
import { members } from "../model/members.js";
import { people } from "../model/people.js";
import { store } from "../model/store.js";
import { threads } from "../model/threads.js";
import { listAccounts } from "../net/api.js";

const MENTION = /(?<![\p{L}\p{N}_@./-])@([\p{L}\p{N}_.-]{0,32})$/u;
const PAUSE = 120; // ms without a key before the server is asked
const MOST = 6;

/** Those who can be mentioned by what is typed after an "@" in the field for a message. */
class MentionList extends LiveElement {
  #field = find(document, "chat-composer textarea", HTMLTextAreaElement);
  #status = find(this, "[role=status]", HTMLElement);
  #options = new PersonOptions(this.#field, find(this, "[role=listbox]", HTMLElement), (person) => this.#insert(person));
  /** Ends with what was typed: an answer to it that comes later is of no use. */
  #typed = new AbortController();
  /** Where it was closed by a key, it stays so for the same mention. */
  #dismissed = "";

  /** @override @param {AbortSignal} signal */
  connected(signal) {
    this.#field.setAttribute("aria-autocomplete", "list");
    this.#field.setAttribute("aria-controls", "mentionable");
    this.#field.addEventListener("input", () => void this.#look(), { signal });
    this.#field.addEventListener("keydown", (event) => this.#keyDown(event), { signal, capture: true }); // before it is sent
    this.#field.addEventListener("blur", () => this.#show([]), { signal });
    void this.#look();
  }

  /** What is typed of a mention, if one is being typed. */
  get #begun() {
    const { value, selectionStart, selectionEnd } = this.#field;
    return selectionStart === selectionEnd ? MENTION.exec(value.slice(0, selectionStart)) : null;
  }

  async #look() {
    this.#typed.abort();
    this.#typed = new AbortController();
    const { signal } = this.#typed;
    const begun = this.#begun;
    const thread = store.threadId ? threads.get(store.threadId) : undefined;
    if (begun?.[0] !== this.#dismissed) this.#dismissed = "";
    if (!begun || !thread || this.#dismissed) return this.#show([]);
    const typed = begun[1] ?? "";
    const known = members.list.map(({ account }) => account).filter((person) => begins(person, typed));
    this.#show(known);
    if (!thread.open || known.length >= MOST) return;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    const found = signal.aborted ? [] : await listAccounts({ q: typed || undefined, limit: 2 * MOST }, signal).catch(() => []);
    if (signal.aborted) return;
    people.learn(found);
    const isKnown = new Set(known.map(({ id }) => id));
    this.#show([...known, ...found.filter(({ id }) => !isKnown.has(id))]);
  }

  /** @param {Person[]} persons */
  #show(persons) {
    const shown = persons.filter(({ id, active }) => active && id !== people.myId).slice(0, MOST);
    this.hidden = !shown.length;
    this.#options.show(shown);
    this.#status.textContent = shown.length ? `${shown.length} to mention` : "";
  }

  /** @param {KeyboardEvent} event */
  #keyDown(event) {
    if (event.isComposing || event.keyCode === 229 || event.shiftKey || event.altKey) return;
    const begun = this.#begun?.[0] ?? "";
    if (!this.#options.press(event.key)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.key === "Escape") this.#dismissed = begun;
    this.hidden = !this.#options.areShown;
  }

  /** @param {Person} person */
  #insert({ username }) {
    const typed = this.#begun?.[1];
    if (typed === undefined) return;
    const end = this.#field.selectionStart;
    const isFollowed = /^\s/.test(this.#field.value.slice(end));
    this.#field.setRangeText(`${username}${isFollowed ? "" : " "}`, end - typed.length, end, "end");
    this.#field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}

/** Whether a name of a person, or a word in it, begins so. @param {Person} person @param {string} typed */
function begins({ username, display_name }, typed) {
  const words = [username, ...display_name.split(/\s+/)];
  return words.some((word) => word.toLowerCase().startsWith(typed.toLowerCase()));
}

customElements.define("mention-list", MentionList);
