import { find } from "./elements/dom.js";
import { takeOver } from "./model/owner.js";
import { readAccount, readSignInWays, signIn } from "./net/api.js";
import { textOf } from "./text/texts.js";

const form = find(document, "form", HTMLFormElement);
const username = find(form, "[name=username]", HTMLInputElement);
const password = find(form, "[name=password]", HTMLInputElement);
const problem = find(form, ".problem", HTMLElement);
const button = find(form, "button", HTMLButtonElement);

form.addEventListener("submit", submit);
button.disabled = false;
readAccount().then(enter, showWays); // who is signed in already need not do it again
if (new URLSearchParams(location.search).get("problem") === "openid_failed") problem.textContent = textOf("openid_failed");

/** Where there is an OpenID provider, one can sign in by it. */
async function showWays() {
  const { openid } = await readSignInWays().catch(() => ({ openid: null }));
  if (!openid) return;
  const link = find(document, ".openid a", HTMLAnchorElement);
  const next = new URLSearchParams(location.search).get("next") ?? "/";
  link.textContent = `Continue with ${openid}`;
  link.href = `/api/v1/openid/start?next=${encodeURIComponent(next)}`;
  find(document, ".openid", HTMLElement).hidden = false;
}

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault();
  problem.textContent = "";
  button.disabled = true;
  try {
    enter(await signIn(username.value, password.value));
  } catch (error) {
    problem.textContent = error instanceof Error ? error.message : "";
    button.disabled = false;
    password.select();
    password.focus();
  }
}

/** Goes on to where the person wanted to be, on this server. @param {{ id: number }} account */
function enter({ id }) {
  takeOver(id);
  const wanted = new URL(new URLSearchParams(location.search).get("next") ?? "/", location.origin);
  location.replace(wanted.origin === location.origin ? wanted : "/");
}
