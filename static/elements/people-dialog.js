/** @import { Person, Thread } from "../types.js" */
import { find, fromTemplate, LiveElement } from "./dom.js";
import { PersonOptions, showPerson } from "./person-options.js";
import { ToastLine } from "./toast-line.js";
import { emit, on } from "../events.js";
import { members } from "../model/members.js";
import { people } from "../model/people.js";
import { store } from "../model/store.js";
import { threads } from "../model/threads.js";
import { createThread, listAccounts } from "../net/api.js";

const PAUSE = 120; // ms without a key before the server is asked
const MOST = 6;

/**
 * The dialog with the people of the open chat, and of a new one. Takes the event `open`, whose detail is "members" or
 * "new". Event: `choose`, whose detail is `{ threadId }`, of a thread that was made, or found.
 */
class PeopleDialog extends LiveElement {
  #dialog = find(this, "dialog", HTMLDialogElement);
  #heading = find(this, "h2", HTMLElement);
  #hint = find(this, ".hint", HTMLElement);
  #add = find(this, ".add", HTMLElement);
  #field = find(this, ".add input", HTMLInputElement);
  #list = find(this, "ul", HTMLUListElement);
  #groupTitle = find(this, ".title-of-group", HTMLElement);
  #openTo = find(this, ".open", HTMLElement);
  #switch = find(this, ".open input", HTMLInputElement);
  #status = find(this, ".status", HTMLElement);
  #leave = find(this, ".leave", HTMLButtonElement);
  #start = find(this, ".start", HTMLButtonElement);
  #options = new PersonOptions(this.#field, find(this, "[role=listbox]", HTMLElement), (person) => void this.#choose(person));
  #isNew = false;
  /** Those of a chat that is yet to be made. @type {Person[]} */
  #chosen = [];
  /** Ends with what was typed. */
  #typed = new AbortController();

  /** @override @param {AbortSignal} signal */
  connected(signal) {
    on(this, "open", (purpose) => this.#open(purpose === "new"), signal);
    for (const source of [members, people, threads]) {
      source.addEventListener("change", () => this.#dialog.open && this.#render(), { signal });
    }
    store.addEventListener("status", () => this.#isNew || store.status === "open" || this.#dialog.close(), { signal });
    this.#field.addEventListener("input", () => void this.#search(), { signal });
    this.#field.addEventListener("keydown", (event) => this.#keyDown(event), { signal });
    this.#list.addEventListener("click", (event) => this.#remove(event), { signal });
    this.#switch.addEventListener("change", () => void this.#setOpen(this.#switch.checked), { signal });
    this.#leave.addEventListener("click", () => void this.#leaveChat(), { signal });
    this.#start.addEventListener("click", () => void this.#startChat(), { signal });
    find(this, ".close", HTMLElement).addEventListener("click", () => this.#dialog.close(), { signal });
  }

  /** @param {boolean} isNew */
  #open(isNew) {
    this.#isNew = isNew;
    this.#chosen = [];
    this.#field.value = "";
    this.#title.value = "";
    this.#tell("");
    this.#options.show([]);
    if (!isNew) void members.read();
    this.#render();
    this.#dialog.showModal();
    if (this.#add.hidden) find(this, ".close", HTMLElement).focus();
    else this.#field.focus();
    if (this.#areFew) void this.#search(); // they are seen at once
  }

  get #thread() {
    return store.threadId ? threads.get(store.threadId) : undefined;
  }

  /** In a small team, and where there are only bots. */
  get #areFew() {
    return this.#isNew || !people.areSeveral;
  }

  /** Those who are in. */
  get #persons() {
    return this.#isNew ? this.#chosen : members.list.map(({ account }) => account);
  }

  get #title() {
    return find(this.#groupTitle, "input", HTMLInputElement);
  }

  #render() {
    const thread = this.#isNew ? undefined : this.#thread;
    const persons = this.#persons;
    const mayDecide = !!thread && mayDecideIn(thread);
    this.#heading.textContent = this.#isNew ? "New chat with people" : "People of this chat";
    this.#hint.textContent = hintFor(thread);
    this.#add.hidden = !!thread?.direct;
    this.#groupTitle.hidden = !this.#isNew || !persons.length;
    this.#openTo.hidden = !mayDecide;
    this.#switch.checked = !!thread?.open;
    this.#leave.hidden = !thread || !!thread.direct || !members.has(people.myId);
    this.#start.hidden = !this.#isNew;
    this.#start.disabled = !persons.length;
    const mayRemove = (/** @type {Person} */ { id }) => this.#isNew || (mayDecide && id !== people.myId);
    this.#fill(persons.map((person) => ({ person, canBeRemoved: mayRemove(person) })));
  }

  /**
   * Those that have not changed stay: one of them may have the focus.
   * @param {{ person: Person, canBeRemoved: boolean }[]} lines
   */
  #fill(lines) {
    const shown = JSON.stringify(lines.map((line) => [line, people.isOnline(line.person.id)]));
    if (this.#list.dataset.shown === shown) return;
    this.#list.dataset.shown = shown;
    const hadFocus = this.#list.contains(document.activeElement);
    this.#list.replaceChildren(...lines.map(({ person, canBeRemoved }) => lineOf(person, canBeRemoved)));
    if (hadFocus) this.#field.focus();
  }

  async #search() {
    this.#typed.abort();
    this.#typed = new AbortController();
    const { signal } = this.#typed;
    const typed = this.#field.value.trim().replace(/^@/, "");
    this.#tell("");
    if (!typed && !this.#areFew) return this.#options.show([]);
    await new Promise((resolve) => setTimeout(resolve, typed ? PAUSE : 0));
    if (signal.aborted) return;
    try {
      const found = await listAccounts({ q: typed || undefined, limit: 50 }, signal);
      people.learn(found);
      const there = new Set([people.myId, ...this.#persons.map(({ id }) => id)]);
      const others = found.filter(({ id, active }) => active && !there.has(id));
      this.#options.show(others.slice(0, MOST));
      if (typed && !others.length) this.#tell(found.length ? "Nobody else of this name." : "There is nobody of this name.");
    } catch (error) {
      if (!signal.aborted) this.#complain(error);
    }
  }

  /** @param {KeyboardEvent} event */
  #keyDown(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Tab") return this.#options.show([]);
    if (event.key === "ArrowDown" && !this.#options.areShown) void this.#search();
    else if (event.key === "Enter" && !this.#options.areShown && this.#chosen.length) void this.#startChat();
    else if (!this.#options.press(event.key)) return;
    event.preventDefault(); // Escape closes the list before it closes the dialog
  }

  /** @param {Person} person */
  async #choose(person) {
    this.#field.value = "";
    if (this.#isNew) {
      this.#chosen.push(person);
      this.#tell(`${person.display_name} is in.`);
      return this.#render();
    }
    await this.#attempt(() => members.add(person.username), `${person.display_name} is in.`);
  }

  /** @param {MouseEvent} event */
  #remove({ target }) {
    const id = Number(target instanceof Element && target.closest("button") && target.closest("li")?.dataset.id);
    const person = people.get(id);
    if (!id || !person) return;
    this.#chosen = this.#chosen.filter((one) => one.id !== id);
    if (this.#isNew) this.#render();
    else void this.#attempt(() => members.remove(person.username), `${person.display_name} is not in any more.`);
  }

  /** @param {boolean} open */
  async #setOpen(open) {
    const thread = this.#thread;
    if (thread) await this.#attempt(() => threads.change(thread.id, { open }), "");
    this.#render();
  }

  async #leaveChat() {
    const username = people.myUsername;
    const thread = this.#thread;
    if (!username || !thread) return;
    const hasLeft = await this.#attempt(() => members.remove(username), "");
    if (!hasLeft) return;
    this.#dialog.close();
    find(document, "toast-line", ToastLine).say(`You have left “${people.titleOf(thread)}”`);
    if (!thread.open) threads.leave(thread.id);
  }

  async #startChat() {
    const names = this.#chosen.map(({ username }) => username);
    const title = this.#title.value.trim();
    if (!names.length) return;
    await this.#attempt(async () => {
      const thread = await createThread(title ? { title, members: names } : { direct: names });
      threads.learn(thread);
      this.#dialog.close();
      emit(this, "choose", { threadId: thread.id });
    }, "");
  }

  /** Whether it has worked. @param {() => Promise<void>} act @param {string} done */
  async #attempt(act, done) {
    try {
      await act();
      this.#tell(done);
      return true;
    } catch (error) {
      this.#complain(error);
      return false;
    }
  }

  /** @param {unknown} error */
  #complain(error) {
    this.#tell(error instanceof Error ? error.message : "");
    this.#status.classList.add("problem");
  }

  /** @param {string} text */
  #tell(text) {
    this.#status.classList.remove("problem");
    this.#status.textContent = text;
  }
}

/** Whether the person may remove others, and say who sees the chat. @param {Thread} thread */
function mayDecideIn({ owner, direct }) {
  return !direct && (owner === people.myId || (people.amAdmin && members.has(people.myId)));
}

/** @param {Thread | undefined} thread */
function hintFor(thread) {
  if (!thread) return "Without a title it is a direct chat, which stays among you.";
  if (thread.direct) return "A direct chat: nobody can be added to it or removed.";
  if (thread.open) return "Everybody on this server sees this chat.";
  return "Only these people see this chat, with all that was said before.";
}

/** @param {Person} person @param {boolean} canBeRemoved */
function lineOf(person, canBeRemoved) {
  const line = fromTemplate("person");
  const button = find(line, "button", HTMLButtonElement);
  showPerson(line, person);
  line.dataset.id = `${person.id}`;
  if (person.id === people.myId) find(line, ".handle", HTMLElement).append(" · you");
  button.ariaLabel = `Remove ${person.display_name}`;
  button.hidden = !canBeRemoved;
  return line;
}

customElements.define("people-dialog", PeopleDialog);
