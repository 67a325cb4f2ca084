// What goes over the wire (the server's side is app/chinwag/wire.py and sql/50_frame.sql), and what this page adds.

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
  role: "user" | "assistant";
  content: string;
  created_at: string;
  client_id: string | null;
  reply_to: number | null;
}

/** A message that was found. */
export interface Hit {
  message: number;
  thread_id: number;
  title: string;
  seq: number;
  role: Message["role"];
  created_at: string;
  /** What it says around the words that match. */
  parts: { text: string; is_match: boolean }[];
}

/** Comes on every WebSocket when the server has lost its database, and when it has it again. */
export interface DatabaseFrame {
  type: "database";
  data: { available: boolean };
}

/** What comes on a thread's WebSocket. */
export type ThreadFrame =
  | { type: "message"; data: Message }
  | { type: "ready"; data: { thread_id: number; last_seq: number } }
  | { type: "error"; data: { code: string; message: string; client_id: string | null } }
  | { type: "typing"; data: { thread_id: number; role: Message["role"] } }
  | DatabaseFrame
  | { type: "pong" };

/** What comes on the WebSocket of the list of threads. */
export type ListFrame =
  | { type: "ready" }
  | { type: "thread.created" | "thread.updated"; data: Thread }
  | { type: "thread.deleted"; data: { id: number } }
  | { type: "thread.active"; data: Activity }
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
  /** In ms since 1970, and later than that of each message before it. */
  sent_at: number;
  state: "sending" | "failed";
  /** Why it failed, for the person. */
  reason: string;
}
