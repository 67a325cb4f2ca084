import { coalesced } from "../events.js";
import { PREFIX } from "./owner.js";
import { attempt, SharedMap } from "./shared-map.js";
import { putRead } from "../net/api.js";
import { backoff } from "../net/reconnecting-socket.js";
import { isPassing } from "../net/websocket-service.js";

// Where a person was: up to where each thread has been read, and which thread was open last.

const PAUSE = 2_000; // ms between two times that the server is told; while messages stream, each of them is read

/** Up to which seq each thread has been read, for the server to tell all devices of the person. */
class ReadMarks {
  /** What it has not been told yet. @type {Map<number, number>} */
  #untold = new Map();
  #tellSoon = coalesced(() => this.#tell(), PAUSE);
  #tries = 0;

  constructor() {
    addEventListener("pagehide", () => this.#tell());
    document.addEventListener("visibilitychange", () => document.hidden && this.#tell()); // the last that a phone tells
    attempt(forgetThoseOfEarlierVersions);
  }

  /** @param {number} threadId @param {number} seq */
  set(threadId, seq) {
    this.#untold.set(threadId, Math.max(seq, this.#untold.get(threadId) ?? 0));
    this.#tellSoon();
  }

  #tell() {
    for (const [threadId, seq] of this.#untold) void this.#put(threadId, seq);
    this.#untold.clear();
  }

  /** @param {number} threadId @param {number} seq */
  async #put(threadId, seq) {
    try {
      await putRead(threadId, seq);
      this.#tries = 0;
    } catch (error) {
      if (isPassing(error)) setTimeout(() => this.set(threadId, seq), backoff(++this.#tries));
    }
  }
}

/** They were kept by the browser. */
function forgetThoseOfEarlierVersions() {
  for (const key of Object.keys(localStorage)) if (key.startsWith(`${PREFIX}read`)) localStorage.removeItem(key);
}

/** A tab has one of them. */
export const readMarks = new ReadMarks();

/** The thread that was open last, in whichever tab. */
class LastOpened {
  /** @type {SharedMap<number>} */
  #ids = new SharedMap(`${PREFIX}last.`, { parse: (text) => Number(text) || undefined, format: String });

  get id() {
    return this.#ids.get("opened");
  }

  set id(id) {
    if (id) this.#ids.set("opened", id);
  }
}

/** A tab has one view of it. */
export const lastOpened = new LastOpened();
