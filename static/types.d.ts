// What goes over the wire (the server's side is app/chinwag/wire.py and sql/50_frame.sql), and what this page adds.

/** How much of a thread a person is told of. */
export type Level = "everything" | "mentions" | "nothing";

/** An account: of a person, or of a bot. */
export interface Person {
  id: number;
  /** What it is mentioned by. */
  username: string;
  display_name: string;
  is_bot: boolean;
  admin: boolean;
  active: boolean;
}

export interface Member {
  account: Person;
  joined_at: string;
  /** Up to which message a person has read a small thread; null in others. Older servers do not tell. */
  read_seq?: number | null;
}

export interface Thread {
  id: number;
  title: string;
  last_seq: number;
  created_at: string;
  updated_at: string;
  owner: number | null;
  pinned: boolean;
  /** The beginning of the newest message, as it was written. */
  preview: string | null;
  /** Whether everybody may see it, or its members alone. */
  open?: boolean;
  /** Of a direct thread: the ids of all its people, who never change. */
  direct?: number[] | null;
  /** What only the person is told who asks: frames for all have none of these. */
  /** Null in an open thread that the person has never read. */
  read_seq?: number | null;
  /** The unread messages that mention the person. */
  mentions?: number;
  level?: Level;
}

/** What a person has read of a thread, when the newest message was `last_seq`. */
export interface ReadState {
  thread_id: number;
  read_seq: number | null;
  mentions: number;
  last_seq: number;
  level: Level;
}

/** That messages have arrived in a thread; without time and preview, if the newest was too long for NOTIFY. */
export interface Activity {
  thread_id: number;
  last_seq: number;
  updated_at: string | null;
  preview: string | null;
}

export interface Message {
  id: number;
  thread_id: number;
  /** Its place in the thread: 1, 2, 3 … without gaps. */
  seq: number;
  role: "user" | "assistant" | "system";
  content: string;
  created_at: string;
  client_id: string | null;
  reply_to: number | null;
  /** The id of an account, which may have been deleted since. */
  author?: number | null;
  /** The database role that has inserted a message without an author. */
  written_by?: string | null;
  /** The account that a message of the role `system` is about. */
  subject?: number | null;
  /** Why a reply ends in the middle: somebody has stopped it, or it has reached a limit. */
  ended?: "stopped" | "cut";
  /** The seq of the message that it replaces, and which version it is: 2, 3 …; without it, it is the first. */
  replaces?: number;
  version?: number;
}

/** A reply that is being written: its whole text, or what follows after the ordinal before. */
export interface DraftFrame {
  thread_id: number;
  reply_to: number;
  author?: number | null;
  ordinal: number;
  append?: string;
  text?: string;
  /** Why it has failed. A person may ask again. */
  failure?: string;
}

/** A reply that is being written, or has failed, as the page holds it. */
export interface Reply {
  thread_id: number;
  /** The id of the question. */
  reply_to: number;
  author?: number | null;
  role: "assistant";
  ordinal: number;
  /** All of it so far. */
  content: string;
  /** When this tab has first heard of it. */
  began_at: string;
  failure: string | null;
  /** Nobody writes it any more. */
  isOver: boolean;
}

/** What is shown as a message. */
export type Shown = Message | Send | Reply;

/** A message in the list, and what has this place in the order of the thread: the same, or another version of it. */
export interface Place {
  message: Shown;
  at: Shown;
  /** Where there are several. */
  versions?: {
    /** Of the newest one. */
    key: string;
    number: number;
    count: number;
    /** The seq of the version before and after this one. */
    older: number | undefined;
    newer: number | "newest" | undefined;
  };
}

/** A message that was found. */
export interface Hit {
  message: number;
  thread_id: number;
  title: string;
  seq: number;
  role: Message["role"];
  author?: number | null;
  written_by?: string | null;
  created_at: string;
  /** What it says around the words that match. */
  parts: { text: string; is_match: boolean }[];
}

/** Comes on every WebSocket when the server has lost its database, and when it has it again. */
export interface DatabaseFrame {
  type: "database";
  data: { available: boolean };
}

/** That somebody writes; a bot has no account where an older server tells of it. */
export interface Typing {
  thread_id: number;
  role: Message["role"];
  author?: number | null;
}

/** That a person has read a small thread up to a message. */
export interface Reading {
  thread_id: number;
  account: number;
  read_seq: number;
}

/** What comes on a thread's WebSocket. */
export type ThreadFrame =
  | { type: "message"; data: Message }
  | { type: "ready"; data: { thread_id: number; last_seq: number } }
  | { type: "error"; data: { code: string; message: string; client_id: string | null } }
  | { type: "typing"; data: Typing }
  | { type: "seen"; data: Reading }
  | { type: "draft"; data: DraftFrame }
  | { type: "draft.end"; data: { thread_id: number; reply_to: number } }
  | DatabaseFrame
  | { type: "pong" };

/** What comes on the WebSocket of the list of threads. */
export type ListFrame =
  | { type: "ready" }
  | { type: "thread.created" | "thread.updated"; data: Thread }
  | { type: "thread.deleted"; data: { id: number } }
  | { type: "thread.active"; data: Activity }
  | { type: "thread.read"; data: ReadState }
  | { type: "presence"; data: { online: number[]; offline: number[] } }
  | { type: "account.changed"; data: { id: number } }
  | DatabaseFrame
  | { type: "pong" };

/** Formatted text before it is in a document: text, or an element with what is in it. */
export type Markup = string | MarkupElement;

export interface MarkupElement {
  name: string;
  attributes: Record<string, string>;
  children: Markup[];
}

export type ConnectionState = "connecting" | "connected" | "reconnecting" | "disconnected";

/** A message of this browser that is not known to be stored yet. */
export interface Send {
  client_id: string;
  thread_id: number;
  content: string;
  /** The seq of the message that it replaces. */
  replaces?: number;
  /** In ms since 1970, and later than that of each message before it. */
  sent_at: number;
  state: "sending" | "failed";
  /** Why it failed, for the person. */
  reason: string;
}
