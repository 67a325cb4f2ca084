import "./connection-status.js";
import "./delivery.js";
import "./message-list.js";
import "./rescue.js";
import { createThread, readAccount } from "./api.js";
import { ChatComposer } from "./chat-composer.js";
import { deletions } from "./deletions.js";
import { find } from "./dom.js";
import { drafts } from "./drafts.js";
import { ChatFinder } from "./finder.js";
import { KeyboardHelp, keycap } from "./keyboard-help.js";
import { outbox } from "./outbox.js";
import { signs } from "./shortcuts.js";
import { store } from "./store.js";
import { ThreadActions } from "./thread-actions.js";
import { ThreadList } from "./thread-list.js";
import { threads } from "./threads.js";
import { showTitle } from "./unread.js";
import { UnsentMessages } from "./unsent-messages.js";

const WIDE = matchMedia("(width > 720px)");

const main = find(document, "main", HTMLElement);
const heading = find(main, "h1 .title", HTMLElement);
const menuButton = find(main, ".thread-menu", HTMLElement);
const composer = find(main, "chat-composer", ChatComposer);
const unsent = find(main, "unsent-messages", UnsentMessages);
const sidebar = find(document, "#sidebar", HTMLElement);
const list = find(sidebar, "thread-list", ThreadList);
const actions = find(document, "thread-actions", ThreadActions);
const finder = find(document, "chat-finder", ChatFinder);
const help = find(document, "keyboard-help", KeyboardHelp);
const findButton = find(sidebar, ".find", HTMLElement);

/** What the names in SHORTCUTS do. @type {Record<string, () => void>} */
const doings = {
  find: () => finder.open(),
  new: newChat,
  previous: () => goBy(-1),
  next: () => goBy(1),
  write: () => find(composer, "textarea", HTMLElement).focus(),
  first: () => jump("first"),
  newest: () => jump("newest"),
  help: () => help.open(),
};

/** Why this person may not use the server. */
let refusal = "";
let isCreating = false;

addEventListener("popstate", route);
WIDE.addEventListener("change", () => sidebar.hidePopover());
for (const button of document.querySelectorAll(".new-chat")) button.addEventListener("click", newChat);
find(main, ".reopen", HTMLElement).addEventListener("click", reopen);
menuButton.addEventListener("click", () => openMenu(store.threadId, menuButton));
list.addEventListener("select", (event) => go(/** @type {CustomEvent} */ (event).detail));
list.addEventListener("menu", (event) => openMenu(/** @type {CustomEvent} */ (event).detail, event.target));
heading.addEventListener("dblclick", () => actions.dispatchEvent(new CustomEvent("act", { detail: "rename" })));
deletions.addEventListener("hide", (event) => leave(/** @type {CustomEvent} */ (event).detail));
deletions.addEventListener("restore", (event) => go(/** @type {CustomEvent} */ (event).detail));
deletions.addEventListener("delete", (event) => discard(/** @type {CustomEvent} */ (event).detail));
finder.addEventListener("choose", (event) => goToFound(/** @type {CustomEvent} */ (event).detail));
findButton.addEventListener("click", () => finder.open());
find(findButton, ".keys", HTMLElement).append(...signs("Mod+K").map(keycap));
find(sidebar, ".help", HTMLElement).addEventListener("click", () => help.open());
help.addEventListener("shortcut", (event) => obey(/** @type {CustomEvent} */ (event).detail));
composer.addEventListener("send", (event) => send(/** @type {CustomEvent} */ (event).detail));
unsent.addEventListener("select", (event) => go(/** @type {CustomEvent} */ (event).detail));
store.addEventListener("status", statusChanged);
find(main, "message-list", HTMLElement).addEventListener("click", linkClicked);
threads.addEventListener("change", welcome);
threads.addEventListener("change", show);
threads.addEventListener("statechange", () => threads.state === "connected" && reopen());

route();
threads.open();
readAccount().then(
  ({ max_content }) => (composer.limit = max_content),
  (error) => {
    if (error.status === 401) refusal = error.message;
    show();
  },
);

/** Opens what the address says: a thread, or else a new one that is yet to be created. */
function route() {
  const [, threadId, seq] = /^\/threads\/(\d+)(?:\/(\d+))?$/.exec(location.pathname)?.map(Number) ?? [];
  if (threadId && threadId === store.threadId) return seq && void store.goTo(seq).catch(() => {});
  composer.open(threadId || null);
  list.openId = threadId || null;
  if (threadId) void store.open(threadId, seq || undefined);
  else store.close();
  if (!seq) composer.focusUnlessTouch();
}

/** @param {number} threadId @param {{ replace?: boolean, seq?: number }} [options] */
function go(threadId, { replace, seq } = {}) {
  const isHere = threadId === store.threadId;
  const path = `/threads/${threadId}${seq ? `/${seq}` : ""}`;
  history[replace || isHere ? "replaceState" : "pushState"](null, "", path);
  sidebar.hidePopover();
  route();
}

/** The link of a message leads to it, without loading the page anew. @param {MouseEvent} event */
function linkClicked(event) {
  const link = event.target instanceof Element && event.target.closest("a.when");
  if (!(link instanceof HTMLAnchorElement) || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  history.replaceState(null, "", link.href);
  route();
}

function newChat() {
  history.pushState({ isNewChat: true }, "", "/");
  sidebar.hidePopover();
  route();
}

/** @param {{ threadId: number, seq?: number }} found */
function goToFound({ threadId, seq }) {
  go(threadId, { seq });
  if (!seq) composer.focusUnlessTouch(); // also when the thread was open already
}

/** To a neighbour in the list. @param {-1 | 1} step */
function goBy(step) {
  const { list } = threads;
  const index = list.findIndex(({ id }) => id === store.threadId);
  const neighbour = list[index < 0 ? 0 : index + step];
  if (neighbour) go(neighbour.id);
}

/** @param {"first" | "newest"} detail */
function jump(detail) {
  find(main, "message-list", HTMLElement).dispatchEvent(new CustomEvent("jump", { detail }));
}

/** What is done with the open thread, <thread-actions> does. @param {string} name */
function obey(name) {
  if (doings[name]) doings[name]();
  else actions.dispatchEvent(new CustomEvent("act", { detail: name }));
}

/** A first visit leads to the first chat of the list. */
function welcome() {
  if (!threads.isLoaded) return;
  threads.removeEventListener("change", welcome);
  const [first] = threads.list;
  if (location.pathname !== "/" || history.state?.isNewChat || !first) return;
  go(first.id, { replace: true });
}

/** @param {string} content */
function send(content) {
  const { threadId } = store;
  if (!threadId) return void create(content);
  store.send(content);
  composer.sent(threadId, content);
}

/**
 * In the address it takes the place of the new chat, to which going back would make no sense.
 * @param {string} content
 */
async function create(content) {
  if (isCreating) return;
  isCreating = true;
  try {
    const { id } = await createThread();
    go(id, { replace: !store.threadId });
    send(content);
    composer.sent(null, content);
    drafts.move(null, id); // what was written meanwhile
  } catch (error) {
    composer.complain(error instanceof Error ? error.message : "");
  }
  isCreating = false;
}

function reopen() {
  if (store.status === "failed" && store.threadId) void store.open(store.threadId);
}

/** @param {number | null} threadId @param {EventTarget | null} button */
function openMenu(threadId, button) {
  const thread = threadId && threads.get(threadId);
  if (thread && button instanceof HTMLElement) actions.open(thread, button);
}

/** @param {number} hiddenId */
function leave(hiddenId) {
  if (hiddenId !== store.threadId) return;
  const [first] = threads.list;
  if (first) go(first.id, { replace: true });
  else newChat();
}

/** @param {number} deletedId */
function discard(deletedId) {
  for (const send of outbox.list) if (send.thread_id === deletedId) store.discard(send.client_id);
}

function statusChanged() {
  show();
  // Its title is needed; that it is gone since, the store will tell.
  if (store.status === "open" && store.threadId) threads.ensure(store.threadId).catch(() => {});
}

function show() {
  const thread = store.threadId ? threads.get(store.threadId) : undefined;
  const view = currentView();
  const title = view === "gone" ? "No such chat" : store.threadId ? (thread?.title ?? "Chat") : "New chat";
  main.dataset.view = view;
  heading.textContent = title;
  showTitle(title);
  menuButton.hidden = view !== "open" || !thread;
  find(main, ".kept", HTMLElement).hidden = !drafts.get(null);
  find(main, ".reason", HTMLElement).textContent = refusal || store.reason;
}

function currentView() {
  if (refusal) return "failed";
  if (store.status !== "closed") return store.status;
  return threads.isLoaded || history.state?.isNewChat ? "new" : "loading";
}
