import { find, LiveElement } from "./dom.js";

const COPIED = 2_000; // ms for which the button says so

/** Code, and a button that copies it. Loaded when there is some. */
class CodeBlock extends LiveElement {
  /** @type {number | undefined} */
  #timer;

  /** @override @param {AbortSignal} signal */
  connected(signal) {
    this.#button.disabled = false;
    this.#button.addEventListener("click", () => this.#copy(), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
    const language = this.querySelector(".language")?.textContent;
    if (language) this.#color(language, signal);
  }

  /** What knows the languages is loaded when code names one. @param {string} language @param {AbortSignal} signal */
  async #color(language, signal) {
    const colors = await import("./code-colors.js").catch(() => undefined); // without it, the code is plain
    if (!signal.aborted) colors?.colorsOf(this.#code, language)?.start(signal);
  }

  get #code() {
    return find(this, "code", HTMLElement);
  }

  get #button() {
    return find(this, "button", HTMLButtonElement);
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
