import { loadStyle } from "./style-sheet.js";

// The style of what is shown because of the bots. Whoever imports this is run when it is there, so that nothing moves then.

await loadStyle("/static/style/replies.css");
