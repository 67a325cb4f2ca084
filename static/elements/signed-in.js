/** @import { Account } from "../net/api.js" */
import { ChatComposer } from "./chat-composer.js";
import { find } from "./dom.js";
import { ToastLine } from "./toast-line.js";
import { emit } from "../events.js";
import { takeOver } from "../model/owner.js";
import { people } from "../model/people.js";
import { ApiError, readAccount, signOut } from "../net/api.js";
import { startDelivery } from "../net/delivery.js";

// Who is signed in, and what the page does only when it knows that. The line below the list tells the name. Its event
// `select`, whose detail is the id of a thread, says that somebody has clicked a notification.

const line = find(document, ".signed-in", HTMLElement);
const signOutButton = find(line, ".sign-out", HTMLElement);
const notifyButton = find(line, ".notify", HTMLElement);

let isIdentified = false;
let asked = Promise.resolve();

people.addEventListener("account", () => readAccount().then(know, () => {})); // or it is known when the page is opened next
signOutButton.addEventListener("click", endSession);
notifyButton.addEventListener("click", askToNotify);

/**
 * Nothing is delivered before it is known who is signed in: it could be somebody else than who wrote it. Where the server
 * cannot be reached, it is asked when it can: this may be called again, and then waits for what was asked before.
 */
export function identify() {
  asked = asked.then(askWhoIsSignedIn);
  return asked;
}

async function askWhoIsSignedIn() {
  if (isIdentified) return;
  try {
    const account = await readAccount();
    if (takeOver(account.id)) return location.reload();
    know(account);
    isIdentified = true;
    startDelivery();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) goToSignIn();
  }
}

export function goToSignIn() {
  location.replace(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
}

/** @param {Account} account */
function know(account) {
  people.me = account;
  find(document, "chat-composer", ChatComposer).limit = account.max_content;
  line.hidden = false;
  signOutButton.hidden = account.session === null;
  find(line, ".name", HTMLElement).textContent = account.display_name;
  find(document, ".invite", HTMLElement).hidden = people.areSeveral || !account.admin || account.session === null;
  // What several need is loaded where there are several.
  if (people.canAddOthers) import("./chat-people.js").catch(() => {});
  if (people.areSeveral) notify();
}

/** Nobody is asked unless they want to be: browsers hide the question of a page that asks too soon. */
async function askToNotify() {
  await Notification.requestPermission();
  notify();
}

/** Where the page came over plain HTTP, there are no notifications, and no locks. */
async function notify() {
  const permission = isSecureContext && "Notification" in window ? Notification.permission : "denied";
  notifyButton.hidden = permission !== "default";
  const loaded = permission === "granted" && (await import("../net/notifications.js").catch(() => {}));
  if (!loaded) return;
  loaded.notifications.onselect = (threadId) => emit(line, "select", threadId);
  loaded.notifications.start();
}

async function endSession() {
  try {
    await signOut();
    goToSignIn();
  } catch (error) {
    find(document, "toast-line", ToastLine).say(error instanceof Error ? error.message : "");
  }
}
