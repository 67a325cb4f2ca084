import { ChatComposer } from "./chat-composer.js";
import { find } from "./dom.js";

// The line at the field that says that it holds a question which is being edited.

const composer = find(document, "chat-composer", ChatComposer);
const send = find(composer, ".send", HTMLButtonElement);
const line = document.createElement("p");
const text = document.createElement("span");
const button = document.createElement("button");
line.className = "editing";
line.hidden = true;
text.role = "status";
button.type = "button";
button.className = "quiet";
button.textContent = "Cancel";
line.append(text, button);
find(composer, "form", HTMLFormElement).prepend(line);

composer.addEventListener("edit", show);
button.addEventListener("click", () => {
  composer.endEdit();
  find(composer, "textarea", HTMLTextAreaElement).focus();
});
show();

function show() {
  const isEditing = composer.replaces !== undefined;
  line.hidden = !isEditing;
  text.textContent = isEditing ? "You are editing your question. It will be answered anew." : "";
  send.ariaLabel = isEditing ? "Send the edited question" : "Send";
}
