/** @import { Account } from "./net/api.js" */
/** @import { Invitation, Person } from "./net/people-api.js" */
import "./elements/code-block.js";
import { find, fromTemplate } from "./elements/dom.js";
import { attemptIn, onSubmit } from "./elements/form.js";
import { readAccount } from "./net/api.js";
import {
  changePerson,
  createInvitation,
  createSignInLink,
  deletePerson,
  listInvitations,
  listPeople,
  revokeInvitation,
} from "./net/people-api.js";
import { paintAvatar } from "./text/avatars.js";

const PAGE = 100;
const PAUSE = 150; // ms in which nothing is typed

const invitations = find(document, ".invitations", HTMLElement);
const people = find(document, ".people", HTMLElement);
const search = find(people, "input", HTMLInputElement);
const list = find(people, "ul", HTMLElement);
const more = find(people, ".more", HTMLButtonElement);
const dialog = find(document, "dialog", HTMLDialogElement);

/** @type {Account} */
let account;
/** The person in the dialog. @type {Person} */
let chosen;
/** How often the list was begun anew: an answer that is late is not shown. */
let listed = 0;
/** @type {number | undefined} */
let timer;

search.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => showPeople(), PAUSE);
});
more.addEventListener("click", () => showPeople(list.lastElementChild?.getAttribute("data-username") ?? ""));
find(dialog, ".close", HTMLElement).addEventListener("click", () => dialog.close());
find(dialog, ".link", HTMLElement).addEventListener("click", makeSignInLink);
find(dialog, ".admin", HTMLElement).addEventListener("click", () => change({ admin: !chosen.admin }));
find(dialog, ".active", HTMLElement).addEventListener("click", () => change({ active: !chosen.active }));
find(dialog, ".delete", HTMLElement).addEventListener("click", deleteChosen);

attemptIn(people, async () => {
  account = await readAccount();
  await showPeople();
  if (account.admin) await beginInviting();
});

/** @param {string} [after] the last username that is shown; without it, the list begins anew */
async function showPeople(after = "") {
  const turn = ++listed;
  await attemptIn(people, async () => {
    const page = await listPeople({ q: search.value.trim(), after, limit: PAGE });
    if (turn !== listed) return;
    const items = page.map(personItem);
    if (after) list.append(...items);
    else list.replaceChildren(...items);
    more.hidden = page.length < PAGE;
    find(people, ".nobody", HTMLElement).textContent = after || page.length ? "" : "Nobody has this name.";
    if (after) items[0]?.querySelector("button")?.focus();
  });
}

/** @param {Person} person */
function personItem(person) {
  const item = fromTemplate("person");
  const button = find(item, "button", HTMLButtonElement);
  item.dataset.username = person.username;
  paintAvatar(find(item, ".avatar", HTMLElement), { id: person.id, name: person.display_name, isPerson: !person.is_bot });
  find(item, ".title", HTMLElement).textContent = person.display_name;
  find(item, ".hint", HTMLElement).textContent = [`@${person.username}`, ...marks(person)].join(" · ");
  item.classList.toggle("inactive", !person.active);
  button.hidden = !account.admin || person.id === account.id || person.is_bot;
  button.setAttribute("aria-label", `What to do with ${person.display_name}`);
  button.addEventListener("click", () => openDialog(person));
  return item;
}

/** @param {Person} person */
function marks({ id, admin, is_bot, active }) {
  return [
    id === account.id && "you",
    is_bot && "bot",
    admin && !is_bot && "administrator",
    !active && "disabled",
  ].filter((mark) => mark !== false);
}

/** @param {Person} person */
function openDialog(person) {
  showChosen(person);
  find(dialog, ".made", HTMLElement).hidden = true;
  find(dialog, ".problem", HTMLElement).textContent = "";
  dialog.showModal();
}

/** @param {Person} person */
function showChosen(person) {
  chosen = person;
  disarm();
  find(dialog, "h2", HTMLElement).textContent = person.display_name;
  find(dialog, ".handle", HTMLElement).textContent = [`@${person.username}`, ...marks(person)].join(" · ");
  find(dialog, ".link", HTMLElement).hidden = !person.active;
  find(dialog, ".admin", HTMLElement).textContent = person.admin ? "Make a member" : "Make an administrator";
  find(dialog, ".active", HTMLElement).textContent = person.active ? "Disable account" : "Enable account";
}

/** @param {{ admin?: boolean, active?: boolean }} wanted */
async function change(wanted) {
  const isDone = await attemptIn(dialog, async () => showChosen(await changePerson(chosen.username, wanted)));
  if (isDone) list.querySelector(`[data-username="${CSS.escape(chosen.username)}"]`)?.replaceWith(personItem(chosen));
}

async function makeSignInLink() {
  await attemptIn(dialog, async () => showMade(dialog, (await createSignInLink(chosen.username)).address));
}

/** It asks once more, in the button itself. */
async function deleteChosen() {
  const button = find(dialog, ".delete", HTMLElement);
  if (!button.hasAttribute("data-armed")) {
    button.dataset.armed = "";
    button.textContent = "Delete for good: what was written stays";
    return;
  }
  if (!(await attemptIn(dialog, () => deletePerson(chosen.username)))) return;
  dialog.close();
  list.querySelector(`[data-username="${CSS.escape(chosen.username)}"]`)?.remove();
  search.focus();
}

function disarm() {
  const button = find(dialog, ".delete", HTMLElement);
  delete button.dataset.armed;
  button.textContent = "Delete account";
}

async function beginInviting() {
  const form = find(invitations, "form", HTMLFormElement);
  find(form, ".first", HTMLElement).hidden = account.has_password || account.session !== null;
  invitations.hidden = false;
  onSubmit(form, async () => {
    const uses = find(form, "[name=uses]", HTMLInputElement).valueAsNumber;
    const days = find(form, "[name=days]", HTMLInputElement).valueAsNumber;
    const { address } = await createInvitation({ uses, days });
    showMade(invitations, address);
    await showInvitations();
  });
  await showInvitations();
}

async function showInvitations() {
  const items = (await listInvitations()).map(invitationItem);
  find(invitations, "ul", HTMLElement).replaceChildren(...items);
}

/** @param {Invitation} invitation */
function invitationItem({ id, uses_left, expires_at, made_by }) {
  const item = fromTemplate("invitation");
  const until = new Date(expires_at).toLocaleDateString("en", { day: "numeric", month: "long" });
  const by = made_by ? `@${made_by}` : "the command line";
  find(item, ".title", HTMLElement).textContent = uses_left === 1 ? "For one person" : `For ${uses_left} people`;
  find(item, ".hint", HTMLElement).textContent = `Until ${until} · made by ${by}`;
  const button = find(item, "button", HTMLButtonElement);
  button.setAttribute("aria-label", `Revoke the invitation until ${until}`);
  button.addEventListener("click", async () => {
    await attemptIn(invitations, () => revokeInvitation(id));
    find(invitations, ".made", HTMLElement).hidden = true; // it may be the one that is revoked
    await showInvitations();
  });
  return item;
}

/** @param {ParentNode} root @param {string} address */
function showMade(root, address) {
  const made = find(root, ".made", HTMLElement);
  find(made, "code", HTMLElement).textContent = address;
  made.hidden = false;
}
