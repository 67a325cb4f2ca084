/** @import { Message, Reply } from "../types.js" */
import "./edit-line.js";
import "./replies-style.js";
import "./spoken-replies.js";
import "./stop-button.js";
import { find } from "./dom.js";
import { showActions } from "./reply-actions.js";
import { emit } from "../events.js";
import { store } from "../model/store.js";
import { StreamedText } from "../text/streamed-text.js";

// What messages show because of the bots: replies that are being written, and the buttons at replies and questions. This
// is loaded with the first reply that is being written, or when somebody is there who could use the buttons.

const list = find(document, "message-list", HTMLElement);
const entries = find(list, ".entries", HTMLElement);
/** Those whose text grows. @type {Map<HTMLElement, StreamedText>} */
const growing = new Map();

list.addEventListener("render", show);
emit(store, "change"); // so that the list keeps its place when they grow

/** The entries are in the order of the places. */
function show() {
  const { places } = store;
  const newestReply = places.findLast(({ message }) => "seq" in message && message.role === "assistant")?.message;
  for (const [index, place] of places.entries()) {
    const entry = entries.children[index];
    if (!(entry instanceof HTMLElement)) return; // it is shown soon
    const { message } = place;
    if ("ordinal" in message) showReply(entry, message);
    else if ("seq" in message && growing.has(entry)) becomeMessage(entry, message);
    showActions(entry, place, message === newestReply);
  }
  for (const entry of growing.keys()) if (!entry.isConnected) growing.delete(entry);
}

/** @param {HTMLElement} entry @param {Reply} reply */
function showReply(entry, { content, failure }) {
  showText(entry, content, failure !== null);
  entry.classList.toggle("thinking", !content && !failure);
  entry.classList.toggle("failed", failure !== null);
}

/** It is the same element, so that nothing moves. @param {HTMLElement} entry @param {Message} message */
function becomeMessage(entry, { content }) {
  showText(entry, content, true);
  growing.delete(entry);
  entry.classList.remove("thinking", "failed");
  delete entry.dataset.replyTo;
  delete entry.dataset.grows;
}

/** @param {HTMLElement} entry @param {string} text @param {boolean} isComplete */
function showText(entry, text, isComplete) {
  const streamed = growing.get(entry) ?? new StreamedText(find(entry, ".content", HTMLElement));
  growing.set(entry, streamed);
  entry.dataset.grows = ""; // otherwise <message-list> shows the text when it is stored
  streamed.show(text, isComplete);
}
