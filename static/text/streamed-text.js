/** @import { Markup, MarkupElement } from "../types.js" */
import { nodeOf, setAttributes } from "./markup.js";
import { OpenText } from "./open-text.js";

const NEWLINE = /\r\n?|\n/g;
const LONG = 20_000; // characters of a block that is not code; it is read again for each hundredth that it grows

/**
 * Text in the document that is being written. What does not change stays the same node, so that a selection, the
 * focus and what was scrolled stay where they are.
 */
export class StreamedText {
  #container;
  #reader = new OpenText();
  /** The text of the blocks that no later text can change. */
  #settled = "";
  /** How many nodes these blocks are. */
  #nodes = 0;
  /** How many more may be made. @type {number | undefined} */
  #left;
  /** What is shown after them. @type {Markup[]} */
  #shown = [];
  /** The length of the text that was read last, and up to which length nothing is read again. */
  #length = 0;
  #pause = 0;
  #hasCode = false;

  /** @param {HTMLElement} container holds nothing else */
  constructor(container) {
    this.#container = container;
  }

  /** Shows the whole text so far. @param {string} text @param {boolean} [isComplete] as `formatted` would show it */
  show(text, isComplete = false) {
    if (!text.startsWith(this.#settled)) this.#clear();
    if (!isComplete && text.length >= this.#length && text.length < this.#pause) return;
    const rest = text.slice(this.#settled.length);
    if (isComplete) this.#paint(this.#reader.readAll(rest, this.#left));
    else this.#grow(rest);
    this.#length = text.length;
    this.#pause = text.length + this.#hundredth(text.length - this.#settled.length);
    if (!this.#hasCode && this.#container.querySelector("code-block")) this.#loadCode();
  }

  #clear() {
    this.#container.replaceChildren();
    this.#settled = "";
    this.#nodes = 0;
    this.#left = undefined;
    this.#shown = [];
    this.#pause = 0;
  }

  /** @param {string} rest */
  #grow(rest) {
    const tail = this.#reader.read(rest, this.#left);
    this.#paint(tail.markup);
    if (tail.blocks) this.#settle(rest, tail);
  }

  /** Of a long block. @param {number} length */
  #hundredth(length) {
    const last = this.#shown.at(-1);
    const isCode = !!last && typeof last !== "string" && last.name === "code-block";
    return isCode || length < LONG ? 0 : length / 100;
  }

  /** @param {Markup[]} markup */
  #paint(markup) {
    patch(this.#container, this.#nodes, this.#shown, markup);
    this.#shown = markup;
  }

  /** @param {string} rest @param {{ blocks: number, lines: number, left: number }} tail */
  #settle(rest, { blocks, lines, left }) {
    NEWLINE.lastIndex = 0;
    for (; lines; lines--) NEWLINE.exec(rest);
    this.#settled += rest.slice(0, NEWLINE.lastIndex);
    this.#nodes += blocks;
    this.#left = left;
    this.#shown = this.#shown.slice(blocks);
  }

  #loadCode() {
    this.#hasCode = true;
    import("../elements/code-block.js").catch(() => (this.#hasCode = false)); // it is tried again
  }
}

/**
 * Changes the children from `from` on, which show `before`.
 * @param {Element} parent
 * @param {number} from
 * @param {Markup[]} before
 * @param {Markup[]} markup
 */
function patch(parent, from, before, markup) {
  const nodes = parent.childNodes;
  while (nodes.length > from + markup.length) parent.lastChild?.remove();
  for (const [index, part] of markup.entries()) {
    const node = nodes[from + index];
    const old = before[index];
    if (!node || old === undefined) parent.append(nodeOf(part));
    else if (old !== part && !patchNode(node, old, part)) node.replaceWith(nodeOf(part));
  }
}

/** Whether the node could stay. @param {ChildNode} node @param {Markup} before @param {Markup} markup */
function patchNode(node, before, markup) {
  if (typeof before === "string" || typeof markup === "string") {
    return node instanceof Text && typeof before === typeof markup && patchText(node, `${markup}`);
  }
  if (!(node instanceof HTMLElement) || before.name !== markup.name) return false;
  patchAttributes(node, before, markup);
  if (before.children !== markup.children) patch(node, 0, before.children, markup.children);
  return true;
}

/** What is the same at the beginning stays, and what is selected in it. @param {Text} node @param {string} text */
function patchText(node, text) {
  const { data } = node;
  if (data === text) return true;
  let same = text.startsWith(data) ? data.length : 0;
  if (!same) while (same < data.length && data[same] === text[same]) same++;
  node.replaceData(same, data.length - same, text.slice(same));
  return true;
}

/** @param {HTMLElement} node @param {MarkupElement} before @param {MarkupElement} markup */
function patchAttributes(node, before, markup) {
  for (const name of Object.keys(before.attributes)) if (!(name in markup.attributes)) node.removeAttribute(name);
  const changed = Object.entries(markup.attributes).filter(([name, value]) => before.attributes[name] !== value);
  setAttributes(node, { ...markup, attributes: Object.fromEntries(changed) });
}
