/** @import { Markup, MarkupElement } from "../types.js" */
/** @import { inline } from "./inline-text.js" */
import { element } from "./markup.js";

const COLUMNS = 50; // a wider table is shown as it was written
// The line below the header, without blanks at its ends. There is one way for each character to match, or a long line
// would take a time that grows with the square of its length.
const DELIMITER = /^\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?$/;
const PIPE = /(?<!\\)\|/;
const BREAK = /<br[ \t]*\/?>/i; // the only way to begin another line in a cell

/**
 * The alignments of the columns, if a table begins at this line (GitHub Flavored Markdown, "Tables").
 * @param {string[]} lines
 * @param {number} at
 */
export function columnsAt(lines, at) {
  const delimiter = lines[at + 1]?.trim();
  if (!delimiter?.includes("|") || !DELIMITER.test(delimiter)) return undefined;
  const columns = cellsOf(delimiter, COLUMNS).map(alignmentOf);
  const isTable = columns.length <= COLUMNS && cellsOf(lines[at] ?? "", columns.length).length === columns.length;
  return isTable ? columns : undefined;
}

/** A row goes on as long as there are pipes. @param {string | undefined} line */
export const isRow = (line) => line !== undefined && PIPE.test(line);

/** A table that scrolls sideways in itself. @param {MarkupElement} header @param {MarkupElement[]} rows */
export function tableOf(header, rows) {
  const table = element("table", {}, [element("thead", {}, [header]), element("tbody", {}, rows)]);
  return element("div", { class: "table", role: "group", "aria-label": "Table", tabindex: "0" }, [table]);
}

/**
 * Cells that are too many are left out, and those that are missing are not made: a short row may be of a wide table.
 * @param {"th" | "td"} name
 * @param {string} line
 * @param {string[]} columns
 * @param {typeof inline} inlineOf
 */
export function rowOf(name, line, columns, inlineOf) {
  const cells = cellsOf(line, columns.length).slice(0, columns.length);
  const made = cells.map((text, index) => {
    const words = inlineOf(text);
    const children = BREAK.test(text) ? broken(words) : words;
    const cell = element(text ? name : "td", {}, children); // an empty cell heads nothing
    if (columns[index]) cell.attributes.style = `text-align: ${columns[index]}`;
    return cell;
  });
  return element("tr", {}, made);
}

/** With lines where there is a `<br>` outside of code. @param {Markup[]} markup @returns {Markup[]} */
export const broken = (markup) =>
  markup.flatMap((part) => {
    if (typeof part !== "string") {
      return part.name === "code" ? part : element(part.name, part.attributes, broken(part.children));
    }
    return part.split(BREAK).flatMap((line, index) => [...(index ? [element("br")] : []), ...(line ? [line] : [])]);
  });

/** Pipes in code are text where there would be more cells than columns. @param {string} line @param {number} columns */
export function cellsOf(line, columns) {
  const text = line.trim();
  let cells = partsOf(text);
  if (cells.length > columns && text.includes("`")) cells = partsOf(withoutPipesInCode(text));
  return cells.map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/** @param {string} text */
function partsOf(text) {
  const parts = text.split(PIPE);
  if (parts[0] === "") parts.shift();
  if (parts.length > 1 && parts.at(-1) === "") parts.pop();
  return parts;
}

/** They are escaped. @param {string} text */
function withoutPipesInCode(text) {
  const parts = text.split(/(`+)/); // at odd places are the backticks
  const last = new Map(parts.map((part, index) => [part, index]));
  for (let index = 1; index < parts.length; index += 2) {
    const ticks = parts[index] ?? "";
    if (last.get(ticks) === index) continue; // they close nothing
    const end = parts.indexOf(ticks, index + 2);
    for (index++; index < end; index++) parts[index] = (parts[index] ?? "").split(PIPE).join("\\|");
  }
  return parts.join("");
}

/** @param {string} delimiter */
function alignmentOf(delimiter) {
  if (!delimiter.endsWith(":")) return delimiter.startsWith(":") ? "start" : "";
  return delimiter.startsWith(":") ? "center" : "end";
}
