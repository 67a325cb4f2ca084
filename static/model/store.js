/** @import { conversation as Conversation } from "./conversation.js" */
/** @import { Message, Place } from "../types.js" */
import { emit, on } from "../events.js";
import { MessageSlice } from "./message-slice.js";
import { outbox } from "./outbox.js";
import { people } from "./people.js";
import { threads } from "./threads.js";
import { Typists } from "./typists.js";
import { ApiError, listMessages, uuid } from "../net/api.js";
import { backoff, pause } from "../net/reconnecting-socket.js";
import { isPassing, WebSocketService } from "../net/websocket-service.js";

const PAGE = 50;
const TYPING_PAUSE = 3_000; // ms between two times that others are told that the person types

/**
 * The thread that is open: the part of it that is being read, and what is not known to be stored yet.
 *
 * Events: `status`; `place`, when `place` is to be looked at; `change`, of the messages or of those under way;
 * `message`, whose detail is a new one.
 */
class Store extends EventTarget {
  #service = WebSocketService.getInstance();
  #slice = new MessageSlice();
  /** The seq of the message at which it was to be opened. @type {number | undefined} */
  #asked;
  /** Ends with the visit to a thread: whatever is read for it later is of no use. */
  #visit = new AbortController();
  /** @type {Promise<void> | null} */
  #loading = null;
  #typedAt = -Infinity;
  /** @type {number | null} */
  threadId = null;
  /** @type {"closed" | "loading" | "open" | "gone" | "failed"} */
  status = "closed";
  /** Why it failed, for the person. */
  reason = "";
  /** The seq of what is to be looked at; undefined: the end of the thread. @type {number | undefined} */
  place;
  /** From where on it was new to the person when it was opened. @type {number | undefined} */
  newFrom;
  typists = new Typists();
  /** Whether somebody looks at the end of the thread, to wherever it moves. */
  isFollowed = true;
  /** Loaded with the first reply that is being written, and the first version. @type {typeof Conversation | undefined} */
  conversation;

  constructor() {
    super();
    on(this.#service, "typing", (detail) => this.typists.start(detail));
    on(this.#service, "draft", () => this.loadConversation());
    this.#service.addEventListener("gone", () => this.#become("gone"));
    this.#service.addEventListener("rewound", () => this.threadId && this.open(this.threadId));
    this.#service.addEventListener("statechange", () => this.sends.length > 0 && emit(this, "change"));
    outbox.addEventListener("change", () => emit(this, "change"));
  }

  /**
   * At the message `seq`, or else where reading was left off. Where the server cannot be reached, or cannot reach its
   * database, it has failed, and is tried again and again.
   * @param {number} threadId
   * @param {number} [seq]
   */
  async open(threadId, seq) {
    this.#leave();
    this.threadId = threadId;
    this.#asked = seq;
    this.#become("loading");
    const { signal } = this.#visit;
    for (let tries = 1; !signal.aborted && this.status !== "open"; tries++) {
      try {
        await this.#read(threadId, seq);
        if (!signal.aborted) this.#goLive(threadId);
      } catch (error) {
        if (signal.aborted) return;
        this.#fail(error);
        if (!isPassing(error)) return;
        await pause(backoff(tries));
      }
    }
  }

  /** At once, after it has failed. */
  reopen() {
    if (this.status === "failed" && this.threadId) void this.open(this.threadId, this.#asked);
  }

  close() {
    this.#leave();
    this.#become("closed");
  }

  /** Those that are held: the others have to be read first. */
  get messages() {
    return this.#slice.messages;
  }

  /** What is shown, in its order. @returns {Place[]} */
  get places() {
    const shown = this.hasNewer ? this.messages : [...this.messages, ...this.sends];
    return this.conversation?.places ?? shown.map((message) => ({ message, at: message }));
  }

  /** It is tried again with the next thing that needs it. */
  async loadConversation() {
    this.conversation ??= (await import("./conversation.js").catch(() => undefined))?.conversation;
    emit(this, "change");
  }

  /** Those of the thread that is open. */
  get sends() {
    return outbox.list.filter((send) => send.thread_id === this.threadId);
  }

  /** Whether what is sent now can arrive. */
  get isConnected() {
    return this.#service.state === "connected" && !this.#service.isWithoutDatabase;
  }

  /** The seq of the newest message that there is. */
  get newest() {
    return this.#slice.newest;
  }

  get hasOlder() {
    return this.#slice.hasOlder;
  }

  get hasNewer() {
    return this.#slice.hasNewer;
  }

  /** Rejects with an ApiError. */
  loadOlder() {
    const { first } = this.#slice;
    return this.#load({ before: first }, (slice, page) => slice.prepend(page));
  }

  /** Rejects with an ApiError. */
  loadNewer() {
    const { last } = this.#slice;
    return this.#load({ after: last }, (slice, page) => slice.append(page));
  }

  /** Has a message looked at, or else the end. Rejects with an ApiError. @param {number} [seq] */
  async goTo(seq) {
    const { signal } = this.#visit;
    this.place = seq && Math.min(seq, this.newest);
    if (this.place ? !this.#slice.has(this.place) : this.hasNewer) await this.#moveTo(this.place);
    if (!signal.aborted) emit(this, "place");
  }

  /** @param {string} content @param {number} [replaces] the seq of a message */
  send(content, replaces) {
    if (!this.threadId) return;
    this.newFrom = undefined;
    this.#typedAt = -Infinity; // what is typed next is another message
    // To the server, half of a surrogate pair would not be JSON.
    outbox.add({ client_id: uuid(), thread_id: this.threadId, content: content.toWellFormed(), replaces });
    if (people.bots.length) void this.loadConversation(); // so that the reply can be stopped as soon as it begins
    // Also where the end cannot be read now: what was sent is shown when it is.
    this.goTo().catch(() => {});
  }

  /** Others are told that the person is typing. */
  type() {
    if (!people.areSeveral || !this.isConnected || performance.now() - this.#typedAt < TYPING_PAUSE) return;
    this.#typedAt = performance.now();
    this.#service.sendTyping();
  }

  #leave() {
    this.#visit.abort();
    this.#visit = new AbortController();
    this.threadId = null;
    this.#slice = new MessageSlice();
    this.#loading = null;
    this.place = this.newFrom = undefined;
    this.reason = "";
    this.isFollowed = true;
    this.typists.clear();
    this.#typedAt = -Infinity;
    void this.#service.disconnect();
  }

  /** @param {number} threadId @param {number | undefined} seq */
  async #read(threadId, seq) {
    const { signal } = this.#visit;
    // Where reading was left off, the list of threads may not know yet.
    const [newest] = await Promise.all([listMessages(threadId, { limit: PAGE }), threads.ensure(threadId)]);
    // What replaces another message takes its place: it should not be seen to move there.
    if (newest.some(({ replaces }) => replaces)) await this.loadConversation();
    if (signal.aborted) return;
    this.#hold(new MessageSlice(newest));
    this.#choosePlace(threadId, seq);
    if (this.place && !this.#slice.has(this.place)) await this.#moveTo(this.place);
  }

  /** @param {number} threadId */
  #goLive(threadId) {
    const live = this.#service.connect(threadId, (message) => this.#add(message), { after: this.newest });
    live.catch(() => {}); // the service goes on trying, and tells its state
    this.#become("open");
  }

  /** @param {number} threadId @param {number | undefined} seq */
  #choosePlace(threadId, seq) {
    const mark = threads.get(threadId)?.read_seq ?? this.newest;
    const isUnknown = mark === 0 && this.newest > PAGE; // who is new to a long thread begins at its end
    if (mark < this.newest && !isUnknown) this.newFrom = mark + 1;
    this.place = seq ? Math.min(seq, this.newest) || undefined : this.newFrom;
  }

  /** @param {number | undefined} seq */
  async #moveTo(seq) {
    const { threadId } = this;
    const { signal } = this.#visit;
    if (!threadId) return;
    const around = seq && { after: Math.max(0, seq - PAGE / 2) };
    let page = await listMessages(threadId, { ...around, limit: PAGE });
    if (seq && (page.at(-1)?.seq ?? seq) < seq) {
      page = await listMessages(threadId, { after: seq - 1, limit: PAGE }); // those before it were long
    }
    if (!signal.aborted) this.#hold(new MessageSlice(page, this.newest));
  }

  /**
   * @param {{ before?: number, after?: number }} cursor
   * @param {(slice: MessageSlice, page: Message[]) => void} extend
   */
  #load(cursor, extend) {
    this.#loading ??= this.#extend(cursor, extend).finally(() => (this.#loading = null));
    return this.#loading;
  }

  /**
   * @param {{ before?: number, after?: number }} cursor
   * @param {(slice: MessageSlice, page: Message[]) => void} extend
   */
  async #extend(cursor, extend) {
    const { threadId } = this;
    const slice = this.#slice;
    if (!threadId) return;
    const page = await listMessages(threadId, { ...cursor, limit: PAGE });
    if (slice !== this.#slice) return;
    extend(slice, page);
    this.#hold(slice);
  }

  /** @param {MessageSlice} slice */
  #hold(slice) {
    this.#slice = slice;
    if (slice.messages.some(({ replaces }) => replaces)) void this.loadConversation();
    for (const { client_id } of slice.messages) outbox.stored(client_id);
    emit(this, "change");
  }

  /** @param {Message} message */
  #add(message) {
    if (document.hidden) this.newFrom ??= message.seq;
    this.#slice.receive(message, this.isFollowed);
    if (message.replaces) void this.loadConversation();
    outbox.stored(message.client_id);
    this.typists.stop(message);
    emit(this, "message", message);
    emit(this, "change");
  }

  /** @param {unknown} error */
  #fail(error) {
    this.reason = error instanceof Error ? error.message : "";
    this.#become(error instanceof ApiError && error.status === 404 ? "gone" : "failed");
  }

  /** @param {Store["status"]} status */
  #become(status) {
    this.status = status;
    emit(this, "status");
  }
}

/** A tab has one thread open. */
export const store = new Store();
