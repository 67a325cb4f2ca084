import { find } from "./dom.js";
import { ApiError } from "../net/api.js";

/** Where somebody signs in, to come back here. */
export function goToSignIn() {
  location.replace(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
}

/**
 * Does what has to be asked of the server, and says in `root` why it failed. Who is signed out is led to signing in.
 * @param {ParentNode} root has a `.problem`
 * @param {() => Promise<unknown>} act
 * @returns {Promise<boolean>} whether it is done
 */
export async function attemptIn(root, act) {
  const problem = find(root, ".problem", HTMLElement);
  problem.textContent = "";
  try {
    await act();
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.code === "not_signed_in") goToSignIn();
    problem.textContent = error instanceof Error ? error.message : "";
    return false;
  }
}

/**
 * Has a form sent by this page. Its button is disabled before, and so the browser does not send it.
 * @param {HTMLFormElement} form
 * @param {() => Promise<unknown>} act
 * @param {string} [done] what is said then
 */
export function onSubmit(form, act, done = "") {
  const button = find(form, "button.primary", HTMLButtonElement);
  const status = form.querySelector(".done");
  button.disabled = false;
  form.addEventListener("input", () => status && (status.textContent = ""));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (status) status.textContent = "";
    button.disabled = true;
    if ((await attemptIn(form, act)) && status) status.textContent = done;
    button.disabled = false;
    if (document.activeElement === document.body) button.focus(); // a disabled button has lost it
  });
}
