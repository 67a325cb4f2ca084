import { find } from "./dom.js";

/** The field for a message. Event: `send`, whose detail is the text; whoever takes it calls `clear`. */
export class ChatComposer extends HTMLElement {
  #field = find(this, "textarea", HTMLTextAreaElement);
  #form = find(this, "form", HTMLFormElement);
  #problem = find(this, ".problem", HTMLElement);
  #closed = new AbortController();
  /** What was left unsent, by thread. @type {Map<number | null, string>} */
  #drafts = new Map();
  /** @type {number | null} */
  #threadId = null;

  connectedCallback() {
    this.#closed = new AbortController();
    const { signal } = this.#closed;
    this.#form.addEventListener("submit", (event) => this.#submit(event), { signal });
    this.#field.addEventListener("keydown", (event) => this.#keyDown(event), { signal });
    this.#field.addEventListener("input", () => this.#grow(), { signal });
  }

  disconnectedCallback() {
    this.#closed.abort();
  }

  /** @param {number | null} threadId null: one that is yet to be created */
  open(threadId) {
    this.#drafts.set(this.#threadId, this.#field.value);
    this.#threadId = threadId;
    this.#write(this.#drafts.get(threadId) ?? "");
  }

  clear() {
    this.#write("");
  }

  /** Where the keyboard is on the screen, it would cover what one wants to read. */
  focusUnlessTouch() {
    if (matchMedia("(hover: hover)").matches) this.#field.focus();
  }

  /** @param {string} problem */
  complain(problem) {
    this.#problem.textContent = problem;
  }

  /** @param {KeyboardEvent} event */
  #keyDown(event) {
    // Enter that ends an IME composition; Safari has ended it already and tells by 229.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    this.#field.focus();
    const content = this.#field.value.trimEnd();
    if (content) this.dispatchEvent(new CustomEvent("send", { detail: content }));
  }

  /** @param {string} text */
  #write(text) {
    this.#field.value = text;
    this.#problem.textContent = "";
    this.#grow();
  }

  #grow() {
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight}px`;
  }
}

customElements.define("chat-composer", ChatComposer);
