/** @import { Markup, MarkupElement } from "../types.js" */
import { Blocks } from "./formatted-text.js";
import { Inline, inline } from "./inline-text.js";
import { element, plainText } from "./markup.js";
import { broken, cellsOf, isRow } from "./table-text.js";

const NEWLINE = /\r\n?|\n/;
const BLANK = /^\s*$/;
const LEAF = /^(?:p|h[2-6]|th|td)$/; // elements that hold what `inline` returns
const LONG = 5_000; // characters of words; what is open in longer ones is shown as it was written
const HALF_LINK = 200; // characters of its words; a bracket that is open for longer was none of a link
const SCHEMES = ["https://", "http://", "mailto:"];

// A last line of nothing but marks: the next character says what they are.
const UNDECIDED = /^[\s>*+\-#_=~`|:]*(?:\d{1,9}[.)]?\s*|\[[ xX]?\]?\s*)?$/;
const FENCE = /^[\s>*+-]*(?:\d{1,9}[.)]\s+)?(?:`{3,}(?!`)|~{3,}(?!~))[^`]*$/;
const DELIMITER = /^[\s>]*\|?[ \t]*:?-[|:\- \t]*$/; // a part of the line below the header of a table
const FORMULA = /\$(?=[\\a-z({])[^$]*$/i; // "$5" is money

/**
 * @typedef {object} Tail
 * @property {Markup[]} markup as it is shown
 * @property {number} blocks of it, how many no later text can change
 * @property {number} lines from the first on, how many those blocks take
 * @property {number} left blocks that may be made after those
 */

/** Reads a text that is being written, and remembers the words that it has read for the next time. */
export class OpenText {
  /** @type {Map<string, Markup[]>} */
  #known = new Map();
  /** @type {Map<string, Markup[]>} */
  #read = new Map();
  #lastWords = "";

  /**
   * The markup of a text that goes on: what is open at its end looks as if it was closed.
   * @param {string} text
   * @param {number} [left] blocks that may still be made
   * @returns {Tail}
   */
  read(text, left) {
    const lines = text.split(NEWLINE);
    const complete = lines.length - 1;
    const last = lines[complete] ?? "";
    const isHeld = UNDECIDED.test(last) || FENCE.test(last);
    if (isHeld) lines.pop();
    const isOpen = !BLANK.test(lines.at(-1) ?? "");
    this.#begin();
    const tail = this.#blocks(lines, complete, left);
    const below = isHeld ? last : "";
    const delimiter = isOpen && delimiterBelow(lines.at(-1) ?? "", this.#lastWords, leafOf(tail.markup), below);
    const { markup } = delimiter ? this.#blocks([...lines, delimiter], complete, left) : tail;
    const leaf = isOpen && this.#lastWords.length < LONG && leafOf(markup);
    if (leaf) {
      const words = merged(openWords(this.#lastWords));
      leaf.children = /^t[hd]$/.test(leaf.name) ? broken(words) : words;
    }
    return { ...tail, markup };
  }

  /** The markup of a text that is complete. @param {string} text @param {number} [left] @returns {Markup[]} */
  readAll(text, left) {
    this.#begin();
    return this.#blocks(text.split(NEWLINE), 0, left).markup;
  }

  #begin() {
    this.#known = this.#read;
    this.#read = new Map();
  }

  /**
   * No later text can change a block if the line below it is complete. A paragraph looks one line further, for the
   * table that may begin below it, but the line that makes a table is marks only and is held until it is complete.
   * @param {string[]} lines
   * @param {number} complete how many of them are
   * @param {number} [left]
   * @returns {Tail}
   */
  #blocks(lines, complete, left) {
    const blocks = new Blocks((text) => this.#words(text), left);
    /** @type {Tail} */
    const tail = { markup: [], blocks: 0, lines: 0, left: blocks.left };
    for (let at = 0; at < lines.length; ) {
      at = blocks.next(tail.markup, lines, at, 0);
      if (at < complete) Object.assign(tail, { blocks: tail.markup.length, lines: at, left: blocks.left });
    }
    return tail;
  }

  /** @param {string} text */
  #words(text) {
    this.#lastWords = text;
    const words = this.#known.get(text) ?? this.#read.get(text) ?? merged(inline(text));
    this.#read.set(text, words);
    return words;
  }
}

/**
 * The last element that holds words, if nothing comes after it.
 * @param {Markup[]} markup
 * @returns {MarkupElement | undefined}
 */
function leafOf(markup) {
  const last = markup.at(-1);
  if (!last || typeof last === "string") return undefined;
  if (LEAF.test(last.name)) return last;
  const { children } = last;
  return leafOf(last.name === "table" && !rowsOf(children).length ? children.slice(0, 1) : children);
}

/** @param {Markup[]} parts of a table */
function rowsOf(parts) {
  const body = parts.at(-1);
  return body && typeof body !== "string" ? body.children : [];
}

/**
 * The line that makes a table of a header, as soon as it looks like one.
 * @param {string} line
 * @param {string} words of its block
 * @param {MarkupElement | undefined} leaf
 * @param {string} held the line below it
 */
function delimiterBelow(line, words, leaf, held) {
  if (leaf?.name !== "p") return undefined;
  const header = words.slice(words.lastIndexOf("\n") + 1);
  if (!header.startsWith("|") && !(isRow(header) && DELIMITER.test(held))) return undefined;
  const before = line.slice(0, Math.max(0, line.length - header.length)).replace(/[^>\s]/g, " ");
  return `${before}|${"-|".repeat(cellsOf(header, Infinity).length)}`;
}

/** Emphasis, code and links, in words that go on. @param {string} text @returns {Markup[]} */
function openWords(text) {
  let end = text.length;
  while (end && "*_~`\\".includes(text.charAt(end - 1))) end--; // they open or close, or both
  const words = text.slice(0, end);
  const [at, size] = first(openCode(words), openFormula(words));
  if (at < 0) return closed(openLink(words) ?? scan(words), words);
  const opened = scan(words.slice(0, at));
  const rest = words.slice(at + size);
  opened.at(-1)?.into.push(size ? element("code", {}, [rest]) : rest);
  return closed(opened, words);
}

/** @param {string} text */
const scan = (text) => new Inline(text).scan();

/** @typedef {[at: number, size: number]} Place of an opening mark that is not shown */

/** @param {Place} one @param {Place} other */
const first = (one, other) => (other[0] < 0 || (one[0] >= 0 && one[0] < other[0]) ? one : other);

/** The backticks of the last line that are not closed. @param {string} text @returns {Place} */
function openCode(text) {
  const line = text.lastIndexOf("\n") + 1;
  const runs = [...text.matchAll(/\\`|`+/g)].filter(([run]) => !run.startsWith("\\"));
  const last = new Map(runs.map(([run], index) => [run, index]));
  for (let index = 0; index < runs.length; index++) {
    const { 0: run = "", index: at = 0 } = runs[index] ?? {};
    const hasEnd = (last.get(run) ?? -1) > index;
    if (!hasEnd && at >= line) return [at, run.length];
    if (hasEnd) while (runs[++index]?.[0] !== run);
  }
  return [-1, 0];
}

/** @param {string} text @returns {Place} */
function openFormula(text) {
  const line = text.slice(text.lastIndexOf("\n") + 1);
  const start = text.length - line.length;
  const dollars = line.split("$").length;
  const money = dollars % 2 === 0 && !line.includes("$$") ? line.search(FORMULA) : -1;
  const at = [
    text.split("$$").length % 2 === 0 ? text.lastIndexOf("$$") : -1,
    openAfter(text, "\\[", "\\]", 0),
    openAfter(text, "\\(", "\\)", start),
    money < 0 ? -1 : start + money,
  ].filter((one) => one >= 0 && !text.includes("`", one));
  return [at.length ? Math.min(...at) : -1, 0];
}

/** @param {string} text @param {string} mark @param {string} end @param {number} from */
function openAfter(text, mark, end, from) {
  const at = text.lastIndexOf(mark);
  return at >= from && !text.includes(end, at) ? at : -1;
}

/** What is open where a half link loses its address. @param {string} text */
function openLink(text) {
  const at = text.endsWith("]") ? text.length - 1 : text.lastIndexOf("](");
  if (at < 0 || !isHalfAddress(text.slice(at + 2))) return undefined;
  const opened = scan(text.slice(0, at));
  return opened.some(({ mark }) => mark.endsWith("[")) ? opened : undefined;
}

/** @param {string} text */
function isHalfAddress(text) {
  const [address = "", title = '"'] = text.toLowerCase().split(/[ \t]+/, 2);
  const isOpen = address.split(")").length <= address.split("(").length;
  return isOpen && title.startsWith('"') && SCHEMES.some((one) => one.startsWith(address) || address.startsWith(one));
}

/** The markup where all that is open is closed. @param {ReturnType<typeof scan>} opened @param {string} text */
function closed([whole, ...opened], text) {
  withoutAddress((opened.at(-1) ?? whole).into, text);
  for (let it; (it = opened.pop()); ) (opened.at(-1) ?? whole).into.push(...closedOne(it, text));
  return whole.into;
}

/** @param {{ mark: string, size: number, at: number, into: Markup[] }} opened @param {string} text @returns {Markup[]} */
function closedOne({ mark, size, at, into }, text) {
  if (mark.endsWith("[")) return isHalfLink(at, text) ? into : [mark, ...into];
  if (!into.length) return [];
  if (size !== 2) into = [element("em", {}, into)];
  if (size !== 1) into = [element(mark === "~" ? "del" : "strong", {}, into)];
  return into;
}

/** @param {number} at @param {string} text */
const isHalfLink = (at, text) => text.length - at < HALF_LINK && !text.includes("\n", at);

/** An address at the very end is text: nobody knows yet where it leads. @param {Markup[]} into @param {string} text */
function withoutAddress(into, text) {
  const end = into.at(-1);
  const after = typeof end === "string" && !/\s/.test(end) ? end : "";
  const link = into.at(after ? -2 : -1);
  if (!link || typeof link === "string" || link.name !== "a") return;
  const words = plainText([link]) + after;
  const isAddress = SCHEMES.some((one) => words.toLowerCase().startsWith(one));
  if (isAddress && text.endsWith(words)) into.splice(after ? -2 : -1, 2, words);
}

/** Texts side by side are one, so that it can grow. @param {Markup[]} markup @returns {Markup[]} */
function merged(markup) {
  /** @type {Markup[]} */
  const parts = [];
  for (const part of markup) {
    const before = parts.at(-1);
    if (typeof part !== "string") parts.push(element(part.name, part.attributes, merged(part.children)));
    else if (typeof before === "string") parts[parts.length - 1] = before + part;
    else parts.push(part);
  }
  return parts;
}
