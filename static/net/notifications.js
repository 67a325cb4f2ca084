/** @import { Message, Thread } from "../types.js" */
import { listMessages } from "./api.js";
import { pause } from "./reconnecting-socket.js";
import { on } from "../events.js";
import { authorOf } from "../model/authors.js";
import { PREFIX } from "../model/owner.js";
import { people } from "../model/people.js";
import { unreadOf } from "../model/read-state.js";
import { threads } from "../model/threads.js";
import { wordsOf } from "../text/formatted-text.js";

const GATHER = 300; // ms in which what arrives in a thread is one notification
const PAGE = 20;
const CHARACTERS = 200;
const NOTIFIER = `${PREFIX}notifier`; // the lock of the one tab that notifies
const SEEN = `${PREFIX}seen`; // the lock that all tabs share that are seen

/** Notifications of the system, for what arrives while no tab is seen. One tab of the browser shows them. */
class Notifications {
  /** Is given the id of the thread whose notification was clicked. @type {(threadId: number) => void} */
  onselect = () => {};
  /** Those that are shown, by thread. @type {Map<number, Notification>} */
  #shown = new Map();
  /** Up to which message of a thread a notification was shown. @type {Map<number, number>} */
  #told = new Map();
  /** Whether what has arrived since mentions the person, by thread. @type {Map<number, boolean>} */
  #news = new Map();
  #isNotifier = false;
  #isStarted = false;

  /** May be called again. */
  start() {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void navigator.locks.request(NOTIFIER, () => new Promise(() => (this.#isNotifier = true))); // for as long as the tab lives
    holdWhileSeen();
    on(threads, "news", ({ threadId, isMention }) => void this.#gather(threadId, isMention));
    threads.addEventListener("change", () => this.#closeRead());
  }

  /** @param {number} threadId @param {boolean} isMention */
  async #gather(threadId, isMention) {
    if (!this.#isNotifier) return;
    const isFirst = !this.#news.has(threadId);
    this.#news.set(threadId, isMention || !!this.#news.get(threadId));
    if (!isFirst) return;
    await pause(GATHER);
    const mentions = !!this.#news.get(threadId);
    this.#news.delete(threadId);
    const thread = threads.get(threadId);
    if (thread && isWanted(thread, mentions) && !(await isSomeTabSeen())) await this.#notify(thread);
  }

  /** @param {Thread} thread */
  async #notify(thread) {
    const told = Math.max(this.#told.get(thread.id) ?? 0, thread.read_seq ?? 0, thread.last_seq - PAGE);
    const page = await listMessages(thread.id, { after: told, limit: PAGE }).catch(() => []);
    const others = page.filter((message) => isNews(message));
    const message = (thread.level === "mentions" && !thread.direct && others.findLast(mentionsMe)) || others.at(-1);
    if (!message) return;
    this.#told.set(thread.id, page.at(-1)?.seq ?? told);
    await nameIsKnown(message);
    this.#show(thread, message);
  }

  /** @param {Thread} thread @param {Message} message */
  #show(thread, message) {
    const title = people.titleOf(thread);
    const { name } = authorOf(message);
    const words = wordsOf(message.content).slice(0, CHARACTERS);
    const body = thread.direct?.length === 2 ? words : `${name}: ${words}`;
    const notification = new Notification(title, { body, tag: `${PREFIX}${thread.id}`, icon: "/static/favicon.svg" });
    this.#shown.set(thread.id, notification);
    notification.onclick = () => {
      window.focus();
      notification.close();
      this.onselect(thread.id);
    };
  }

  /** What was read, here or on another device, is no news. */
  #closeRead() {
    for (const [id, notification] of this.#shown) {
      const thread = threads.get(id);
      if (thread && unreadOf(thread).unread > 0) continue;
      notification.close();
      this.#shown.delete(id);
    }
  }
}

/** @param {Thread} thread @param {boolean} isMention */
function isWanted({ level, direct }, isMention) {
  return level === "everything" || (level === "mentions" && (isMention || !!direct));
}

/** @param {Message} message */
const isNews = (message) => message.role !== "system" && authorOf(message).kind !== "own";

/** @param {Message} message */
const mentionsMe = ({ content }) => content.toLowerCase().includes(`@${people.myUsername}`);

/** @param {Message} message */
async function nameIsKnown(message) {
  if (authorOf(message).name) return;
  await Promise.race([new Promise((resolve) => people.addEventListener("change", resolve, { once: true })), pause(GATHER)]);
}

async function isSomeTabSeen() {
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name === SEEN);
}

/** The lock goes with a tab that crashes, as a note in local storage would not. */
function holdWhileSeen() {
  /** @type {(() => void) | undefined} */
  let letGo;
  const look = () => {
    if (document.hidden) letGo = void letGo?.();
    else if (!letGo) {
      const { promise, resolve } = /** @type {PromiseWithResolvers<void>} */ (Promise.withResolvers());
      letGo = resolve;
      void navigator.locks.request(SEEN, { mode: "shared" }, () => promise);
    }
  };
  document.addEventListener("visibilitychange", look);
  look();
}

/** A tab has one of them. */
export const notifications = new Notifications();
