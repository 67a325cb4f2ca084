import { find, fromTemplate, LiveElement } from "./dom.js";
import { emit } from "../events.js";

const IS_APPLE = /Mac|iP(hone|ad|od)/.test(navigator.platform);
const KEPT_AS = "chinwag.single-keys";
const SIGNS = /** @type {Record<string, string>} */ ({
  Mod: IS_APPLE ? "⌘" : "Ctrl", Alt: IS_APPLE ? "⌥" : "Alt", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc",
  Shift: IS_APPLE ? "⇧" : "Shift", Backspace: "⌫",
});

/**
 * What the keyboard does. `Mod` is ⌘ on Apple's machines and Ctrl elsewhere. In a field, only what says
 * `anywhere` is heard: the other keys mean something there.
 * @type {{ name: string, keys: string[], does: string, anywhere?: boolean }[]}
 */
const SHORTCUTS = [
  { name: "find", keys: ["Mod+K"], does: "Find a chat or a message", anywhere: true },
  { name: "new", keys: ["N"], does: "New chat" },
  { name: "previous", keys: ["Alt+ArrowUp"], does: "Previous chat", anywhere: true },
  { name: "next", keys: ["Alt+ArrowDown"], does: "Next chat", anywhere: true },
  { name: "write", keys: ["/", "Escape"], does: "Write a message" },
  { name: "stop", keys: ["Escape"], does: "Stop the reply" }, // elements/stop-button.js hears it, before this
  { name: "first", keys: ["Home"], does: "First message" },
  { name: "newest", keys: ["End", "G"], does: "Newest message" },
  { name: "rename", keys: ["F2"], does: "Rename the chat", anywhere: true },
  { name: "pin", keys: ["P"], does: "Pin or unpin the chat" },
  { name: "export", keys: ["E"], does: "Export the chat" },
  { name: "delete", keys: ["Mod+Shift+Backspace"], does: "Delete the chat" },
  { name: "undo", keys: ["Mod+Z"], does: "Undo deleting" },
  { name: "help", keys: ["?"], does: "Show the shortcuts" },
];

/** As a person sees it on the keyboard, key by key. @param {string} keys */
export const signs = (keys) => keys.split("+").map((key) => SIGNS[key] ?? key);

/** Keys of one character can be turned off: a person who dictates would press them by words (WCAG 2.1.4). */
const singleKeys = {
  areOn: read() !== "off",
  /** @param {boolean} areOn */
  turn(areOn) {
    this.areOn = areOn;
    try {
      localStorage.setItem(KEPT_AS, areOn ? "on" : "off");
    } catch {} // storage is forbidden or full: it holds as long as the page
  },
};

/** The shortcut that is meant, if there is one. @param {KeyboardEvent} event */
function shortcutOf(event) {
  const keys = keysOf(event);
  if (event.defaultPrevented || event.isComposing || (keys.length === 1 && !singleKeys.areOn)) return undefined;
  // What lies over the page has keys of its own.
  if (document.querySelector(":modal, .menu:popover-open")) return undefined;
  const isInField = event.target instanceof Element && event.target.closest("input, textarea, select");
  return SHORTCUTS.find((one) => one.keys.includes(keys) && (one.anywhere || !isInField));
}

/** @param {KeyboardEvent} event */
function keysOf({ key, altKey, ctrlKey, metaKey, shiftKey }) {
  const [mod, other] = IS_APPLE ? [metaKey, ctrlKey] : [ctrlKey, metaKey];
  if (other) return "";
  // A sign may need Shift, which one depends on the keyboard; a letter or another key does not.
  const isShifted = shiftKey && (key.length > 1 || /\p{L}/u.test(key));
  const modifiers = `${mod ? "Mod+" : ""}${altKey ? "Alt+" : ""}${isShifted ? "Shift+" : ""}`;
  return modifiers + (key.length === 1 ? key.toUpperCase() : key);
}

function read() {
  try {
    return localStorage.getItem(KEPT_AS);
  } catch {
    return null; // storage is forbidden
  }
}

/** Hears the keys and shows them in a dialog. Event: `shortcut`, whose detail is a name in SHORTCUTS. */
export class KeyboardHelp extends LiveElement {
  #dialog = find(this, "dialog", HTMLDialogElement);
  #switch = find(this, "input", HTMLInputElement);

  /** @override @param {AbortSignal} signal */
  connected(signal) {
    find(this, "dl", HTMLElement).replaceChildren(...SHORTCUTS.map(line));
    this.#switch.addEventListener("change", () => singleKeys.turn(this.#switch.checked), { signal });
    find(this, ".close", HTMLElement).addEventListener("click", () => this.#dialog.close(), { signal });
    addEventListener("keydown", (event) => this.#keyDown(event), { signal });
  }

  open() {
    this.#switch.checked = singleKeys.areOn;
    this.#dialog.showModal();
    find(this, ".close", HTMLElement).focus();
  }

  /** @param {KeyboardEvent} event */
  #keyDown(event) {
    const shortcut = shortcutOf(event);
    if (!shortcut) return;
    event.preventDefault();
    emit(this, "shortcut", shortcut.name);
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
