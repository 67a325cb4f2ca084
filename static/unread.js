import { find } from "./dom.js";
import { readMarks } from "./read-marks.js";
import { store } from "./store.js";
import { threads } from "./threads.js";

// How many chats have something unread: in the title and in the icon of the window, as it may be hidden.

const icon = find(document, "link[rel=icon]", HTMLLinkElement);
let title = "";

threads.addEventListener("change", show);
readMarks.addEventListener("change", show);
document.addEventListener("visibilitychange", show);

/** @param {string} text of what is open */
export function showTitle(text) {
  title = text;
  show();
}

function show() {
  const unread = threads.list.filter((thread) => threads.isUnread(thread) && !isLookedAt(thread.id)).length;
  document.title = `${unread ? `(${unread}) ` : ""}${title} · Chinwag`;
  icon.href = unread ? "/static/favicon-unread.svg" : "/static/favicon.svg";
}

/** @param {number} threadId */
const isLookedAt = (threadId) => threadId === store.threadId && !document.hidden;
