/** @import { DraftFrame, Message, Shown } from "../types.js" */
import { emit, on } from "../events.js";
import { authorOf } from "./authors.js";
import { people } from "./people.js";
import { Replies } from "./replies.js";
import { store } from "./store.js";
import { arranged, choiceOf, versionKey } from "./versions.js";
import { listMessages, regenerate, stopReply } from "../net/api.js";
import { WebSocketService } from "../net/websocket-service.js";

const GRACE = 1_000; // ms in which the message of a reply comes that nobody writes any more

/**
 * What the open thread has besides messages that stay: replies that are being written, and several versions of a message.
 * This is loaded with the first of them. The store tells of its changes.
 *
 * Event: `reply`, whose detail is a reply that has grown or failed, or the message that it has become.
 */
class Conversation extends EventTarget {
  #service = WebSocketService.getInstance();
  #replies = new Replies();
  /** @type {Map<number, Message>} */
  #read = new Map();
  /** @type {Map<string, number>} */
  #chosen = new Map();
  /** The questions whose replies are being stopped, by id. */
  #stopping = new Set();
  /** Whether some of what the server tells before it is ready has come before this was loaded. */
  #isLate = this.#service.state !== "connected";

  constructor() {
    super();
    on(this.#service, "draft", (frame) => this.#hear(frame));
    on(this.#service, "draft.end", ({ reply_to }) => this.#end(reply_to));
    on(this.#service, "lost", () => this.#replies.lose());
    on(this.#service, "ready", () => this.#ready());
    on(store, "message", (message) => this.#stored(message));
    on(store, "status", () => store.status === "loading" && this.#clear());
    if (!this.#isLate) this.#service.askForDrafts(); // they have come while this was loaded
  }

  /** The replies that are being written, or have failed. */
  get replies() {
    return this.#replies.list;
  }

  /** What is shown, in its order. */
  get places() {
    return arranged(this.#held);
  }

  get #held() {
    const { messages } = store;
    const atEnd = !store.hasNewer;
    const [sends, replies] = atEnd ? [store.sends, this.replies] : [[], []];
    return { messages, sends, replies, read: this.#read, chosen: this.#chosen };
  }

  /** The newest question of the person with a reply that can be stopped. Who is alone may stop any. */
  get stoppable() {
    const replyTos = this.replies.filter(({ failure, isOver }) => !failure && !isOver).map(({ reply_to }) => reply_to);
    return store.messages.findLast(
      (message) => replyTos.includes(message.id) && (!people.areSeveral || authorOf(message).kind === "own"),
    );
  }

  /** @param {Message} question */
  isStopping({ id }) {
    return this.#stopping.has(id);
  }

  /** Rejects with an ApiError. */
  async stop() {
    const question = this.stoppable;
    if (!question || this.#stopping.has(question.id)) return;
    this.#stopping.add(question.id);
    emit(store, "change");
    try {
      await stopReply(question.thread_id, question.seq);
    } catch (error) {
      this.#stopping.delete(question.id);
      emit(store, "change");
      throw error;
    }
  }

  /** Has another reply written. Rejects with an ApiError. @param {Message} message a reply, or the question of one that has failed */
  async answerAgain({ thread_id, seq }) {
    await regenerate(thread_id, seq);
  }

  /** The question of a reply, if it is held. @param {{ reply_to: number | null }} reply */
  questionOf({ reply_to }) {
    return store.messages.find(({ id }) => id === reply_to);
  }

  /** Shows another version. Rejects with an ApiError. @param {string} key of the newest one @param {number | "newest"} seq */
  async choose(key, seq) {
    const { threadId } = store;
    if (threadId && seq !== "newest" && !this.#held.messages.some((message) => message.seq === seq) && !this.#read.has(seq)) {
      const [message] = await listMessages(threadId, { after: seq - 1, limit: 1 });
      if (threadId !== store.threadId || !message) return;
      this.#read.set(seq, message);
    }
    if (seq === "newest") this.#chosen.delete(key);
    else this.#chosen.set(key, seq);
    emit(store, "change");
  }

  /** Chooses the versions with which a message is shown. @param {number} seq */
  reveal(seq) {
    const { message, key } = choiceOf(this.#held, seq);
    if (message && key) this.#chosen.set(key, seq);
    const question = message && this.questionOf(message);
    if (question) this.reveal(question.seq);
  }

  /** @param {DraftFrame} frame */
  #hear(frame) {
    if (frame.thread_id !== store.threadId) return;
    if (this.#replies.hear(frame)) this.#service.askForDrafts();
    const reply = this.#replies.get(frame.reply_to);
    if (!reply) return;
    store.typists.stop(reply);
    this.#changed(reply);
  }

  /** Its message comes at the same time, before or after. @param {number} replyTo */
  #end(replyTo) {
    this.#replies.end(replyTo);
    this.#stopping.delete(replyTo);
    setTimeout(() => this.#replies.get(replyTo)?.isOver && this.#remove(replyTo), GRACE);
    emit(store, "change");
  }

  /** @param {Message} message */
  #stored(message) {
    const reply = message.role === "assistant" && this.#replies.get(message.reply_to ?? 0);
    if (!reply) return;
    const chosen = this.#chosen.get(versionKey(reply));
    if (chosen) this.#chosen.set(versionKey(message), chosen); // somebody looks at another version meanwhile
    this.#remove(reply.reply_to);
    emit(this, "reply", message);
  }

  /** @param {number} replyTo */
  #remove(replyTo) {
    const reply = this.#replies.get(replyTo);
    if (reply) this.#chosen.delete(versionKey(reply));
    this.#replies.remove(replyTo);
    this.#stopping.delete(replyTo);
    emit(store, "change");
  }

  #ready() {
    this.#replies.ready();
    if (this.#isLate) this.#service.askForDrafts();
    this.#isLate = false;
    emit(store, "change");
  }

  /** @param {Shown} reply */
  #changed(reply) {
    emit(this, "reply", reply);
    emit(store, "change");
  }

  #clear() {
    this.#replies.clear();
    this.#read.clear();
    this.#chosen.clear();
    this.#stopping.clear();
  }
}

/** A tab has one thread open. */
export const conversation = new Conversation();
