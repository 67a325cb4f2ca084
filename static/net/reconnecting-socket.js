/** @import { ConnectionState, DatabaseFrame } from "../types.js" */
import { emit } from "../events.js";
import { DATABASE_UNAVAILABLE, GIVE_UP, SERVICE_RESTART } from "./close-codes.js";

const CONNECT_LIMIT = 5_000; // ms to `ready`, and between two frames before it
const PING_AFTER = 20_000; // ms of silence
const PONG_LIMIT = 5_000; // ms; with the silence before it, a dead network is noticed within 25 s
const STABLE_AFTER = 5_000; // ms; a connection that breaks sooner does not begin the tries anew
const TRIES = 5; // in quick succession; from then on it tries in the background
const BACKGROUND_PAUSE = 10_000; // ms, to three times as much

/**
 * How long to wait before try number `tries`, in ms: 0 to 2 s before the first, 10 s at most. Full jitter: all
 * the browsers that one server has lost must not come back in the same second, to whatever is left.
 * @param {number} tries 0 where the server is known to be well, or others are: 0 to 1 s
 */
export const backoff = (tries) => Math.random() * Math.min(10_000, 1_000 * 2 ** tries);

/** @param {number} ms */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * A WebSocket that comes back by itself. It counts as connected when the server has said `ready`. After five tries
 * that failed it is `disconnected`, and stays so while it goes on trying in the background.
 *
 * Events: `statechange`, of `state` or `isWithoutDatabase`; `drop`, whose detail is the close code, each time that a
 * connection is lost.
 * @template {{ type: string }} Frame
 */
export class ReconnectingSocket extends EventTarget {
  #path;
  #onFrame;
  /** @type {ConnectionState} */
  #state = "disconnected";
  #isWithoutDatabase = false;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {PromiseWithResolvers<void>} */
  #opened = Promise.withResolvers();
  #closed = new AbortController();
  #tries = 0;
  #connectedAt = 0;
  /** Whether the server has said so on the current connection. */
  #saysDatabaseIsAway = false;
  /** Until a socket is dialled, or for as long as it may be silent: never both. @type {number | undefined} */
  #timer;

  /**
   * @param {() => string} path asked before each try, as what to resume from moves
   * @param {(frame: Frame) => void} onFrame
   */
  constructor(path, onFrame) {
    super();
    this.#path = path;
    this.#onFrame = onFrame;
  }

  get state() {
    return this.#state;
  }

  /** Whether the quick tries are used up and the person can ask for more. */
  get canRetry() {
    return this.#state === "disconnected" && !this.#closed.signal.aborted;
  }

  /** Whether the server was reached, and has said that it cannot reach its database. */
  get isWithoutDatabase() {
    return this.#isWithoutDatabase;
  }

  /** Resolves when connected. Rejects when that takes over 5 s; the tries go on until it is closed. */
  open() {
    const { signal } = this.#closed;
    addEventListener("online", () => this.#wake(), { signal });
    addEventListener("offline", () => this.#probe(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake(), { signal });
    setTimeout(() => this.#opened.reject(new Error("No connection within 5 s")), CONNECT_LIMIT);
    this.retry();
    return this.#opened.promise;
  }

  /** Dials at once, with all tries anew, unless it is connected or dialling. */
  retry() {
    if (this.#socket && this.#state !== "disconnected") return;
    this.#tries = 0;
    if (!this.#socket) this.#dial();
    this.#become("connecting");
  }

  /** @param {object} frame */
  send(frame) {
    this.#socket?.send(JSON.stringify(frame));
  }

  /** Drops a connection that has turned out to be of no use, and dials again after a while. */
  reconnect() {
    if (this.#socket) this.#lose(0);
  }

  /** For good. Resolves when the server has agreed. */
  async close() {
    this.#closed.abort();
    this.#opened.reject(new Error("Closed before it was connected"));
    const socket = this.#letGo();
    this.#become("disconnected", false);
    if (!socket || socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => (socket.onclose = resolve));
    if (socket.readyState === WebSocket.OPEN) socket.close();
    // Closing it while it is connecting would log an error; but a browser connects to one server one
    // socket at a time, so that a handshake which hangs must not be in the way of the next for long.
    socket.onopen = () => socket.close();
    setTimeout(() => socket.close(), CONNECT_LIMIT);
    await closed;
  }

  #dial() {
    const url = new URL(this.#path(), location.origin.replace(/^http/, "ws"));
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#saysDatabaseIsAway = false;
    // An old socket may still have events under way: only those of the current one count.
    socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(JSON.parse(data));
    socket.onclose = ({ code }) => socket === this.#socket && this.#lose(code);
    this.#after(CONNECT_LIMIT, () => this.#lose(0));
  }

  /** @param {Frame} frame */
  #receive(frame) {
    const isReady = frame.type === "ready";
    if (frame.type === "database") this.#hear(/** @type {DatabaseFrame} */ (/** @type {unknown} */ (frame)));
    if (isReady || this.#state === "connected") this.#after(PING_AFTER, () => this.#probe());
    else this.#after(CONNECT_LIMIT, () => this.#lose(0));
    this.#onFrame(frame);
    if (isReady && this.#socket) this.#connected(); // unless the frame has led to closing it
  }

  #connected() {
    if (this.#state !== "connected") this.#connectedAt = Date.now();
    this.#opened.resolve();
    this.#become("connected", this.#saysDatabaseIsAway);
  }

  /** @param {DatabaseFrame} frame */
  #hear({ data }) {
    this.#saysDatabaseIsAway = !data.available;
    this.#become(this.#state, this.#saysDatabaseIsAway);
  }

  /** A dead network closes nothing, and protocol pings are hidden from a page: so it sends its own. */
  #probe() {
    if (this.#state !== "connected") return;
    this.send({ type: "ping" });
    this.#after(PONG_LIMIT, () => this.#lose(0));
  }

  #wake() {
    if (this.#state === "connected") this.#probe();
    else this.retry();
  }

  /** @param {number} code 0 where it is dropped from here, from which nothing is learned */
  #lose(code) {
    const wasStable = code === SERVICE_RESTART || Date.now() - this.#connectedAt > STABLE_AFTER;
    if (this.#state === "connected" && wasStable) this.#tries = 0;
    this.#letGo()?.close();
    const isWithoutDatabase = code === DATABASE_UNAVAILABLE || (code === 0 && this.#isWithoutDatabase);
    if (GIVE_UP.has(code)) {
      void this.close();
    } else if (this.#tries === TRIES) {
      this.#after(BACKGROUND_PAUSE * (1 + 2 * Math.random()), () => this.#dial());
      this.#become("disconnected", isWithoutDatabase);
    } else {
      this.#tries += 1;
      this.#after(backoff(code === SERVICE_RESTART ? 0 : this.#tries), () => this.#dial());
      this.#become("reconnecting", isWithoutDatabase);
    }
    emit(this, "drop", code);
  }

  /** From here on, nothing that the current socket does counts. */
  #letGo() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    return socket;
  }

  /** @param {number} ms @param {() => void} act */
  #after(ms, act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }

  /** @param {ConnectionState} state @param {boolean} [isWithoutDatabase] */
  #become(state, isWithoutDatabase = this.#isWithoutDatabase) {
    if (state === this.#state && isWithoutDatabase === this.#isWithoutDatabase) return;
    this.#state = state;
    this.#isWithoutDatabase = isWithoutDatabase;
    emit(this, "statechange");
  }
}
