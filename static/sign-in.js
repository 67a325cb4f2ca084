import { find } from "./elements/dom.js";
import { takeOver } from "./model/owner.js";
import { readAccount, signIn } from "./net/api.js";

const form = find(document, "form", HTMLFormElement);
const username = find(form, "[name=username]", HTMLInputElement);
const password = find(form, "[name=password]", HTMLInputElement);
const problem = find(form, ".problem", HTMLElement);
const button = find(form, "button", HTMLButtonElement);

form.addEventListener("submit", submit);
button.disabled = false;
readAccount().then(enter, () => {}); // who is signed in already need not do it again

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
