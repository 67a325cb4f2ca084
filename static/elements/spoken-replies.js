/** @import { Spoken } from "../model/sentences.js" */
/** @import { Message, Reply } from "../types.js" */
import { find } from "./dom.js";
import { on } from "../events.js";
import { authorOf } from "../model/authors.js";
import { conversation } from "../model/conversation.js";
import { endOf, sentencesAfter } from "../model/sentences.js";
import { store } from "../model/store.js";
import { wordsOf } from "../text/formatted-text.js";

// What screen readers say of a reply that is being written: each sentence when it is complete, and how it ends.

const BEGUN = 300; // characters up to which a reply has just been begun
const KEPT = 20; // sentences in the region: a screen reader says what is added, and may be slow to take it
const ENDED = { stopped: "The reply was stopped.", cut: "The reply was cut off at the limit." };

const region = document.createElement("div");
region.className = "visually-hidden spoken";
region.ariaLive = "polite";
find(document, "message-list", HTMLElement).append(region);

/** Up to where a reply was said, by the id of the question. @type {Map<number, Spoken>} */
const said = new Map();

for (const reply of conversation.replies) grow(reply);
on(conversation, "reply", (reply) => ("seq" in reply ? end(reply) : grow(reply)));
store.addEventListener("status", () => {
  said.clear();
  region.replaceChildren();
});

/** @param {Reply} reply */
function grow(reply) {
  const { reply_to, content, failure } = reply;
  const before = said.get(reply_to);
  if (!before && !failure) say(`${authorOf(reply).name || "The bot"} replies.`);
  // Who joins in the middle can read what is there. What is shorter than before was begun anew.
  const isNew = before ? before.end > content.length : content.length < BEGUN;
  const from = isNew ? endOf("") : (before ?? endOf(content));
  said.set(reply_to, sayAfter(content, from));
  if (failure && said.delete(reply_to)) say("The reply has failed.");
}

/** @param {Message} message */
function end({ reply_to, content, ended }) {
  const from = said.get(reply_to ?? 0);
  said.delete(reply_to ?? 0);
  if (!from) return;
  sayAfter(`${content}\n`, from);
  say(ended ? ENDED[ended] : "The reply is complete.");
}

/** @param {string} text @param {Spoken} from @returns {Spoken} */
function sayAfter(text, from) {
  const { sentences, ...spoken } = sentencesAfter(text, from);
  for (const sentence of sentences.slice(-KEPT)) say(wordsOf(sentence));
  return spoken;
}

/** @param {string} text */
function say(text) {
  if (!text) return;
  const line = document.createElement("p");
  line.textContent = text;
  region.append(line);
  while (region.childElementCount > KEPT) region.firstElementChild?.remove();
}
