import { find } from "./dom.js";
import { loadStyle } from "./style-sheet.js";
import { PREFIX } from "../model/owner.js";
import { people } from "../model/people.js";
import { SharedMap } from "../model/shared-map.js";

// Which bot a new chat has. It is loaded with the view of a new chat where the server has several.

const NONE = ""; // no bot has this name
const KEY = "new"; // of the new chat

/** What was chosen last, in whichever tab. @type {SharedMap<string>} */
const chosen = new SharedMap(`${PREFIX}bot.`, { parse: (text) => text, format: String });

await loadStyle("/static/style/bot-choice.css");

const label = document.createElement("label");
const select = document.createElement("select");
label.className = "bot-choice";
label.append("Bot", select);
find(document, "chat-composer", HTMLElement).prepend(label);

select.addEventListener("change", () => {
  // Who wants the default one gets another when the server has another.
  if (select.selectedIndex === 0) chosen.delete(KEY);
  else chosen.set(KEY, select.value);
});
chosen.addEventListener("change", show);
select.append(...people.bots.map(({ username, display_name }) => new Option(display_name, username)));
select.append(new Option("No bot", NONE));
show();

/** A bot that is there no more is not chosen any more. */
function show() {
  const index = [...select.options].findIndex(({ value }) => value === chosen.get(KEY));
  select.selectedIndex = Math.max(index, 0);
}

/** Of the chat that is created now: undefined for the default one, null for none. @returns {string | null | undefined} */
export function chosenBot() {
  if (select.selectedIndex <= 0) return undefined;
  return select.value === NONE ? null : select.value;
}
