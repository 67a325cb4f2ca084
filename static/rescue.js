import { ApiError } from "./api.js";
import { drafts } from "./drafts.js";
import { store } from "./store.js";
import { threads } from "./threads.js";

// What was being written in a chat that is gone is never lost: it goes on in the new chat.

threads.addEventListener("delete", (event) => rescue(/** @type {CustomEvent} */ (event).detail));
store.addEventListener("status", () => store.status === "gone" && rescue(store.threadId));
threads.addEventListener("change", askForThose);

/** @param {number | null} threadId */
function rescue(threadId) {
  if (threadId) drafts.move(threadId, null);
}

/** Some may be gone since this browser was here last. */
async function askForThose() {
  if (!threads.isLoaded) return;
  threads.removeEventListener("change", askForThose);
  for (const id of drafts.threadIds) {
    await threads.ensure(id).catch((error) => error instanceof ApiError && error.status === 404 && rescue(id));
  }
}
