/** @import { Account } from "./net/api.js" */
/** @import { Session } from "./net/people-api.js" */
import { find, fromTemplate } from "./elements/dom.js";
import { attemptIn, goToSignIn, onSubmit } from "./elements/form.js";
import { readAccount, signOut } from "./net/api.js";
import { changeNames, changePassword, deleteOwnAccount, endSession, listSessions } from "./net/people-api.js";
import { showMoment } from "./text/dates.js";

const names = find(document, "form.names", HTMLFormElement);
const displayName = find(names, "[name=display_name]", HTMLInputElement);
const username = find(names, "[name=username]", HTMLInputElement);
const password = find(document, "form.password", HTMLFormElement);
const current = find(password, "[name=current]", HTMLInputElement);
const next = find(password, "[name=new]", HTMLInputElement);
const devices = find(document, ".devices", HTMLElement);
const dialog = find(document, "dialog", HTMLDialogElement);
const deletion = find(dialog, "form", HTMLFormElement);
const deletionPassword = find(deletion, "input", HTMLInputElement);
const deleteButton = find(document, ".delete", HTMLButtonElement);

attemptIn(names, async () => show(await readAccount())).then((isRead) => isRead && begin());

function begin() {
  onSubmit(names, async () => show(await changeNames({ username: username.value, display_name: displayName.value })), "Saved.");
  onSubmit(password, savePassword, "Changed.");
  onSubmit(deletion, async () => {
    await deleteOwnAccount(deletionPassword.value);
    goToSignIn();
  });
  deleteButton.disabled = false;
  deleteButton.addEventListener("click", () => dialog.showModal());
  find(dialog, ".cancel", HTMLElement).addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => deletion.reset());
}

/** @param {Account} account */
function show(account) {
  displayName.value = account.display_name;
  username.value = account.username;
  find(password, "[name=username]", HTMLInputElement).value = account.username;
  find(password, ".none", HTMLElement).hidden = account.has_password;
  find(password, ".current", HTMLElement).hidden = !account.has_password;
  current.required = account.has_password;
  devices.hidden = account.session === null;
  deleteButton.hidden = !account.has_password;
  if (account.session !== null) void showDevices();
}

async function savePassword() {
  await changePassword(current.value, next.value);
  password.reset();
  show(await readAccount());
}

async function showDevices() {
  await attemptIn(devices, async () => {
    find(devices, "ul", HTMLElement).replaceChildren(...(await listSessions()).map(deviceItem));
  });
}

/** @param {Session} session */
function deviceItem({ id, device, used_at, is_this }) {
  const item = fromTemplate("device");
  const name = nameOf(device);
  const button = find(item, "button", HTMLButtonElement);
  find(item, ".title", HTMLElement).textContent = name;
  find(item, ".title", HTMLElement).title = device;
  find(item, ".this", HTMLElement).hidden = !is_this;
  find(item, ".used", HTMLElement).hidden = is_this;
  showMoment(find(item, "time", HTMLTimeElement), used_at, { isBrief: true });
  button.setAttribute("aria-label", is_this ? "Sign out here" : `Sign out ${name}`);
  button.addEventListener("click", async () => {
    const isOut = await attemptIn(devices, () => (is_this ? signOut() : endSession(id)));
    if (isOut && is_this) return goToSignIn();
    await showDevices();
  });
  return item;
}

/** What a person calls a browser. Each of these says that it is also the ones below it. @param {string} device */
function nameOf(device) {
  const browser = firstIn(device, [
    [/Edg(e|A|iOS)?\//, "Edge"],
    [/OPR\//, "Opera"],
    [/SamsungBrowser\//, "Samsung Internet"],
    [/(Firefox|FxiOS)\//, "Firefox"],
    [/(Chrome|Chromium|CriOS)\//, "Chrome"],
    [/Safari\//, "Safari"],
  ]);
  const system = firstIn(device, [
    [/iPhone/, "iPhone"],
    [/iPad/, "iPad"],
    [/Android/, "Android"],
    [/CrOS/, "ChromeOS"],
    [/Windows/, "Windows"],
    [/Mac OS X|Macintosh/, "macOS"],
    [/Linux/, "Linux"],
  ]);
  if (browser) return system ? `${browser} on ${system}` : browser;
  return device.split(/[\s/]/)[0] || "Unknown browser";
}

/** @param {string} text @param {[RegExp, string][]} names */
function firstIn(text, names) {
  return names.find(([pattern]) => pattern.test(text))?.[1];
}
