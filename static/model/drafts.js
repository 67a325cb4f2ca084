import { emit, on } from "../events.js";
import { ApiError } from "../net/api.js";
import { PREFIX } from "./owner.js";
import { SharedMap } from "./shared-map.js";
import { store } from "./store.js";
import { threads } from "./threads.js";

const DELAY = 400; // ms of typing that a crash may cost; to write 100,000 characters at each key would be felt
const NEW = "new";

/**
 * What has been written and not yet sent, by thread; null is the chat that is yet to be created. The tabs
 * of a browser share it.
 *
 * Event: `change`, whose detail is `{ threadId, isOurs }`.
 */
class Drafts extends EventTarget {
  /** @type {SharedMap<string>} */
  #texts = new SharedMap(`${PREFIX}draft.`, { parse: parseDraft, format: String, delay: DELAY });

  constructor() {
    super();
    on(this.#texts, "change", ({ id, isOurs }) => {
      emit(this, "change", { threadId: id === NEW ? null : Number(id), isOurs });
    });
  }

  /** Those that have a draft. */
  get threadIds() {
    return this.#texts.ids.filter((id) => id !== NEW).map(Number);
  }

  /** @param {number | null} threadId */
  get(threadId) {
    return this.#texts.get(`${threadId ?? NEW}`) ?? "";
  }

  /** @param {number | null} threadId @param {string} text */
  set(threadId, text) {
    const id = `${threadId ?? NEW}`;
    if (text.trim()) this.#texts.set(id, text);
    else this.#texts.delete(id);
  }

  /**
   * Below what is there already, unless another tab has done it.
   * @param {number | null} from
   * @param {number | null} to
   */
  move(from, to) {
    const text = this.get(from);
    const there = this.get(to);
    if (!there.includes(text)) this.set(to, there ? `${there}\n\n${text}` : text);
    this.write(); // first: a crash may double it, and not lose it
    this.set(from, "");
  }

  /** Without waiting for more to be typed. */
  write() {
    this.#texts.write();
  }
}

/** @param {string} text @param {string} id */
const parseDraft = (text, id) => ((id === NEW || /^[1-9]\d*$/.test(id)) && text.trim() ? text : undefined);

/** A tab has one view of them. */
export const drafts = new Drafts();

/** From now on, what was being written in a chat that is gone goes on in the new chat, so that it is never lost. */
export function startRescue() {
  on(threads, "delete", rescue);
  store.addEventListener("status", () => store.status === "gone" && rescue(store.threadId));
  threads.addEventListener("change", rescueFromBefore);
}

/** @param {number | null} threadId */
function rescue(threadId) {
  if (threadId) drafts.move(threadId, null);
}

/** Some chats may be gone since this browser was here last. */
async function rescueFromBefore() {
  if (!threads.isLoaded) return;
  threads.removeEventListener("change", rescueFromBefore);
  for (const id of drafts.threadIds) {
    await threads.ensure(id).catch((error) => error instanceof ApiError && error.status === 404 && rescue(id));
  }
}
