import { find } from "./elements/dom.js";
import { takeOver } from "./model/owner.js";
import { join, signInByLink } from "./net/people-api.js";
import { textOf } from "./text/texts.js";

const SIGN_IN = "/sign-in/link";

const path = location.pathname;
const secret = location.hash.slice(1);
// It is nobody's business who looks at the screen or at the history, and it is not sent along anywhere.
history.replaceState(null, "", path);

const form = find(document, "form", HTMLFormElement);
const displayName = find(form, "[name=display_name]", HTMLInputElement);
const username = find(form, "[name=username]", HTMLInputElement);
const password = find(form, "[name=password]", HTMLInputElement);
const problem = find(form, ".problem", HTMLElement);
const button = find(form, "button", HTMLButtonElement);

const header = find(document, `header[data-path="${path}"]`, HTMLElement);
for (const element of document.querySelectorAll(`[data-path="${path}"]`)) element.removeAttribute("hidden");
document.title = `${find(header, "h1", HTMLElement).textContent} · Chinwag`;
if (path === SIGN_IN) {
  for (const label of form.querySelectorAll(".for-new")) label.remove();
}
addEventListener("hashchange", () => location.reload()); // another link, opened in the same tab
displayName.addEventListener("change", suggest);
form.addEventListener("submit", submit);
button.disabled = !secret;
if (secret) find(form, "input", HTMLInputElement).focus();
else problem.textContent = `${textOf("no_such_link")} If you have loaded this page anew, open the link again.`;

/** Ann Onym is likely to be `ann`. */
function suggest() {
  if (username.value) return;
  const [first = ""] = displayName.value.trim().normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().split(/\s/);
  username.value = first.replace(/[^a-z0-9._-]/g, "");
}

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault();
  problem.textContent = "";
  button.disabled = true;
  try {
    const { id } = await send();
    takeOver(id);
    location.replace("/");
  } catch (error) {
    problem.textContent = error instanceof Error ? error.message : "";
    button.disabled = false;
    button.focus();
  }
}

function send() {
  if (path === SIGN_IN) return signInByLink(secret, password.value);
  const display_name = displayName.value.trim();
  return join({ secret, username: username.value, password: password.value, ...(display_name && { display_name }) });
}
