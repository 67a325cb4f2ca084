import "./replies-style.js";
import { find } from "./dom.js";
import { icon } from "./icon.js";
import { ToastLine } from "./toast-line.js";
import { conversation } from "../model/conversation.js";
import { store } from "../model/store.js";
import { ApiError } from "../net/api.js";

// The button that stops a reply. It is where Send is, while the field is empty: style/replies.css shows one of the two.

const SQUARE = "M6.5 6.5h7v7h-7z";

const form = find(document, "chat-composer form", HTMLFormElement);
const field = find(form, "textarea", HTMLTextAreaElement);
const button = document.createElement("button");
button.type = "button";
button.className = "icon stop";
button.ariaLabel = button.title = "Stop the reply";
button.append(icon(SQUARE));
find(form, ".send", HTMLElement).after(button);

button.addEventListener("click", ({ detail }) => detail < 2 && void stop()); // the second click of two was meant for Send
document.addEventListener("keydown", keyDown);
find(document, "message-list", HTMLElement).addEventListener("render", show);
store.addEventListener("status", show);
show();

function show() {
  const question = conversation.stoppable;
  const isStopping = !!question && conversation.isStopping(question);
  if (!question && document.activeElement === button) field.focus();
  form.classList.toggle("stoppable", !!question);
  if (button.ariaDisabled !== `${isStopping}`) button.ariaDisabled = `${isStopping}`;
}

/** Esc stops, unless it means something else where it is pressed. @param {KeyboardEvent} event */
function keyDown(event) {
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || !conversation.stoppable) return;
  if (document.querySelector(":modal, :popover-open:not(toast-line)")) return;
  event.preventDefault();
  void stop();
}

async function stop() {
  field.focus({ preventScroll: true });
  try {
    await conversation.stop();
  } catch (error) {
    const isOver = error instanceof ApiError && error.code === "no_reply_under_way";
    if (!isOver) find(document, "toast-line", ToastLine).complain("The reply could not be stopped.", error);
  }
}
