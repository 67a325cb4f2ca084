import { find, LiveElement } from "./dom.js";
import { emit } from "../events.js";

/**
 * A line that says what has happened, and goes by itself. How long it stays is the animation `stay` of
 * style/status-lines.css, which stands still while the line is hovered or focused. Events: `undo`; `end`, when it has gone.
 */
export class ToastLine extends LiveElement {
  #text = find(this, "[role=status]", HTMLElement);
  #undo = find(this, ".undo", HTMLButtonElement);
  #resized = new ResizeObserver(() => this.#makeRoom());

  /** @override @param {AbortSignal} signal */
  connected(signal) {
    this.#undo.addEventListener("click", () => emit(this, "undo"), { signal });
    find(this, ".dismiss", HTMLElement).addEventListener("click", () => this.hide(), { signal });
    const end = /** @param {AnimationEvent} event */ (event) => event.animationName === "stay" && this.hide();
    this.addEventListener("animationend", end, { signal });
    signal.addEventListener("abort", () => this.#resized.disconnect());
    this.#resized.observe(this);
  }

  /** @param {string} text @param {{ canUndo?: boolean }} [options] */
  say(text, { canUndo = false } = {}) {
    this.showPopover(); // first: screen readers tell only what changes in a region that is there
    for (const animation of this.getAnimations()) animation.currentTime = 0;
    this.#text.textContent = text;
    this.#undo.hidden = !canUndo;
    this.#makeRoom();
  }

  /** The page leaves as much room as is needed: the line covers nothing. */
  #makeRoom() {
    document.body.style.setProperty("--toast", `${this.offsetHeight}px`);
  }

  /** @param {string} what @param {unknown} reason why it failed */
  complain(what, reason) {
    this.say(`${what} ${reason instanceof Error ? reason.message : ""}`);
  }

  hide() {
    if (!this.matches(":popover-open")) return;
    this.hidePopover();
    emit(this, "end");
  }
}

/**
 * What is used now and then is loaded when it is. Says so where it cannot be, and gives nothing.
 * @template T
 * @param {Promise<T>} module
 */
export async function load(module) {
  try {
    return await module;
  } catch {
    return void find(document, "toast-line", ToastLine).say("The server cannot be reached. Try again when it can.");
  }
}

customElements.define("toast-line", ToastLine);
