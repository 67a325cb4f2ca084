import "./replies-style.js";
import { ChatComposer } from "./chat-composer.js";
import { find } from "./dom.js";
import { icon } from "./icon.js";
import { ToastLine } from "./toast-line.js";
import { conversation } from "../model/conversation.js";
import { store } from "../model/store.js";
import { ApiError } from "../net/api.js";

// The button that stops a reply. It is where Send is, while the field is empty: style/replies.css shows one of the two.

const SQUARE = "M6.5 6.5h7v7h-7z";

const composer = find(document, "chat-composer", ChatComposer);
const form = find(composer, "form", HTMLFormElement);
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
  if (!question && document.activeElement === button) composer.focusUnlessTouch();
  form.classList.toggle("stoppable", !!question);
  if (button.ariaDisabled !== `${isStopping}`) button.ariaDisabled = `${isStopping}`;
}

/** Esc stops, unless it means something else where it is pressed. @param {KeyboardEvent} event */
function keyDown(event) {
  if (event.key !== "Escape" || event.defaultPrevented || !conversation.stoppable) return;
  // A key that ends an IME composition; Safari has ended it already and tells by 229.
  if (event.isComposing || event.keyCode === 229) return;
  // A key that is held down has closed something; with another key it means something to the system.
  if (event.repeat || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (document.querySelector(":modal, :popover-open:not(toast-line)")) return;
  event.preventDefault();
  void stop();
}

async function stop() {
  composer.focusUnlessTouch();
  try {
    await conversation.stop();
  } catch (error) {
    const isOver = error instanceof ApiError && error.code === "no_reply_under_way";
    if (!isOver) find(document, "toast-line", ToastLine).complain("The reply could not be stopped.", error);
  }
}
