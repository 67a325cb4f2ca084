import { find, LiveElement } from "./dom.js";
import { emit, on } from "../events.js";
import { authorOf } from "../model/authors.js";
import { drafts } from "../model/drafts.js";
import { people } from "../model/people.js";
import { store } from "../model/store.js";

const NEAR = 500; // characters before the limit, from where on they are counted
const MENTION = /(?:^|[^\p{L}\p{N}_@./-])@\S*$/u;
const PAIRS = /[\ud800-\udbff][\udc00-\udfff]/g;

/**
 * The field for a message. Events: `send`, whose detail is the text, and whoever takes it calls `sent`; `edit`, when
 * `replaces` has changed.
 */
export class ChatComposer extends LiveElement {
  #field = find(this, "textarea", HTMLTextAreaElement);
  #form = find(this, "form", HTMLFormElement);
  #problem = find(this, ".problem", HTMLElement);
  #count = find(this, ".count", HTMLElement);
  /** @type {number | null} */
  #threadId = null;
  /** What an arrow key has brought back. */
  #recalled = "";
  #limit = Infinity;
  /** The seq of the question that is being edited. @type {number | undefined} */
  replaces;

  /** @override @param {AbortSignal} signal */
  connected(signal) {
    this.#form.addEventListener("submit", (event) => this.#submit(event), { signal });
    this.#field.addEventListener("keydown", (event) => this.#keyDown(event), { signal });
    this.#field.addEventListener("input", () => this.#typed(), { signal });
    this.#field.addEventListener("blur", () => drafts.write(), { signal });
    on(drafts, "change", (change) => this.#draftChanged(change), signal);
  }

  /** The most characters that the server takes in a message. */
  set limit(/** @type {number} */ limit) {
    this.#limit = limit;
    this.#show();
  }

  /** @param {number | null} threadId null: one that is yet to be created */
  open(threadId) {
    this.#threadId = threadId;
    this.endEdit();
  }

  /** Until it is sent or given up; then what was being written comes back. @param {number} seq @param {string} content */
  edit(seq, content) {
    this.replaces = seq;
    this.#write(content);
    this.#field.focus();
    emit(this, "edit");
  }

  endEdit() {
    this.replaces = undefined;
    this.#write(drafts.get(this.#threadId));
    emit(this, "edit");
  }

  /** What has been written since then stays. @param {number | null} threadId @param {string} content */
  sent(threadId, content) {
    if (this.replaces) return this.endEdit();
    const text = threadId === this.#threadId ? this.#field.value : drafts.get(threadId);
    if (!text.startsWith(content)) return;
    const rest = text.slice(content.length).trimStart();
    drafts.set(threadId, rest);
    if (threadId === this.#threadId) this.#write(rest);
  }

  /** Where the keyboard is on the screen, it would cover what one wants to read. */
  focusUnlessTouch() {
    if (matchMedia("(hover: hover)").matches) this.#field.focus({ preventScroll: true });
  }

  /** @param {string} problem */
  complain(problem) {
    this.#problem.textContent = problem;
  }

  #typed() {
    const { value, selectionEnd } = this.#field;
    if (value.trim()) store.type();
    // Those who can be mentioned are loaded with the first that is. It is tried again with the next.
    if (people.canAddOthers && MENTION.test(value.slice(0, selectionEnd))) import("./mention-list.js").catch(() => {});
    this.#recalled = "";
    if (!this.replaces) drafts.set(this.#threadId, this.#field.value);
    this.#show();
  }

  /**
   * Where a person is typing, another tab has nothing to say.
   * @param {{ threadId: number | null, isOurs: boolean }} change
   */
  #draftChanged({ threadId, isOurs }) {
    const isBeingTyped = document.hasFocus() && document.activeElement === this.#field;
    if (threadId !== this.#threadId || this.replaces || (isBeingTyped && !isOurs)) return;
    const text = drafts.get(threadId);
    // Blanks alone make no draft, and may be the beginning of one.
    if (text !== this.#field.value && (text || this.#field.value.trim())) this.#write(text);
  }

  /** @param {KeyboardEvent} event */
  #keyDown(event) {
    // A key that ends an IME composition; Safari has ended it already and tells by 229.
    if (event.isComposing || event.keyCode === 229 || event.shiftKey || event.altKey) return;
    const { value } = this.#field;
    const isRecalled = value !== "" && value === this.#recalled;
    if (event.key === "Enter") this.#form.requestSubmit();
    else if (event.key === "ArrowUp" && !value) this.#recall(lastOwn());
    else if (event.key === "Escape" && this.replaces) this.endEdit();
    else if (["ArrowDown", "Escape"].includes(event.key) && isRecalled) this.#recall("");
    else return;
    event.preventDefault();
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    this.#field.focus();
    const content = this.#field.value.trimEnd();
    if (length(content) > this.#limit) {
      this.complain(`It is too long: a message can have up to ${number(this.#limit)} characters.`);
    } else if (content) {
      emit(this, "send", content);
    }
  }

  /** @param {string} text */
  #recall(text) {
    this.#write(text);
    this.#recalled = text;
  }

  /** @param {string} text */
  #write(text) {
    this.#recalled = "";
    this.#field.value = text;
    this.#show();
  }

  #show() {
    const left = this.#limit - length(this.#field.value);
    this.complain("");
    this.#field.ariaInvalid = `${left < 0}`;
    this.#count.hidden = left > Math.min(NEAR, this.#limit / 10);
    if (this.#count.hidden) return;
    const unit = Math.abs(left) === 1 ? "character" : "characters";
    this.#count.textContent = `${number(Math.abs(left))} ${unit} ${left < 0 ? "too many" : "left"}`;
  }
}

/** @param {number} value */
const number = (value) => value.toLocaleString("en");

/** In characters as the server counts them. @param {string} text */
const length = (text) => text.length - (text.match(PAIRS)?.length ?? 0);

/** The newest of the person's messages in the open thread. */
function lastOwn() {
  const stored = store.messages.findLast((message) => authorOf(message).kind === "own");
  return (store.sends.at(-1) ?? stored)?.content ?? "";
}

customElements.define("chat-composer", ChatComposer);
