import { find, fromTemplate } from "./dom.js";
import { SHORTCUTS, shortcutOf, signs, singleKeys } from "./shortcuts.js";

/** Hears the keys and shows them in a dialog. Event: `shortcut`, whose detail is a name in SHORTCUTS. */
export class KeyboardHelp extends HTMLElement {
  #dialog = find(this, "dialog", HTMLDialogElement);
  #switch = find(this, "input", HTMLInputElement);
  #closed = new AbortController();

  connectedCallback() {
    this.#closed = new AbortController();
    const { signal } = this.#closed;
    find(this, "dl", HTMLElement).replaceChildren(...SHORTCUTS.map(line));
    this.#switch.addEventListener("change", () => singleKeys.turn(this.#switch.checked), { signal });
    find(this, ".close", HTMLElement).addEventListener("click", () => this.#dialog.close(), { signal });
    addEventListener("keydown", (event) => this.#keyDown(event), { signal });
  }

  disconnectedCallback() {
    this.#closed.abort();
  }

  open() {
    this.#switch.checked = singleKeys.areOn;
    this.#dialog.showModal();
  }

  /** @param {KeyboardEvent} event */
  #keyDown(event) {
    const shortcut = shortcutOf(event);
    if (!shortcut) return;
    event.preventDefault();
    this.dispatchEvent(new CustomEvent("shortcut", { detail: shortcut.name }));
  }
}

/** @param {typeof SHORTCUTS[number]} shortcut */
function line({ keys, does }) {
  const element = fromTemplate("shortcut");
  find(element, "dt", HTMLElement).textContent = does;
  const shown = keys.flatMap((one, index) => [index ? " or " : "", ...signs(one).map(keycap)]);
  find(element, "dd", HTMLElement).append(...shown);
  return element;
}

/** @param {string} sign */
export function keycap(sign) {
  const element = document.createElement("kbd");
  element.textContent = sign;
  return element;
}

customElements.define("keyboard-help", KeyboardHelp);
