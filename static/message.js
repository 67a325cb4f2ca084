/** @import { Message, Send } from "./types.js" */
import { find, fromTemplate } from "./dom.js";
import { formatted } from "./formatted-text.js";
import { store } from "./store.js";

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const IN_FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/** @param {Message | Send} message */
export function messageElement(message) {
  const element = fromTemplate("message");
  const role = "role" in message ? message.role : "user";
  element.classList.add(role);
  find(element, ".author", HTMLElement).textContent = role === "user" ? "You: " : "Bot: ";
  find(element, ".content", HTMLElement).append(formatted(message.content));
  if ("created_at" in message) showTime(element, message);
  return element;
}

/** A message that is under way, or was not stored. @param {HTMLElement} element @param {Send} send */
export function showSend(element, { client_id, state, reason }) {
  const hasFailed = state === "failed";
  const isWaiting = !hasFailed && !store.isConnected;
  element.dataset.state = isWaiting ? "waiting" : state;
  find(element, ".state", HTMLElement).textContent = hasFailed
    ? `Not sent: ${reason}`
    : isWaiting ? "Waiting for the connection" : "Sending…";
  showButton(element, ".resend", hasFailed, () => store.resend(client_id));
  showButton(element, ".discard", hasFailed || isWaiting, () => store.discard(client_id));
}

/** The same message, stored. @param {HTMLElement} element @param {Message} message */
export function showStored(element, message) {
  delete element.dataset.state;
  element.classList.add("newest");
  find(element, ".state", HTMLElement).textContent = "Sent";
  showButton(element, ".resend", false, null);
  showButton(element, ".discard", false, null);
  showTime(element, message);
}

/**
 * @param {HTMLElement} element
 * @param {string} selector
 * @param {boolean} isShown
 * @param {(() => void) | null} act
 */
function showButton(element, selector, isShown, act) {
  const button = find(element, selector, HTMLButtonElement);
  button.hidden = !isShown;
  button.onclick = act;
}

/** @param {HTMLElement} element @param {Message} message */
function showTime(element, message) {
  const moment = new Date(message.created_at);
  const isToday = moment.toDateString() === new Date().toDateString();
  const time = find(element, "time", HTMLTimeElement);
  time.dateTime = message.created_at;
  time.title = IN_FULL.format(moment);
  time.textContent = `${isToday ? "" : `${DAY.format(moment)}, `}${TIME.format(moment)}`;
}
