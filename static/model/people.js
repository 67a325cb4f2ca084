/** @import { Account } from "../net/api.js" */
/** @import { ListFrame, Person, Thread } from "../types.js" */
import { coalesced, emit } from "../events.js";
import { lastOwner } from "./owner.js";
import { listAccounts } from "../net/api.js";
import { backoff, pause } from "../net/reconnecting-socket.js";
import { isPassing } from "../net/websocket-service.js";
import { namesInWords } from "../text/avatars.js";

const BATCH = 100; // ids that are asked for at once
const SOUGHT = 50; // names that are looked up; a message may be full of what looks like one
const PAUSE = 20; // ms in which more of them may be needed

/**
 * Who is signed in, and everybody whose name the page needs: it is asked for when it is first needed.
 *
 * Events: `change`, when a name, or who is online, has changed; `account`, when the account of the person who is signed in
 * is to be read again.
 */
class People extends EventTarget {
  /** Those that are known; null for an account that does not exist. @type {Map<number, Person | null>} */
  #known = new Map();
  /** By the name that they are mentioned by. @type {Map<string, Person>} */
  #byUsername = new Map();
  /** @type {Set<string>} */
  #sought = new Set();
  /** @type {Set<number>} */
  #wanted = new Set();
  #isAsking = false;
  #askSoon = coalesced(() => void this.#ask(), PAUSE);
  /** @type {Account | undefined} */
  #me;
  /** Grows with each person that is learned. */
  revision = 0;
  /** @type {Set<number>} */
  #online = new Set();

  /** @param {Account} account */
  set me(account) {
    const { id, username, display_name, admin } = account;
    this.#me = account;
    this.#wanted.delete(id);
    this.learn([{ id, username, display_name, admin, is_bot: false, active: true }]);
    this.#askSoon();
  }

  /** Before the server has told, whoever was signed in last. @type {number | null} */
  get myId() {
    return this.#me?.id ?? lastOwner;
  }

  /** What the person who is signed in is mentioned by. */
  get myUsername() {
    return this.#me?.username;
  }

  get amAdmin() {
    return !!this.#me?.admin;
  }

  /** Whether there are others: who is alone needs nothing of what is for several. */
  get areSeveral() {
    return this.#me?.is_alone === false;
  }

  /** The bots of the server, the default one first. */
  get bots() {
    return this.#me?.bots ?? [];
  }

  /** Whether somebody could be added to a chat or mentioned: another person, or a bot that it does not have yet. */
  get canAddOthers() {
    return this.areSeveral || this.bots.length > 1;
  }

  /** Undefined until it is known, null if it does not exist. @param {number} id */
  get(id) {
    const person = this.#known.get(id);
    if (person === undefined) this.#want(id);
    return person;
  }

  /** Empty until it is known. @param {number} id */
  nameOf(id) {
    const person = this.get(id);
    return person === undefined ? "" : (person?.display_name ?? "Deleted account");
  }

  /** The person who is mentioned by this name, if known. @param {string} username */
  named(username) {
    return this.#byUsername.get(username.toLowerCase());
  }

  /** Asks whether there is somebody of this name, once. @param {string} username */
  async seek(username) {
    if (this.named(username) || this.#sought.has(username) || this.#sought.size >= SOUGHT) return;
    this.#sought.add(username);
    this.learn(await listAccounts({ q: username, limit: BATCH }).catch(() => []));
  }

  /** A direct thread is named by the others in it. @param {Thread} thread */
  titleOf({ title, direct }) {
    if (!direct) return title;
    const others = direct.filter((id) => id !== this.myId);
    return namesInWords(others.map((id) => this.nameOf(id) || "…")) || this.#me?.display_name || title;
  }

  /** @param {number} id */
  isOnline(id) {
    return this.#online.has(id);
  }

  /** @param {Person[]} persons */
  learn(persons) {
    for (const person of persons) {
      const before = this.#known.get(person.id);
      if (before) this.#byUsername.delete(before.username);
      this.#known.set(person.id, person);
      this.#byUsername.set(person.username, person);
    }
    if (!persons.length) return;
    this.revision++;
    emit(this, "change");
  }

  /** @param {ListFrame} frame */
  hear(frame) {
    if (frame.type === "account.changed") this.#changed(frame.data.id);
    if (frame.type !== "presence") return;
    for (const id of frame.data.online) this.#online.add(id);
    for (const id of frame.data.offline) this.#online.delete(id);
    emit(this, "change");
  }

  /** @param {number} id */
  #changed(id) {
    if (this.#known.has(id)) this.#want(id);
    if (id === this.myId || !this.areSeveral) emit(this, "account");
  }

  /** Without a connection nobody is known to be online: all are told anew with the next. */
  forgetOnline() {
    if (!this.#online.size) return;
    this.#online.clear();
    emit(this, "change");
  }

  /** @param {number} id */
  #want(id) {
    this.#wanted.add(id);
    this.#askSoon();
  }

  async #ask() {
    if (this.#isAsking || this.myId === null) return; // whose own name need not be asked for
    this.#isAsking = true;
    for (let tries = 1; this.#wanted.size; ) {
      const ids = [...this.#wanted].slice(0, BATCH);
      for (const id of ids) this.#wanted.delete(id);
      try {
        const found = await listAccounts({ ids: ids.join(), limit: BATCH });
        for (const id of ids) this.#known.set(id, null);
        this.learn(found);
        emit(this, "change");
        tries = 1;
      } catch (error) {
        if (!isPassing(error)) continue;
        for (const id of ids) this.#wanted.add(id);
        await pause(backoff(tries++));
      }
    }
    this.#isAsking = false;
  }
}

/** A tab has one view of them. */
export const people = new People();
