/** @import { MarkupElement } from "../types.js" */
import { element, inline } from "./inline-text.js";

const COLUMNS = 50; // a wider table is shown as it was written
// The line below the header, without blanks at its ends. There is one way for each character to match, or a long line
// would take a time that grows with the square of its length.
const DELIMITER = /^\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?$/;
const PIPE = /(?<!\\)\|/;

/**
 * The alignments of the columns, if a table begins at this line (GitHub Flavored Markdown, "Tables").
 * @param {string[]} lines
 * @param {number} at
 */
export function columnsAt(lines, at) {
  const delimiter = lines[at + 1]?.trim();
  if (!delimiter?.includes("|") || !DELIMITER.test(delimiter)) return undefined;
  const columns = cellsOf(delimiter).map(alignmentOf);
  const isTable = columns.length <= COLUMNS && cellsOf(lines[at] ?? "").length === columns.length;
  return isTable ? columns : undefined;
}

/** A row goes on as long as there are pipes. @param {string | undefined} line */
export const isRow = (line) => line !== undefined && PIPE.test(line);

/**
 * A table that scrolls sideways in itself, with its header.
 * @param {string} header
 * @param {MarkupElement[]} rows
 * @param {string[]} columns
 */
export function tableOf(header, rows, columns) {
  const table = element("table", {}, [
    element("thead", {}, [rowOf("th", header, columns)]),
    element("tbody", {}, rows),
  ]);
  return element("div", { class: "table", role: "group", "aria-label": "Table", tabindex: "0" }, [table]);
}

/**
 * Cells that are too many are left out, and those that are missing are not made: a short row may be of a wide table.
 * @param {"th" | "td"} name
 * @param {string} line
 * @param {string[]} columns
 */
export function rowOf(name, line, columns) {
  const cells = cellsOf(line).slice(0, columns.length);
  const made = cells.map((text, index) => {
    const cell = element(text ? name : "td", {}, inline(text)); // an empty cell heads nothing
    if (columns[index]) cell.attributes.style = `text-align: ${columns[index]}`;
    return cell;
  });
  return element("tr", {}, made);
}

/** @param {string} line */
function cellsOf(line) {
  const cells = line.trim().split(PIPE);
  if (cells[0] === "") cells.shift();
  if (cells.length > 1 && cells.at(-1) === "") cells.pop();
  return cells.map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/** @param {string} delimiter */
function alignmentOf(delimiter) {
  if (!delimiter.endsWith(":")) return delimiter.startsWith(":") ? "start" : "";
  return delimiter.startsWith(":") ? "center" : "end";
}
