import { find } from "./dom.js";

/**
 * A line that says what has happened, and goes by itself. How long it stays is the animation `stay` of
 * toast.css, which stands still while the line is hovered or focused. Events: `undo`; `end`, when it has gone.
 */
export class ToastLine extends HTMLElement {
  #text = find(this, "[role=status]", HTMLElement);
  #undo = find(this, ".undo", HTMLButtonElement);
  #closed = new AbortController();

  connectedCallback() {
    this.#closed = new AbortController();
    const { signal } = this.#closed;
    this.#undo.addEventListener("click", () => this.dispatchEvent(new Event("undo")), { signal });
    find(this, ".dismiss", HTMLElement).addEventListener("click", () => this.hide(), { signal });
    const end = /** @param {AnimationEvent} event */ (event) => event.animationName === "stay" && this.hide();
    this.addEventListener("animationend", end, { signal });
  }

  disconnectedCallback() {
    this.#closed.abort();
  }

  /** @param {string} text @param {{ canUndo?: boolean }} [options] */
  say(text, { canUndo = false } = {}) {
    this.showPopover(); // first: screen readers tell only what changes in a region that is there
    for (const animation of this.getAnimations()) animation.currentTime = 0;
    this.#text.textContent = text;
    this.#undo.hidden = !canUndo;
  }

  /** @param {string} what @param {unknown} reason why it failed */
  complain(what, reason) {
    this.say(`${what} ${reason instanceof Error ? reason.message : ""}`);
  }

  hide() {
    if (!this.matches(":popover-open")) return;
    this.hidePopover();
    this.dispatchEvent(new Event("end"));
  }
}

customElements.define("toast-line", ToastLine);
