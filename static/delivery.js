/** @import { Send } from "./types.js" */
import { ApiError, postMessage } from "./api.js";
import { outbox } from "./outbox.js";
import { backoff } from "./reconnecting-socket.js";
import { store } from "./store.js";
import { threads } from "./threads.js";
import { SendError, TRY_AGAIN, WebSocketService } from "./websocket-service.js";

// Sends what is in the outbox: over the socket of the open thread, and over HTTP to any other. Every window
// does, as none can know whether another still lives: the server drops what is repeated. And every one waits
// for a message to be stored before it sends the thread's next, so that their order stays.

const GRACE = 5_000; // ms that another window has for what was written in it
const GIVEN_UP = new Set(["disconnected", "cancelled"]); // here: what to send next, or how, has changed
const LATER = new Set([...TRY_AGAIN, "unreachable"]);

const service = WebSocketService.getInstance();
/** The threads whose messages are being sent. @type {Set<number>} */
const underWay = new Set();

service.addEventListener("statechange", deliver);
threads.addEventListener("statechange", deliver);
store.addEventListener("status", deliver);
outbox.addEventListener("put", (event) =>
  /** @type {CustomEvent} */ (event).detail.isOurs ? deliver() : setTimeout(deliver, GRACE),
);

function deliver() {
  for (const { thread_id } of outbox.list) void deliverTo(thread_id);
}

/** @param {number} threadId */
async function deliverTo(threadId) {
  if (underWay.has(threadId)) return;
  underWay.add(threadId);
  let tries = 0;
  for (let send; (send = next(threadId)); ) {
    try {
      await (isOpen(threadId) ? service.sendMessage(send) : postMessage(send));
      outbox.delete(send.client_id);
      tries = 0;
    } catch (error) {
      const isKnown = error instanceof ApiError || error instanceof SendError;
      if (isKnown && GIVEN_UP.has(error.code)) continue;
      if (!isKnown || LATER.has(error.code)) await pause(backoff(++tries));
      else if (outbox.get(send.client_id)) outbox.put({ ...send, state: "failed", reason: error.message });
    }
  }
  underWay.delete(threadId);
}

/** Nothing without a connection. @param {number} threadId */
function next(threadId) {
  if (!isConnected(threadId)) return undefined;
  return outbox.list.find((send) => send.thread_id === threadId && send.state === "sending");
}

/** Whether it is to be sent as soon as there is a connection. @param {Send} send */
export const isWaiting = ({ thread_id, state }) => state === "sending" && !isConnected(thread_id);

/** @param {number} threadId */
const isConnected = (threadId) => (isOpen(threadId) ? service : threads).state === "connected";

/** One that is gone has no socket; the answer over HTTP is the reason. @param {number} threadId */
const isOpen = (threadId) => threadId === store.threadId && store.status !== "gone";

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
