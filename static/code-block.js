import { find, fromTemplate } from "./dom.js";

const COPIED = 2_000; // ms for which the button says so

/** @param {string} code @param {string} language as it was written, or "" */
export function codeBlock(code, language) {
  const element = fromTemplate("code-block");
  find(element, "code", HTMLElement).textContent = code;
  find(element, ".language", HTMLElement).textContent = language;
  return element;
}

/** Code, and a button that copies it. */
export class CodeBlock extends HTMLElement {
  #code = find(this, "code", HTMLElement);
  #button = find(this, "button", HTMLButtonElement);
  /** @type {number | undefined} */
  #timer;

  connectedCallback() {
    this.#button.onclick = () => this.#copy();
  }

  disconnectedCallback() {
    this.#button.onclick = null;
    clearTimeout(this.#timer);
  }

  async #copy() {
    const isCopied = (await this.#write()) || this.#writeSelected();
    clearTimeout(this.#timer);
    this.#button.textContent = isCopied ? "Copied" : "Selected";
    this.#timer = setTimeout(() => (this.#button.textContent = "Copy"), COPIED);
  }

  async #write() {
    try {
      await navigator.clipboard.writeText(this.#code.textContent);
      return true;
    } catch {
      return false; // it is forbidden, or the page came over plain HTTP, and then there is no clipboard
    }
  }

  /** Where this fails too, the code is selected at least, and a person can copy it. */
  #writeSelected() {
    getSelection()?.selectAllChildren(this.#code);
    return document.execCommand("copy");
  }
}

customElements.define("code-block", CodeBlock);
