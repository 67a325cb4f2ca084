/** @import { Markup, MarkupElement } from "../types.js" */
import { inline } from "./inline-text.js";
import { element, nodeOf, onOneLine, plainText } from "./markup.js";
import { columnsAt, isRow, rowOf, tableOf } from "./table-text.js";

const DEPTH = 8; // of quotes and lists in one another; what is deeper is shown as it was written
const BLOCKS = 2_000; // and cells of tables; a message made of nothing but marks must not become a page of elements

// Each is tried on one line, and none can go back over it more than once: people write 100,000 backticks.
const BLANK = /^\s*$/;
const FENCE = /^([ \t]*)(`{3,}(?!`)|~{3,}(?!~))([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+(?=\S)/;
const UNDERLINE = /^[ \t]*(?:={3,}|-{3,})[ \t]*$/; // of a heading that is one line
const SENTENCE = /[.!?:;,…]$/; // and what ends like this is text above a rule
const RULE = /^[ \t]*([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const RULE_AFTER_TEXT = /^[ \t]*([-*])(?:[ \t]*\1){2,}[ \t]*$/; // "Name:\n______" is no rule
const QUOTE = /^[ \t]*>(?=[ \t>]|$)[ \t]?/; // not >_<
const ITEM = /^([ \t]*)(?:[-*+]|(\d{1,9})[.)])[ \t]+(?=\S)/;
const TASK = /^\[([ xX])\][ \t]+(?=\S)/;
// "Born in\n1986. A good year." is no list.
const ITEM_AFTER_TEXT = /^[ \t]*(?:[-*+]|1[.)])[ \t]+\S/;

/**
 * What a person wrote, with the Markdown that people use in a chat. What is not understood is text, exactly as it was
 * written.
 * @param {string} text
 */
export function markupOf(text) {
  /** @type {Markup[]} */
  const markup = [];
  new Blocks().append(markup, text.split(/\r\n?|\n/), 0);
  return markup;
}

/** The same for a document. It is made of nodes and never of HTML. @param {string} text */
export function formatted(text) {
  const fragment = document.createDocumentFragment();
  fragment.append(...markupOf(text).map(nodeOf));
  return fragment;
}

/** What a message says, on one line and without its marks. @param {string} text */
export const wordsOf = (text) => plainText(markupOf(text).map(onOneLine)).trim();

/** The blocks of a message. What reads one returns the line after it, or 0 where there is none. */
export class Blocks {
  #inline;
  #left;

  /** @param {typeof inline} [inlineOf] @param {number} [left] blocks that may still be made */
  constructor(inlineOf = inline, left = BLOCKS) {
    this.#inline = inlineOf;
    this.#left = left;
  }

  get left() {
    return this.#left;
  }

  /** @param {Markup[]} into @param {string[]} lines @param {number} depth */
  append(into, lines, depth) {
    for (let at = 0; at < lines.length; ) at = this.next(into, lines, at, depth);
  }

  /** One block, or a blank line. @param {Markup[]} into @param {string[]} lines @param {number} at @param {number} depth */
  next(into, lines, at, depth) {
    if (BLANK.test(lines[at] ?? "")) return at + 1;
    if (this.#left-- > 0) return this.#block(into, lines, at, depth);
    into.push(element("p", {}, this.#inline(lines.slice(at).join("\n"))));
    return lines.length;
  }

  /** @param {Markup[]} into @param {string[]} lines @param {number} at @param {number} depth */
  #block(into, lines, at, depth) {
    const isDeep = depth >= DEPTH;
    return (
      this.#code(into, lines, at) ||
      this.#heading(into, lines, at) ||
      this.#rule(into, lines, at) ||
      this.#table(into, lines, at) ||
      (!isDeep && this.#quote(into, lines, at, depth)) ||
      (!isDeep && this.#list(into, lines, at, depth)) ||
      this.#paragraph(into, lines, at, depth)
    );
  }

  /** One that is not closed goes on to the end. @param {Markup[]} into @param {string[]} lines @param {number} at */
  #code(into, lines, at) {
    const [, indent = "", fence, info = ""] = FENCE.exec(lines[at] ?? "") ?? [];
    if (!fence) return 0;
    let end = at + 1;
    while (end < lines.length && !closes(lines[end] ?? "", fence)) end++;
    const code = lines.slice(at + 1, end).map((line) => dedented(line, widthOf(indent)));
    into.push(codeBlock(code.join("\n"), info.trim()));
    return end + 1;
  }

  /** Its level is below that of the page's own heading. @param {Markup[]} into @param {string[]} lines @param {number} at */
  #heading(into, lines, at) {
    const line = lines[at] ?? "";
    const [mark, signs = ""] = HEADING.exec(line) ?? [];
    if (!mark) return 0;
    const words = withoutClosingSigns(line.slice(mark.length));
    into.push(element(`h${Math.min(signs.length + 1, 6)}`, {}, this.#inline(words)));
    return at + 1;
  }

  /** @param {Markup[]} into @param {string[]} lines @param {number} at */
  #rule(into, lines, at) {
    if (!RULE.test(lines[at] ?? "")) return 0;
    into.push(element("hr"));
    return at + 1;
  }

  /** @param {Markup[]} into @param {string[]} lines @param {number} at */
  #table(into, lines, at) {
    const columns = columnsAt(lines, at);
    if (!columns) return 0;
    const header = rowOf("th", lines[at] ?? "", columns, this.#inline);
    /** @type {MarkupElement[]} */
    const rows = [];
    for (at += 2; isRow(lines[at]) && this.#left > 0; at++) {
      const row = rowOf("td", lines[at] ?? "", columns, this.#inline);
      this.#left -= row.children.length;
      rows.push(row);
    }
    into.push(tableOf(header, rows));
    return at;
  }

  /** @param {Markup[]} into @param {string[]} lines @param {number} at @param {number} depth */
  #quote(into, lines, at, depth) {
    const quoted = [];
    for (let line; (line = lines[at + quoted.length]) !== undefined && QUOTE.test(line); )
      quoted.push(line.replace(QUOTE, ""));
    if (!quoted.length) return 0;
    const quote = element("blockquote");
    this.append(quote.children, quoted, depth + 1);
    into.push(quote);
    return at + quoted.length;
  }

  /** @param {Markup[]} into @param {string[]} lines @param {number} at @param {number} depth */
  #list(into, lines, at, depth) {
    const [mark, indent = "", first] = ITEM.exec(lines[at] ?? "") ?? [];
    if (!mark) return 0;
    let number = first ? Number(first) : 0;
    const list = first ? element("ol", { start: `${number}` }) : element("ul");
    for (;;) {
      const [itemMark, , written] = ITEM.exec(lines[at] ?? "") ?? [];
      if (!itemMark || !written !== !first || this.#left <= 0 || RULE.test(lines[at] ?? "")) break;
      const item = element("li");
      // Numbers may leap, and 1. 1. 1. counts on.
      if (Number(written) > number) item.attributes.value = `${(number = Number(written))}`;
      number++;
      const end = endOfItem(lines, at, widthOf(indent) + 2);
      const inner = lines.slice(at, end).map((line) => dedented(line, widthOf(itemMark)));
      inner[0] = withoutBox(item, (lines[at] ?? "").slice(itemMark.length));
      this.append(item.children, inner, depth + 1);
      list.children.push(item);
      at = pastBlanks(lines, end);
    }
    if (first) list.attributes.style = `--digits: ${`${number}`.length}`;
    into.push(list);
    return at;
  }

  /** Or the heading that it becomes by the line below it. @param {Markup[]} into @param {string[]} lines @param {number} at @param {number} depth */
  #paragraph(into, lines, at, depth) {
    const first = lines[at] ?? "";
    if (isUnderlined(lines, at)) {
      into.push(element((lines[at + 1] ?? "").includes("=") ? "h2" : "h3", {}, this.#inline(first.trim())));
      return at + 2;
    }
    let end = at + 1;
    for (let line; (line = lines[end]) !== undefined && !BLANK.test(line); end++) {
      if (isBlock(line, depth >= DEPTH) || columnsAt(lines, end)) break;
      if (RULE_AFTER_TEXT.test(line) && !isRow(lines[end - 1])) break;
    }
    // Models indent what belongs to an item further than its mark asks for.
    const indent = depth ? widthOf(/^[ \t]*/.exec(first)?.[0] ?? "") : 0;
    const text = lines.slice(at, end).map((line) => dedented(line, indent));
    into.push(element("p", {}, this.#inline(text.join("\n"))));
    return end;
  }
}

/** @param {string[]} lines @param {number} at */
function isUnderlined(lines, at) {
  const line = (lines[at] ?? "").trim();
  const underline = lines[at + 1] ?? "";
  return UNDERLINE.test(underline) && !isRow(line) && (underline.includes("=") || !SENTENCE.test(line));
}

/** `## Heading ##` @param {string} line */
function withoutClosingSigns(line) {
  const text = line.trimEnd();
  let end = text.length;
  while (text[end - 1] === "#") end--;
  return /[ \t]/.test(text.charAt(end - 1)) ? text.slice(0, end).trimEnd() : text;
}

/** Whether something other than text begins right below text. @param {string} line @param {boolean} isDeep */
function isBlock(line, isDeep) {
  return FENCE.test(line) || HEADING.test(line) || (!isDeep && (QUOTE.test(line) || ITEM_AFTER_TEXT.test(line)));
}

/** @param {string} line @param {string} fence */
function closes(line, fence) {
  const mark = line.trim();
  return mark.startsWith(fence) && mark === fence.charAt(0).repeat(mark.length);
}

/** An item goes on with what is indented below it. @param {string[]} lines @param {number} at @param {number} width */
function endOfItem(lines, at, width) {
  let end = at + 1;
  for (let next = end; next < lines.length; end = ++next) {
    next = pastBlanks(lines, next);
    if (widthOf(/^[ \t]*/.exec(lines[next] ?? "")?.[0] ?? "") < width) break;
  }
  return end;
}

/** @param {string[]} lines @param {number} at */
function pastBlanks(lines, at) {
  while (at < lines.length && BLANK.test(lines[at] ?? "")) at++;
  return at;
}

/** Without the blanks at its start, as wide as `width` at most. @param {string} line @param {number} width */
function dedented(line, width) {
  let at = 0;
  let gone = 0;
  for (; gone < width && (line[at] === " " || line[at] === "\t"); at++) gone += widthOf(line.charAt(at));
  return " ".repeat(Math.max(0, gone - width)) + line.slice(at);
}

/** In columns; a tab has 4. @param {string} text */
function widthOf(text) {
  return text.length + 3 * (text.split("\t").length - 1);
}

/** The text of an item, whose box is made if it is a task. @param {MarkupElement} item @param {string} text */
function withoutBox(item, text) {
  const [mark, state] = TASK.exec(text) ?? [];
  if (!mark) return text;
  const box = element("input", { type: "checkbox", disabled: "", "aria-label": "Task" });
  if (state !== " ") box.attributes.checked = "";
  item.children.push(box);
  item.attributes.class = "task";
  return text.slice(mark.length);
}

/** Its button is for <code-block> to enable. @param {string} code @param {string} language as it was written, or "" */
function codeBlock(code, language) {
  const label = element("span", { class: "language" }, [language]);
  const button = element("button", { type: "button", class: "quiet", disabled: "" }, ["Copy"]);
  const box = { role: "group", "aria-label": "Code", tabindex: "0", dir: "ltr" };
  return element("code-block", {}, [
    element("header", {}, [label, button]),
    element("pre", box, [element("code", {}, [code])]),
  ]);
}
