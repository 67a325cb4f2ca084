/** @import { Message, Place } from "../types.js" */
import { ChatComposer } from "./chat-composer.js";
import { find } from "./dom.js";
import { icon } from "./icon.js";
import { ToastLine } from "./toast-line.js";
import { authorOf } from "../model/authors.js";
import { conversation } from "../model/conversation.js";
import { store } from "../model/store.js";
import { ApiError } from "../net/api.js";
import { textOf } from "../text/texts.js";

// The row below a reply and below a question: small buttons, which version it is, and how it has ended.

const ENDED = { stopped: "Stopped", cut: "Cut off at the limit" };
const COPIED = 2_000; // ms for which the button says so
const COPY = "M7 7V4.5A1.5 1.5 0 0 1 8.5 3h7A1.5 1.5 0 0 1 17 4.5v7a1.5 1.5 0 0 1-1.5 1.5H13M4.5 7h7A1.5 1.5 0 0 1 13 8.5v7a1.5 1.5 0 0 1-1.5 1.5h-7A1.5 1.5 0 0 1 3 15.5v-7A1.5 1.5 0 0 1 4.5 7z";
const DONE = "m4 10.5 4 4 8-9";
const AGAIN = "M16 10a6 6 0 1 1-2-4.5M14.5 2.5v3.2h-3.2";
const EDIT = "M4 16l.8-3.2L13.5 4a1.4 1.4 0 0 1 2 0l.5.5a1.4 1.4 0 0 1 0 2L7.2 15.2z";
const OLDER = "m12 5-5 5 5 5";
const NEWER = "m8 5 5 5-5 5";

/** The version that is shown next is in another element, where the same button has the focus. @type {{ key: string, part: Part } | undefined} */
let pressed;
/** What is shown in each row. @type {WeakMap<Element, string>} */
const shown = new WeakMap();

/** @param {HTMLElement} entry @param {Place} place @param {boolean} isNewestReply */
export function showActions(entry, place, isNewestReply) {
  const { message, versions } = place;
  const parts = partsOf(place);
  const signature = JSON.stringify([parts, versions, "ended" in message && message.ended, "failure" in message && message.failure]);
  entry.classList.toggle("newest-reply", isNewestReply);
  if (shown.get(entry) === signature || (parts.length === 0 && !shown.has(entry))) return;
  const isPressed = pressed && pressed.key === versions?.key && !entry.contains(document.activeElement);
  const focused = isPressed ? pressed?.part : entry.contains(document.activeElement) && document.activeElement?.getAttribute("data-part");
  if (isPressed) pressed = undefined;
  entry.querySelector(".actions")?.remove();
  shown.set(entry, signature);
  if (parts.length === 0) return;
  const row = document.createElement("div");
  row.className = "actions";
  row.append(...parts.map((part) => PARTS[part](place)));
  find(entry, "footer", HTMLElement).append(row);
  if (focused) focusOn(row, focused);
}

/** @typedef {"answer-again" | "copy" | "edit" | "ended" | "failure" | "older" | "count" | "newer" | "retry"} Part */

/** @param {Place} place @returns {Part[]} */
function partsOf({ message, versions }) {
  /** @type {Part[]} */
  const ofVersions = versions ? ["older", "count", "newer"] : [];
  if ("ordinal" in message) return [...(message.failure ? /** @type {const} */ (["failure", "retry"]) : []), ...ofVersions];
  if (!("seq" in message)) return ofVersions;
  if (message.role !== "assistant") return [...(isEditable(message) ? /** @type {const} */ (["edit"]) : []), ...ofVersions];
  if (message.reply_to === null) return ["copy"];
  return ["copy", "answer-again", ...ofVersions, ...(message.ended ? /** @type {const} */ (["ended"]) : [])];
}

/** @type {Record<Part, (place: Place) => HTMLElement>} */
const PARTS = {
  copy: ({ message }) => button("copy", "Copy", COPY, (one) => copy(one, message.content)),
  "answer-again": ({ message }) => button("answer-again", "Answer again", AGAIN, () => answerAgain(/** @type {Message} */ (message))),
  edit: ({ message }) => button("edit", "Edit", EDIT, () => edit(/** @type {Message} */ (message))),
  older: ({ versions }) => switchButton("older", "Previous version", OLDER, versions?.key, versions?.older),
  newer: ({ versions }) => switchButton("newer", "Next version", NEWER, versions?.key, versions?.newer),
  count: ({ versions }) => label("count", `${versions?.number}/${versions?.count}`, `Version ${versions?.number} of ${versions?.count}`),
  ended: ({ message }) => label("ended", "ended" in message && message.ended ? ENDED[message.ended] : ""),
  failure: ({ message }) => label("failure", "failure" in message && message.failure ? textOf(message.failure) : ""),
  retry: ({ message }) => retryButton(/** @type {Message} */ (message)),
};

/** The newest question of the person, when no reply to it is being written. @param {Message} message */
function isEditable(message) {
  if (authorOf(message).kind !== "own" || message.role !== "user") return false;
  const newest = store.messages.findLast((one) => authorOf(one).kind === "own");
  const reply = conversation.replies.find(({ reply_to }) => reply_to === message.id);
  const isAnswered = reply ? reply.failure !== null : store.messages.some(({ reply_to }) => reply_to === message.id);
  return message === newest && isAnswered && store.sends.length === 0;
}

/** @param {HTMLButtonElement} button @param {string} text */
async function copy(button, text) {
  const isCopied = await navigator.clipboard.writeText(text).then(() => true, () => copySelected(text));
  if (!isCopied) return complain("It could not be copied.", undefined);
  button.replaceChildren(icon(DONE));
  button.ariaLabel = button.title = "Copied";
  setTimeout(() => {
    button.replaceChildren(icon(COPY));
    button.ariaLabel = button.title = "Copy";
  }, COPIED);
}

/** Where the page came over plain HTTP, there is no clipboard. @param {string} text */
function copySelected(text) {
  const field = document.createElement("textarea");
  const focused = document.activeElement;
  field.className = "visually-hidden";
  field.value = text;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return isCopied;
}

/** The newest version is asked for, whichever is shown. @param {Pick<Message, "reply_to">} reply */
async function answerAgain({ reply_to }) {
  const newest = store.messages.findLast((one) => one.role === "assistant" && one.reply_to === reply_to);
  const failed = conversation.replies.find((one) => one.reply_to === reply_to && one.failure);
  const asked = (failed && conversation.questionOf(failed)) ?? newest;
  try {
    if (asked) await conversation.answerAgain(asked);
  } catch (error) {
    // Somebody else has asked for it.
    if (!(error instanceof ApiError && error.code === "reply_under_way")) complain("There is no other answer.", error);
  }
}

/** @param {Message} question */
function edit({ seq, content }) {
  find(document, "chat-composer", ChatComposer).edit(seq, content);
}

/** @param {Message} reply @returns {HTMLElement} */
function retryButton(reply) {
  const one = document.createElement("button");
  one.type = "button";
  one.className = "quiet retry";
  one.dataset.part = "retry";
  one.textContent = "Try again";
  one.addEventListener("click", () => void answerAgain(reply));
  return one;
}

/**
 * @param {Part} part
 * @param {string} name
 * @param {string} path
 * @param {string} [key]
 * @param {number | "newest"} [seq] nothing where there is no such version: it keeps its place, and the focus
 */
function switchButton(part, name, path, key, seq) {
  const one = button(part, name, path, () => {
    if (!key || !seq) return;
    pressed = { key, part };
    conversation.choose(key, seq).catch((error) => complain("This version could not be read.", error));
  });
  one.ariaDisabled = `${!seq}`;
  return one;
}

/**
 * @param {Part} part
 * @param {string} name
 * @param {string} path of its picture
 * @param {(button: HTMLButtonElement) => unknown} act
 */
function button(part, name, path, act) {
  const one = document.createElement("button");
  one.type = "button";
  one.className = `icon ${part}`;
  one.ariaLabel = one.title = name;
  one.dataset.part = part;
  one.append(icon(path));
  one.addEventListener("click", () => void act(one));
  return one;
}

/** @param {Part} part @param {string} text @param {string} [spoken] */
function label(part, text, spoken = text) {
  const one = document.createElement("span");
  one.className = part;
  one.textContent = text;
  if (spoken !== text) {
    one.role = "img";
    one.ariaLabel = spoken;
  }
  return one;
}

/** @param {HTMLElement} row @param {string} part */
function focusOn(row, part) {
  const one = row.querySelector(`[data-part="${part}"]`) ?? row.querySelector("button");
  if (one instanceof HTMLElement) one.focus({ preventScroll: true });
}

/** @param {string} what @param {unknown} error */
const complain = (what, error) => find(document, "toast-line", ToastLine).complain(what, error);
