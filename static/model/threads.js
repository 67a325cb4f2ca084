/** @import { Activity, Level, ListFrame, ReadState, Thread } from "../types.js" */
import { coalesced, emit, on } from "../events.js";
import { KnownThreads, UnknownThreads } from "./known-threads.js";
import { people } from "./people.js";
import { readMarks } from "./read-marks.js";
import { unreadOf, wasRead } from "./read-state.js";
import { changeThread, deleteThread, listThreads, putLevel, readThread } from "../net/api.js";
import { SIGNED_OUT } from "../net/close-codes.js";
import { backoff, pause, ReconnectingSocket } from "../net/reconnecting-socket.js";
import { isPassing } from "../net/websocket-service.js";

const PAGE = 40;
const LIMIT = 200; // the most that the server gives at once
const PAUSE = 50; // ms between two changes that are told: where many threads are busy, each tab would be, too

/**
 * The list of threads, live: the pinned ones, then the others, newest activity first.
 *
 * Events: `change`, twenty times a second at most; `hide` and `delete`, whose detail is a thread's id; `statechange`,
 * of the connection; `signout`, when the server has closed it because nobody is signed in any more; `news`, whose detail is
 * `{ threadId, isMention }`, when a message has arrived somewhere, and when one mentions the person.
 */
class Threads extends EventTarget {
  #known = new KnownThreads();
  #unknown = new UnknownThreads(
    (activity) => this.#askFor(activity),
    () => this.#readAnew(),
  );
  #isRefused = false;
  #tell = coalesced(() => emit(this, "change"), PAUSE);
  /** From where the list goes on; undefined at its end. @type {string | undefined} */
  #cursor;
  /** What arrives while the list is being read, to be applied after it. @type {ListFrame[] | null} */
  #waiting = null;
  #socket = new ReconnectingSocket(
    () => "/api/v1/ws/threads",
    /** @param {ListFrame} frame */ (frame) => this.#receive(frame),
  );
  isLoaded = false;

  open() {
    this.#socket.addEventListener("statechange", () => this.#stateChanged());
    on(this.#socket, "drop", (code) => code === SIGNED_OUT && emit(this, "signout"));
    people.addEventListener("change", () => this.#tell()); // direct threads are named by them
    this.#socket.open().catch(() => {}); // it goes on trying, and tells its state
  }

  get state() {
    return this.#socket.state;
  }

  get canRetry() {
    return this.#socket.canRetry;
  }

  /** Whether the server has said that it cannot reach its database: by itself, or when it was asked for the list. */
  get isWithoutDatabase() {
    return this.#isRefused || this.#socket.isWithoutDatabase;
  }

  retry() {
    this.#socket.retry();
  }

  get list() {
    return this.#known.list;
  }

  /** @param {number} id */
  get(id) {
    return this.#known.get(id);
  }

  /** All up to this message has been seen. @param {number} id @param {number} seq */
  read(id, seq) {
    const thread = this.#known.get(id);
    if (thread?.read_seq === undefined || seq <= (thread.read_seq ?? 0)) return;
    this.#set(id, { read_seq: seq });
    readMarks.set(id, seq);
  }

  /** Shown at once, and taken back if it fails. Rejects with an ApiError. @param {number} id @param {Level} level */
  async setLevel(id, level) {
    const before = this.#known.get(id)?.level;
    this.#set(id, { level });
    await putLevel(id, level).catch((error) => {
      this.#set(id, { level: before });
      throw error;
    });
  }

  /** A thread that is opened by its address may be further down than the list has been read.
   * @param {number} id */
  async ensure(id) {
    if (!this.#known.has(id)) await this.refresh(id);
  }

  /** Reads a thread anew: a message may be too long for the notification. @param {number} id */
  async refresh(id) {
    this.learn(await readThread(id));
  }

  /** What the server has told of a thread that it was asked for. @param {Thread} thread */
  learn(thread) {
    this.#known.learn(thread);
    this.#tell();
  }

  /** The person does not see it any more. @param {number} id */
  leave(id) {
    this.hide(id);
    this.#forget(id);
    this.#tell();
  }

  /** Whether there are older ones that can be read now. */
  get hasMore() {
    return !!this.#cursor && !this.#waiting && this.state === "connected";
  }

  /** The older ones. */
  loadMore() {
    return this.#read(async () => this.#take(await listThreads({ limit: PAGE, before: this.#cursor }), PAGE));
  }

  /**
   * Shown at once, and taken back if it fails. Rejects with an ApiError.
   * @param {number} id
   * @param {{ title?: string, pinned?: boolean, open?: boolean }} change
   */
  async change(id, change) {
    const before = this.#known.get(id);
    if (!before) return;
    this.#set(id, change);
    try {
      this.#set(id, await changeThread(id, change));
    } catch (error) {
      const { title, pinned, open } = before;
      this.#set(id, change.title !== undefined ? { title } : change.open !== undefined ? { open } : { pinned });
      throw error;
    }
  }

  /** As if it were deleted, in this tab. @param {number} id */
  hide(id) {
    this.#known.hide(id);
    this.#tell();
    emit(this, "hide", id);
  }

  /** Where it was. @param {number} id */
  restore(id) {
    this.#known.restore(id);
    this.#tell();
  }

  /** Rejects with an ApiError. @param {number} id */
  async delete(id) {
    await deleteThread(id).catch((error) => {
      if (error.status !== 404) throw error; // another tab was quicker
    });
    this.#forget(id);
    this.#tell();
  }

  /** @param {ListFrame} frame */
  #receive(frame) {
    if (frame.type === "ready") void this.#readAnew();
    else if (this.#waiting) this.#waiting.push(frame);
    else this.#apply(frame);
  }

  /** As much of the list as was there: events may have been missed. */
  #readAnew() {
    return this.#read(async (waiting) => {
      waiting.length = 0; // what they tell is read now
      const limit = Math.min(LIMIT, Math.max(PAGE, this.#known.listed));
      const [page, pinned] = await Promise.all([listThreads({ limit }), listThreads({ limit: LIMIT, pinned: true })]);
      if (waiting !== this.#waiting) return;
      this.#known.clearList();
      this.#take(page, limit);
      this.#known.append(pinned); // those that are further down than the list has been read
      this.isLoaded = true;
    });
  }

  /** Again and again while it may work later. @param {(waiting: ListFrame[]) => Promise<void>} read */
  async #read(read) {
    const waiting = (this.#waiting = /** @type {ListFrame[]} */ ([]));
    for (let tries = 1; ; tries++) {
      const error = await read(waiting).catch((error) => error);
      if (waiting !== this.#waiting) return;
      this.#becomeRefused(error?.code === "database_unavailable");
      if (!error || !isPassing(error)) break;
      await pause(backoff(tries));
      if (waiting !== this.#waiting) return;
    }
    this.#waiting = null;
    for (const frame of waiting) this.#apply(frame);
    this.#tell();
  }

  /** @param {boolean} isRefused for lack of a database */
  #becomeRefused(isRefused) {
    if (isRefused === this.#isRefused) return;
    this.#isRefused = isRefused;
    emit(this, "statechange");
  }

  /** @param {Thread[]} page @param {number} limit */
  #take(page, limit) {
    this.#known.append(page);
    const last = page.at(-1);
    this.#cursor = last && page.length === limit ? `${last.updated_at},${last.id}` : undefined;
  }

  /** @param {ListFrame} frame */
  #apply(frame) {
    people.hear(frame);
    if (frame.type === "thread.created") this.#created(frame.data);
    else if (frame.type === "thread.updated") this.#set(frame.data.id, frame.data);
    else if (frame.type === "thread.read") this.#wasRead(frame.data);
    else if (frame.type === "thread.deleted") this.#forget(frame.data.id);
    else if (frame.type === "thread.active") this.#active(frame.data);
    this.#tell();
  }

  /** @param {Thread} thread */
  #created(thread) {
    if (this.#known.has(thread.id)) this.#set(thread.id, thread);
    else this.#known.learn({ read_seq: 0, mentions: 0, level: "everything", ...thread });
    this.#known.toTop(thread.id);
  }

  /** @param {ReadState} state */
  #wasRead(state) {
    const before = this.#known.get(state.thread_id);
    if (!before) return;
    const now = wasRead(before, state);
    const last_seq = Math.max(state.last_seq, now.last_seq); // what mentions the person may still be under way
    const isMention = unreadOf({ ...now, last_seq }).mentions > unreadOf(before).mentions;
    this.#set(now.id, now);
    if (isMention) emit(this, "news", { threadId: now.id, isMention });
  }

  #stateChanged() {
    if (this.state !== "connected") people.forgetOnline();
    emit(this, "statechange");
  }

  /** @param {Activity} activity */
  #active(activity) {
    if (this.#known.has(activity.thread_id)) this.#moveUp(activity);
    else this.#unknown.add(activity);
  }

  /** @param {Activity} activity */
  #moveUp({ thread_id: id, last_seq, updated_at, preview }) {
    const thread = this.#known.get(id);
    if (!thread) return;
    if (last_seq > thread.last_seq) {
      const now = new Date().toISOString();
      this.#known.change(id, { last_seq, preview, updated_at: updated_at ?? now });
      emit(this, "news", { threadId: id, isMention: false });
    }
    this.#known.toTop(id);
    this.#tell();
  }

  /** A thread of which only the activity is known. @param {Activity} activity */
  async #askFor(activity) {
    const { thread_id, last_seq } = activity;
    await this.ensure(thread_id).catch(() => {}); // it was deleted meanwhile
    if (this.#known.get(thread_id)?.read_seq === null) this.#set(thread_id, { read_seq: last_seq - 1 });
    this.#moveUp(activity);
  }

  /** @param {number} id @param {Partial<Thread>} change */
  #set(id, change) {
    this.#known.change(id, change);
    this.#tell();
  }

  /** @param {number} id */
  #forget(id) {
    this.#known.forget(id);
    this.#unknown.forget(id);
    emit(this, "delete", id);
  }
}

/** A tab has one list of threads. */
export const threads = new Threads();
