import "./elements/connection-status.js";
import "./elements/message-list.js";
import "./elements/thread-actions.js";
import "./elements/unsent-messages.js";
import { ChatComposer } from "./elements/chat-composer.js";
import { find } from "./elements/dom.js";
import { KeyboardHelp, keycap, signs } from "./elements/keyboard-help.js";
import { preventLostClicks } from "./elements/lost-clicks.js";
import { goToSignIn, identify } from "./elements/signed-in.js";
import { ThreadList } from "./elements/thread-list.js";
import { load } from "./elements/toast-line.js";
import { emit, on } from "./events.js";
import { drafts, startRescue } from "./model/drafts.js";
import { people } from "./model/people.js";
import { isUnread } from "./model/read-state.js";
import { lastOpened } from "./model/read-marks.js";
import { store } from "./model/store.js";
import { threads } from "./model/threads.js";
import { createThread } from "./net/api.js";
import { textOf } from "./text/texts.js";

const WIDE = matchMedia("(width > 720px)");

const icon = find(document, "link[rel=icon]", HTMLLinkElement);
const main = find(document, "main", HTMLElement);
const heading = find(main, "h1 .title", HTMLElement);
const menuButton = find(main, ".thread-menu", HTMLElement);
const composer = find(main, "chat-composer", ChatComposer);
const sidebar = find(document, "#sidebar", HTMLElement);
const list = find(sidebar, "thread-list", ThreadList);
const finder = find(document, "chat-finder", HTMLElement);
const threadActions = find(document, "thread-actions", HTMLElement);
const help = find(document, "keyboard-help", KeyboardHelp);
const findButton = find(sidebar, ".find", HTMLElement);

/** What the names in SHORTCUTS do. @type {Record<string, () => void>} */
const actions = {
  find: openFinder,
  new: newChat,
  previous: () => goBy(-1),
  next: () => goBy(1),
  write: () => find(composer, "textarea", HTMLElement).focus(),
  first: () => jump("first"),
  newest: () => jump("newest"),
  help: () => help.open(),
};

let isCreating = false;

addEventListener("popstate", route);
WIDE.addEventListener("change", () => sidebar.hidePopover());
for (const button of document.querySelectorAll(".new-chat")) button.addEventListener("click", newChat);
find(main, ".reopen", HTMLElement).addEventListener("click", () => store.reopen());
menuButton.addEventListener("click", () => openMenu({ threadId: store.threadId, button: menuButton }));
on(list, "select", go);
on(find(sidebar, ".signed-in", HTMLElement), "select", go);
on(list, "menu", openMenu);
on(find(document, "people-dialog", HTMLElement), "choose", goToFound);
heading.addEventListener("dblclick", () => run("rename"));
on(finder, "choose", goToFound);
findButton.addEventListener("click", openFinder);
find(findButton, ".keys", HTMLElement).append(...signs("Mod+K").map(keycap));
find(sidebar, ".help", HTMLElement).addEventListener("click", () => help.open());
on(help, "shortcut", run);
on(composer, "send", send);
on(find(main, "unsent-messages", HTMLElement), "select", go);
store.addEventListener("status", statusChanged);
find(main, "message-list", HTMLElement).addEventListener("click", linkClicked);
on(threads, "hide", leave);
threads.addEventListener("change", welcome);
document.addEventListener("visibilitychange", showUnread);
threads.addEventListener("change", show);
threads.addEventListener("statechange", connectionChanged);
threads.addEventListener("signout", goToSignIn);
people.addEventListener("change", offerBots);

preventLostClicks();
startRescue();
route();
threads.open();
identify();

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
  emit(find(main, "message-list", HTMLElement), "jump", detail);
}

/** What is done with the open thread, <thread-actions> does. @param {string} name in SHORTCUTS */
function run(name) {
  if (actions[name]) actions[name]();
  else emit(threadActions, "act", name);
}

/** It is shown first: what somebody quick types meanwhile is for its field, and what is pressed is done later. */
async function openFinder() {
  const dialog = find(finder, "dialog", HTMLDialogElement);
  const pressed = /** @type {string[]} */ ([]);
  find(dialog, "input", HTMLInputElement).value = "";
  dialog.onkeydown = ({ key }) => pressed.push(key);
  dialog.showModal();
  const isLoaded = await load(import("./elements/chat-finder.js"));
  dialog.onkeydown = null;
  if (isLoaded) emit(finder, "open", pressed);
  else dialog.close(); // nothing in it would work
}

/** The address without a chat leads to the chat that was open last, or else to the first of the list. */
async function welcome() {
  if (!threads.isLoaded) return;
  threads.removeEventListener("change", welcome);
  const last = lastOpened.id;
  const isThere = last && (await threads.ensure(last).then(() => true, () => false));
  const id = isThere ? last : threads.list[0]?.id;
  if (location.pathname !== "/" || history.state?.isNewChat || !id) return;
  go(id, { replace: true });
}

/** @param {string} content */
function send(content) {
  const { threadId } = store;
  if (!threadId) return void create(content);
  store.send(content, composer.replaces);
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
    await identify(); // who begins it, and which bots there are: somebody may be quicker than that
    const { id } = await createThread({ bot: await chosenBot() });
    go(id, { replace: !store.threadId });
    send(content);
    composer.sent(null, content);
    drafts.move(null, id); // what was written meanwhile
  } catch (error) {
    composer.complain(error instanceof Error ? error.message : "");
  }
  isCreating = false;
}

/** Where there are several, one is chosen for each new chat. */
function offerBots() {
  if (main.dataset.view === "new") void chosenBot();
}

/** Undefined: the default one. */
async function chosenBot() {
  const loaded = people.bots.length > 1 && (await import("./elements/bot-choice.js").catch(() => {}));
  return loaded ? loaded.chosenBot() : undefined;
}

function connectionChanged() {
  if (threads.state === "connected" && !threads.isWithoutDatabase) {
    store.reopen();
    identify();
  }
  show();
}

/** @param {{ threadId: number | null, button: HTMLElement }} at */
function openMenu({ threadId, button }) {
  const thread = threadId && threads.get(threadId);
  if (thread) emit(threadActions, "menu", { thread, button });
}

/** @param {number} hiddenId */
function leave(hiddenId) {
  if (hiddenId !== store.threadId) return;
  const [first] = threads.list;
  if (first) go(first.id, { replace: true });
  else newChat();
}

function statusChanged() {
  show();
  if (store.status !== "open" || !store.threadId) return;
  lastOpened.id = store.threadId;
  threads.ensure(store.threadId).catch(() => {}); // its title is needed; that it is gone since, the store will tell
}

function show() {
  const thread = store.threadId ? threads.get(store.threadId) : undefined;
  const view = currentView();
  const title = view === "gone" ? "No such chat" : store.threadId ? (thread ? people.titleOf(thread) : "Chat") : "New chat";
  main.dataset.view = view;
  heading.textContent = title;
  showUnread();
  menuButton.hidden = view !== "open" || !thread;
  find(main, ".kept", HTMLElement).hidden = !drafts.get(null);
  if (view === "failed") showFailure();
  offerBots();
}

function showFailure() {
  const reason = threads.isWithoutDatabase ? textOf("database_unavailable") : store.reason;
  find(main, ".what", HTMLElement).textContent = `${store.threadId ? "This chat" : "The list of chats"} could not be opened`;
  find(main, ".reason", HTMLElement).textContent = reason;
  find(main, ".reopen", HTMLElement).hidden = !store.threadId; // the list is read anew by itself
}

/** In the title and the icon of the tab, as it may be hidden: how many chats have something unread. */
function showUnread() {
  const isSeen = (/** @type {number} */ id) => id === store.threadId && !document.hidden;
  const unread = threads.list.filter((thread) => isUnread(thread) && !isSeen(thread.id)).length;
  document.title = `${unread ? `(${unread}) ` : ""}${heading.textContent} · Chinwag`;
  icon.href = unread ? "/static/favicon-unread.svg" : "/static/favicon.svg";
}

function currentView() {
  const isEmpty = threads.isLoaded || history.state?.isNewChat;
  const view = store.status !== "closed" ? store.status : isEmpty ? "new" : "loading";
  return view === "loading" && threads.isWithoutDatabase ? "failed" : view;
}
