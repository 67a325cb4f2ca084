import { find, fromTemplate } from "../elements/dom.js";
import { appendInline } from "./inline-text.js";
import { appendRow, appendTable, columnsAt, isRow } from "./table-text.js";

const DEPTH = 8; // of quotes and lists in one another; what is deeper is shown as it was written
const BLOCKS = 2_000; // and cells of tables; a message made of nothing but marks must not become a page of elements
const COPIED = 2_000; // ms for which the button says so

// Each is tried on one line, and none can go back over it more than once: people write 100,000 backticks.
const BLANK = /^\s*$/;
const FENCE = /^([ \t]*)(`{3,}(?!`)|~{3,}(?!~))([^`]*)$/;
const HEADING = /^(#{1,6})[ \t]+(?=\S)/;
const RULE = /^[ \t]*([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const QUOTE = /^[ \t]*>(?=[ \t>]|$)[ \t]?/; // not >_<
const ITEM = /^([ \t]*)(?:[-*+]|(\d{1,9})[.)])[ \t]+(?=\S)/;
const TASK = /^\[([ xX])\][ \t]+(?=\S)/;
// "Born in\n1986. A good year." is no list.
const ITEM_AFTER_TEXT = /^[ \t]*(?:[-*+]|1[.)])[ \t]+\S/;

/**
 * What a person wrote, with the Markdown that people use in a chat. It is made of nodes and never of HTML;
 * what is not understood is text, exactly as it was written.
 * @param {string} text
 */
export function formatted(text) {
  const fragment = document.createDocumentFragment();
  new Blocks().append(fragment, text.split(/\r\n?|\n/), 0);
  return fragment;
}

/** What a message says, on one line and without its marks. @param {string} text */
export function wordsOf(text) {
  const fragment = formatted(text);
  for (const header of fragment.querySelectorAll("header")) header.remove();
  for (const block of fragment.querySelectorAll("p, h2, h3, h4, h5, h6, pre, th, td")) block.append(" ");
  return fragment.textContent.trim();
}

/** The blocks of a message. What reads one returns the line after it, or 0 where there is none. */
class Blocks {
  #left = BLOCKS;

  /** @param {Node} parent @param {string[]} lines @param {number} depth */
  append(parent, lines, depth) {
    for (let at = 0; at < lines.length; ) {
      const line = /** @type {string} */ (lines[at]);
      if (BLANK.test(line)) at++;
      else if (this.#left-- > 0) at = this.#block(parent, lines, at, depth);
      else return appendInline(appendNew(parent, "p"), lines.slice(at).join("\n"));
    }
  }

  /** @param {Node} parent @param {string[]} lines @param {number} at @param {number} depth */
  #block(parent, lines, at, depth) {
    const isDeep = depth >= DEPTH;
    return (
      this.#code(parent, lines, at) ||
      this.#heading(parent, lines, at) ||
      this.#rule(parent, lines, at) ||
      this.#table(parent, lines, at) ||
      (!isDeep && this.#quote(parent, lines, at, depth)) ||
      (!isDeep && this.#list(parent, lines, at, depth)) ||
      this.#paragraph(parent, lines, at, isDeep)
    );
  }

  /** One that is not closed goes on to the end. @param {Node} parent @param {string[]} lines @param {number} at */
  #code(parent, lines, at) {
    const [, indent = "", fence, info = ""] = FENCE.exec(lines[at] ?? "") ?? [];
    if (!fence) return 0;
    let end = at + 1;
    while (end < lines.length && !closes(lines[end] ?? "", fence)) end++;
    const code = lines.slice(at + 1, end).map((line) => dedented(line, widthOf(indent)));
    parent.appendChild(codeBlock(code.join("\n"), info.trim()));
    return end + 1;
  }

  /** Its level is below that of the page's own heading. @param {Node} parent @param {string[]} lines @param {number} at */
  #heading(parent, lines, at) {
    const line = lines[at] ?? "";
    const [mark, signs = ""] = HEADING.exec(line) ?? [];
    if (!mark) return 0;
    appendInline(appendNew(parent, `h${Math.min(signs.length + 1, 6)}`), line.slice(mark.length));
    return at + 1;
  }

  /** @param {Node} parent @param {string[]} lines @param {number} at */
  #rule(parent, lines, at) {
    if (!RULE.test(lines[at] ?? "")) return 0;
    appendNew(parent, "hr");
    return at + 1;
  }

  /** @param {Node} parent @param {string[]} lines @param {number} at */
  #table(parent, lines, at) {
    const columns = columnsAt(lines, at);
    if (!columns) return 0;
    const body = appendTable(parent, lines[at] ?? "", columns);
    for (at += 2; isRow(lines[at]) && this.#left > 0; at++) {
      this.#left -= appendRow(body, "td", lines[at] ?? "", columns);
    }
    return at;
  }

  /** @param {Node} parent @param {string[]} lines @param {number} at @param {number} depth */
  #quote(parent, lines, at, depth) {
    const quoted = [];
    for (let line; (line = lines[at + quoted.length]) !== undefined && QUOTE.test(line); )
      quoted.push(line.replace(QUOTE, ""));
    if (!quoted.length) return 0;
    this.append(appendNew(parent, "blockquote"), quoted, depth + 1);
    return at + quoted.length;
  }

  /** @param {Node} parent @param {string[]} lines @param {number} at @param {number} depth */
  #list(parent, lines, at, depth) {
    const [mark, indent = "", first] = ITEM.exec(lines[at] ?? "") ?? [];
    if (!mark) return 0;
    const list = appendNew(parent, first ? "ol" : "ul");
    let number = first ? Number(first) : 0;
    if (list instanceof HTMLOListElement) list.start = number;
    for (;;) {
      const [itemMark, , written] = ITEM.exec(lines[at] ?? "") ?? [];
      if (!itemMark || !written !== !first || this.#left <= 0 || RULE.test(lines[at] ?? "")) break;
      const item = /** @type {HTMLLIElement} */ (appendNew(list, "li"));
      // Numbers may leap, and 1. 1. 1. counts on.
      if (Number(written) > number) item.value = number = Number(written);
      number++;
      const end = endOfItem(lines, at, widthOf(indent) + 2);
      const inner = lines.slice(at, end).map((line) => dedented(line, widthOf(itemMark)));
      inner[0] = withoutBox(item, (lines[at] ?? "").slice(itemMark.length));
      this.append(item, inner, depth + 1);
      at = pastBlanks(lines, end);
    }
    if (first) list.style.setProperty("--digits", `${`${number}`.length}`);
    return at;
  }

  /** @param {Node} parent @param {string[]} lines @param {number} at @param {boolean} isDeep */
  #paragraph(parent, lines, at, isDeep) {
    let end = at + 1;
    for (let line; (line = lines[end]) !== undefined && !BLANK.test(line) && !isBlock(line, isDeep); end++) {
      if (columnsAt(lines, end)) break;
    }
    appendInline(appendNew(parent, "p"), lines.slice(at, end).join("\n"));
    return end;
  }
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

/** The text of an item, whose box is made if it is a task. @param {HTMLLIElement} item @param {string} text */
function withoutBox(item, text) {
  const [mark, state] = TASK.exec(text) ?? [];
  if (!mark) return text;
  const box = document.createElement("input");
  Object.assign(box, { type: "checkbox", disabled: true, checked: state !== " ", ariaLabel: "Task" });
  item.append(box);
  item.className = "task";
  return text.slice(mark.length);
}

/** @param {Node} parent @param {string} name */
function appendNew(parent, name) {
  return parent.appendChild(document.createElement(name));
}

/** @param {string} code @param {string} language as it was written, or "" */
function codeBlock(code, language) {
  const element = fromTemplate("code-block");
  find(element, "code", HTMLElement).textContent = code;
  find(element, ".language", HTMLElement).textContent = language;
  return element;
}

/** Code, and a button that copies it. */
class CodeBlock extends HTMLElement {
  #code = find(this, "code", HTMLElement);
  #button = find(this, "button", HTMLButtonElement);
  /** @type {number | undefined} */
  #timer;

  connectedCallback() {
    this.#button.onclick = () => this.#copy();
  }

  disconnectedCallback() {
    this.#button.onclick = null;
    clearTimeout(this.#timer);
  }

  async #copy() {
    const isCopied = (await this.#write()) || this.#writeSelected();
    clearTimeout(this.#timer);
    this.#button.textContent = isCopied ? "Copied" : "Selected";
    this.#timer = setTimeout(() => (this.#button.textContent = "Copy"), COPIED);
  }

  async #write() {
    try {
      await navigator.clipboard.writeText(this.#code.textContent);
      return true;
    } catch {
      return false; // it is forbidden, or the page came over plain HTTP, and then there is no clipboard
    }
  }

  /** Where this fails too, the code is selected at least, and a person can copy it. */
  #writeSelected() {
    getSelection()?.selectAllChildren(this.#code);
    return document.execCommand("copy");
  }
}

customElements.define("code-block", CodeBlock);
