/** @import { Message, Send } from "./types.js" */
import { find, fromTemplate } from "./dom.js";
import { formatted } from "./formatted-text.js";
import { store } from "./store.js";

const GROUP = 5 * 60_000; // ms; what one writes within this time belongs together
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DAY_OF_A_YEAR = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const IN_FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const FROM_TODAY = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** The same for a message before and after it is stored. @param {Message | Send} message */
export const keyOf = (message) => message.client_id ?? `${"seq" in message ? message.seq : ""}`;

/** @param {Message | Send} message */
export function messageElement(message) {
  const entry = fromTemplate("message");
  const role = roleOf(message);
  find(entry, ".message", HTMLElement).classList.add(role);
  find(entry, ".author", HTMLElement).textContent = role === "user" ? "You: " : "Bot: ";
  find(entry, ".content", HTMLElement).append(formatted(message.content));
  return entry;
}

/** A message that is under way, or was not stored. @param {HTMLElement} entry @param {Send} send */
export function showSend(entry, { client_id, state, reason }) {
  const hasFailed = state === "failed";
  const isWaiting = !hasFailed && !store.isConnected;
  find(entry, ".message", HTMLElement).dataset.state = isWaiting ? "waiting" : state;
  find(entry, ".state", HTMLElement).textContent = hasFailed
    ? `Not sent: ${reason}`
    : isWaiting ? "Waiting for the connection" : "Sending…";
  showButton(entry, ".resend", hasFailed, () => store.resend(client_id));
  showButton(entry, ".discard", hasFailed || isWaiting, () => store.discard(client_id));
}

/** @param {HTMLElement} entry @param {Message} message */
export function showStored(entry, message) {
  const moment = new Date(message.created_at);
  const link = find(entry, ".when", HTMLAnchorElement);
  const time = find(link, "time", HTMLTimeElement);
  entry.dataset.seq = `${message.seq}`;
  delete find(entry, ".message", HTMLElement).dataset.state;
  find(entry, ".state", HTMLElement).textContent = "Sent";
  showButton(entry, ".resend", false, null);
  showButton(entry, ".discard", false, null);
  link.hidden = false;
  link.href = `/threads/${message.thread_id}/${message.seq}`;
  time.dateTime = message.created_at;
  link.title = IN_FULL.format(moment);
  time.textContent = TIME.format(moment);
}

/**
 * What a message shows because of the one before it: a new day, that the unread begin, or that it goes on.
 * @param {HTMLElement} entry
 * @param {Message | Send} message
 * @param {Message | Send | undefined} previous
 * @param {number | undefined} newFrom
 */
export function place(entry, message, previous, newFrom) {
  const isNew = "seq" in message && message.seq === newFrom;
  const signature = `${isNew} ${previous && keyOf(previous)}`;
  if (entry.dataset.placed === signature) return; // most of them are, each time
  entry.dataset.placed = signature;
  const moment = momentOf(message);
  const day = find(entry, ".day", HTMLElement);
  day.hidden = !!previous && moment.toDateString() === momentOf(previous).toDateString();
  day.textContent = day.hidden ? "" : dayName(moment);
  find(entry, ".unread-from", HTMLElement).hidden = !isNew;
  const goesOn = previous && roleOf(previous) === roleOf(message) && +moment - +momentOf(previous) < GROUP;
  entry.classList.toggle("continued", !!goesOn && day.hidden && !isNew);
}

/** @param {Message | Send} message */
const roleOf = (message) => ("role" in message ? message.role : "user");

/** @param {Message | Send} message */
const momentOf = (message) => new Date("created_at" in message ? message.created_at : message.sent_at);

/** @param {Date} moment */
function dayName(moment) {
  const today = new Date();
  const days = Math.round((new Date(moment).setHours(0, 0, 0, 0) - today.setHours(0, 0, 0, 0)) / 86_400_000);
  const name = Math.abs(days) < 2
    ? FROM_TODAY.format(days, "day")
    : (moment.getFullYear() === today.getFullYear() ? DAY : DAY_OF_A_YEAR).format(moment);
  return name.replace(/^./u, (letter) => letter.toLocaleUpperCase());
}

/**
 * @param {HTMLElement} entry
 * @param {string} selector
 * @param {boolean} isShown
 * @param {(() => void) | null} act
 */
function showButton(entry, selector, isShown, act) {
  const button = find(entry, selector, HTMLButtonElement);
  button.hidden = !isShown;
  button.onclick = act;
}
