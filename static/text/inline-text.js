/** @import { Markup } from "../types.js" */
import { element, plainText, withoutLinks } from "./markup.js";

const OPEN = 16; // marks that can be open at once; those that are opened inside them are text
const MARKS = 5_000; // in one block; a flood of them must not become as many elements

// A shrug's backslash and lines are no marks, and those of a formula ($$, $, \\( and \\[) belong to it.
const TOKEN = /¯\\_\(ツ\)_\/¯|\$\$[^$`]+\$\$|\$(?=[^\s$])[^$`\n]*[^\s$`\\]\$(?!\d)|\\\((?:[^\\\n]|\\[^()\n])*\\\)|\\\[(?:[^\\]|\\[^[\]])*\\\]|\\[\\`*_~![\]#>+$-]|<(?=https?:|mailto:)|(?<=\d)\\[.)]|`+|\*+|_+|~+|!?\[|\]\(?|\b(?:https?:\/\/|mailto:)|(?<![\p{L}\p{N}_@./-])@[a-z\d](?:[\w.-]{0,30}[a-z\d])?(?![\p{L}\p{N}@]|_[a-z\d])/giu;
// Of the scripts that set words apart: in the others (Lo), **this** has letters on both sides.
const WORD = /[\p{Lu}\p{Ll}\p{Lt}\p{N}]/u;
const BLANK = /\s/;
const LONGEST = 2_000; // characters of an address
const NESTED = 8; // brackets in one another in an address
const SCHEME = /^(?:https?:\/\/|mailto:)/i;
// What no address goes on after, however it was written: blanks, quotes, what turns the writing around.
const STOP_OR_BRACKET =
  /[\s<>"`“”„«»\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u3000-\u3030\uff01-\uff1f()[\]{}]/gu;
const FORMULA = /[\\^_={}\s]/; // one of these is in a formula
const TITLE = /[ \t]+"[^"\n]*"(?=\))/y; // after the address of a link
const PUNCTUATION = ".,:;!?'*_~…";

/** What is opened and not closed yet. @typedef {{ mark: string, size: number, at: number, into: Markup[] }} Opened */

/** Emphasis, code and links, in the text of one block. @param {string} text */
export function inline(text) {
  TOKEN.lastIndex = 0;
  return TOKEN.test(text) ? new Inline(text).read() : [text];
}

/**
 * Reads from left to right, once. What is opened waits on a stack; what is never closed is put back as text.
 * What reads a token returns where to go on.
 */
export class Inline {
  #text;
  /** The lowest is the whole, and the last is what is written into. @type {[Opened, ...Opened[]]} */
  #opened = [opened("", 0, 0)];
  /** Where the text begins that is read, and not yet written. */
  #from = 0;
  /** By the length of a run of backticks, where the last such run begins. @type {Map<number, number> | undefined} */
  #lastTicks;

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
  }

  /** The markup. */
  read() {
    const [whole] = this.scan();
    this.#giveUpAbove(0);
    return whole.into;
  }

  /** What is still open at the end, above the whole. */
  scan() {
    let at = 0;
    for (let left = MARKS, match; left-- && ((TOKEN.lastIndex = at), (match = TOKEN.exec(this.#text))); )
      at = this.#take(match[0], match.index);
    this.#write(this.#text.length);
    return this.#opened;
  }

  /** @param {string} token @param {number} at */
  #take(token, at) {
    const end = at + token.length;
    switch (token[0]) {
      case "\\": return this.#escape(token, at, end);
      case "$": return end;
      case "<": return this.#autolink(at, end);
      case "`": return this.#code(token.length, end);
      case "*": case "_": case "~": return this.#emphasis(token, at, end);
      case "[": case "!": return this.#open(token, 1, at, end), end;
      case "]": return this.#link(token === "](", at, end);
      case "¯": return end;
      case "@": return this.#mention(token, at, end);
      default: return this.#url(at);
    }
  }

  /** @param {string} token @param {number} at @param {number} end */
  #escape(token, at, end) {
    if (token.length > 2 && (token[1] === "(" || FORMULA.test(token.slice(2, -2)))) return end;
    this.#write(at, at + 1);
    return at + 2;
  }

  /** @param {number} ticks @param {number} start */
  #code(ticks, start) {
    this.#lastTicks ??= new Map(Array.from(this.#text.matchAll(/`+/g), ({ 0: run, index }) => [run.length, index]));
    if ((this.#lastTicks.get(ticks) ?? -1) < start) return start;
    const runs = /`+/g;
    runs.lastIndex = start;
    let run;
    do run = /** @type {RegExpExecArray} */ (runs.exec(this.#text));
    while (run[0].length !== ticks);
    this.#write(start - ticks, run.index + ticks);
    const written = this.#text.slice(start, run.index);
    const isPadded = written.startsWith(" ") && written.endsWith(" ") && written.trim() !== "";
    this.#into.push(element("code", {}, [isPadded ? written.slice(1, -1) : written]));
    return this.#from;
  }

  /** @param {string} run @param {number} at @param {number} end */
  #emphasis(run, at, end) {
    const mark = run.charAt(0);
    if (mark === "~" ? run.length !== 2 : run.length > 3) return end;
    const before = this.#text[at - 1] ?? " ";
    const after = this.#text[end] ?? " ";
    let left = run.length;
    while (left && !BLANK.test(before) && !WORD.test(after)) {
      const index = this.#opened.findLastIndex((it) => it.mark === mark && fits(it.size, left));
      if (index < 0) break;
      this.#write(end - left);
      left -= this.#close(index, left);
      this.#from = end - left;
    }
    if (left && !BLANK.test(after) && !WORD.test(before)) this.#open(mark, left, end - left, end);
    return end;
  }

  /** @param {string} mark @param {number} size @param {number} at @param {number} end */
  #open(mark, size, at, end) {
    if (this.#opened.length > OPEN) return;
    this.#write(at, end);
    this.#opened.push(opened(mark, size, at));
  }

  /** The size that was closed, of a mark of three too. @param {number} index @param {number} size */
  #close(index, size) {
    this.#giveUpAbove(index);
    const it = /** @type {Opened} */ (this.#opened.pop());
    const closed = Math.min(size, it.size);
    let inner = it.into;
    if (closed !== 2) inner = [element("em", {}, inner)];
    if (closed !== 1) inner = [element(it.mark === "~" ? "del" : "strong", {}, inner)];
    if (it.size > closed) this.#opened.push(opened(it.mark, it.size - closed, it.at));
    this.#into.push(...inner);
    return closed;
  }

  /** An image becomes a link too: to load it would tell its host who reads. @param {boolean} hasAddress @param {number} at @param {number} end */
  #link(hasAddress, at, end) {
    const index = this.#opened.findLastIndex((it) => it.mark.endsWith("["));
    if (index < 0) return end;
    this.#write(at);
    const addressEnd = hasAddress ? endOfAddress(this.#text, end) : end;
    TITLE.lastIndex = addressEnd;
    const linkEnd = TITLE.test(this.#text) ? TITLE.lastIndex : addressEnd;
    const url = this.#text[linkEnd] === ")" && urlAt(this.#text.slice(end, addressEnd));
    if (!url) return this.#giveUp(index), end;
    this.#giveUpAbove(index);
    const { into } = /** @type {Opened} */ (this.#opened.pop());
    // An address in the words of a link leads where the link leads.
    this.#into.push(linkTo(url, plainText(into).trim() ? withoutLinks(into) : [url.href]));
    return (this.#from = linkEnd + 1);
  }

  /** Whether there is such a person is for the page to know. @param {string} token @param {number} at @param {number} end */
  #mention(token, at, end) {
    this.#write(at, end);
    this.#into.push(element("span", { class: "mention" }, [token]));
    return end;
  }

  /** `<https://…>` @param {number} at @param {number} end */
  #autolink(at, end) {
    const addressEnd = endOfAddress(this.#text, end);
    const url = this.#text[addressEnd] === ">" && urlAt(this.#text.slice(end, addressEnd));
    if (!url) return end;
    this.#write(at);
    this.#into.push(linkTo(url, [this.#text.slice(end, addressEnd)]));
    return (this.#from = addressEnd + 1);
  }

  /** @param {number} at */
  #url(at) {
    const end = endOfBareAddress(this.#text, at);
    const written = this.#text.slice(at, end);
    const url = urlAt(written);
    if (!url) return end;
    this.#write(at, end);
    this.#into.push(linkTo(url, [written]));
    return end;
  }

  get #into() {
    return /** @type {Opened} */ (this.#opened.at(-1)).into;
  }

  /** The text up to `end`; what comes next begins at `next`. @param {number} end @param {number} [next] */
  #write(end, next = end) {
    if (end > this.#from) this.#into.push(this.#text.slice(this.#from, end));
    this.#from = next;
  }

  /** @param {number} index */
  #giveUpAbove(index) {
    while (this.#opened.length > index + 1) this.#giveUp(index + 1);
  }

  /** What was opened was no mark. @param {number} index */
  #giveUp(index) {
    const [it] = this.#opened.splice(index, 1);
    if (it) this.#opened[index - 1]?.into.push(it.mark.repeat(it.size), ...it.into);
  }
}

/** @param {number} opened @param {number} closing */
function fits(opened, closing) {
  return opened === closing || opened === 3 || closing === 3;
}

/** @param {string} mark @param {number} size @param {number} at @returns {Opened} */
function opened(mark, size, at) {
  return { mark, size, at, into: [] };
}

/** The end of the address that begins at `at`: its brackets are in pairs. @param {string} text @param {number} at */
function endOfAddress(text, at) {
  let depth = 0;
  STOP_OR_BRACKET.lastIndex = at;
  for (let match; (match = STOP_OR_BRACKET.exec(text)); ) {
    depth += "([{".includes(match[0]) ? 1 : ")]}".includes(match[0]) ? -1 : Infinity;
    if (depth < 0 || depth > NESTED) return match.index;
  }
  return text.length;
}

/** The end of an address among words: the punctuation after it is the sentence's. @param {string} text @param {number} at */
function endOfBareAddress(text, at) {
  let end = endOfAddress(text, at);
  while (end > at && PUNCTUATION.includes(text.charAt(end - 1))) end--;
  return end;
}

/** An address that a person may be led to, or null. @param {string} address */
function urlAt(address) {
  if (address.length > LONGEST || !SCHEME.test(address) || !URL.canParse(address)) return null;
  const url = new URL(address);
  return url.host || url.pathname.includes("@") ? url : null;
}

/** Its words can lie: where it leads is shown unless they begin with it. @param {URL} url @param {Markup[]} words */
function linkTo(url, words) {
  const { href } = url;
  const rel = "noopener noreferrer nofollow";
  const link = element("a", { href, title: href, target: "_blank", rel }, words);
  const host = url.host || url.pathname;
  if (!begins(plainText(words), host)) link.attributes["data-host"] = host;
  return link;
}

/** @param {string} words @param {string} host */
function begins(words, host) {
  const start = words.replace(SCHEME, "").toLowerCase();
  return start.startsWith(host.toLowerCase()) && /^$|^[/?#:]/.test(start.slice(host.length));
}
