/** @import { Person } from "../types.js" */
import { find } from "./dom.js";
import { on } from "../events.js";
import { members } from "../model/members.js";
import { people } from "../model/people.js";
import { seenAt } from "../model/seen.js";
import { store } from "../model/store.js";
import { namesInWords, paintAvatar } from "../text/avatars.js";

// The avatars of those who have read a small thread up to a message, at that message. This is loaded with the first of them.

const MOST = 5; // avatars; of more persons, the last one says how many

const list = find(document, "message-list", HTMLElement);

on(list, "render", show);
members.addEventListener("change", show);
members.addEventListener("seen", show);
people.addEventListener("change", show); // a name
show();

function show() {
  const places = seenAt(members.list, store.messages, people.myId);
  for (const line of list.querySelectorAll(".seen")) {
    const entry = line.parentElement;
    if (places.has(Number(entry?.dataset.seq))) continue;
    entry?.classList.remove("is-seen");
    line.remove();
  }
  for (const [seq, persons] of places) {
    const entry = list.querySelector(`[data-seq="${seq}"]`);
    if (entry) showAt(entry, persons.map((person) => people.get(person.id) ?? person)); // their names may be new
  }
}

/** @param {Element} entry @param {Person[]} persons */
function showAt(entry, persons) {
  const text = `Seen by ${namesInWords(persons.map(({ display_name }) => display_name), Infinity)}`;
  const shown = JSON.stringify(persons.map(({ id, display_name }) => [id, display_name]));
  const before = entry.querySelector(".seen");
  if (before instanceof HTMLElement && before.dataset.shown === shown) return;
  const line = document.createElement("p");
  line.className = "seen";
  line.role = "img";
  line.ariaLabel = line.title = text;
  line.dataset.shown = shown;
  const isCut = persons.length > MOST;
  line.append(...persons.slice(0, isCut ? MOST - 1 : MOST).map(avatarOf));
  if (isCut) line.append(`+${persons.length - MOST + 1}`);
  before?.remove();
  entry.append(line);
  entry.classList.add("is-seen");
}

/** @param {Person} person */
function avatarOf({ id, display_name }) {
  const avatar = document.createElement("span");
  avatar.className = "avatar";
  paintAvatar(avatar, { id, name: display_name, isPerson: true });
  return avatar;
}
