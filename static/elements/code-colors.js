/** @import { Kind, Token } from "../text/code-tokens.js" */
import { languageOf, tokensOf } from "../text/code-tokens.js";

const PAUSE = 200; // ms between two looks at code that is being written
const TOKENS = 10_000; // of one block; the rest has no colours

/** @typedef {Token & { range: StaticRange }} Painted */

/** By the kind of the token. @type {Map<Kind, Highlight>} */
const highlights = new Map();

/**
 * The colours of code. The document holds plain text only: the browser paints ranges of it. It looks through all ranges
 * at each change of the document, so only the code that is near the view has any.
 */
export class CodeColors {
  #code;
  #language;
  /** What was read. */
  #text = "";
  /** @type {Painted[]} */
  #painted = [];
  #isNear = false;
  /** @type {number | undefined} */
  #timer;

  /** @param {HTMLElement} code @param {string} language */
  constructor(code, language) {
    this.#code = code;
    this.#language = language;
  }

  /** @param {AbortSignal} signal */
  start(signal) {
    const root = this.#code.closest(".scroller");
    const see = (/** @type {IntersectionObserverEntry[]} */ all) => this.#near(all.at(-1)?.isIntersecting ?? false);
    const view = new IntersectionObserver(see, { root, rootMargin: "50%" });
    const growth = new MutationObserver(() => (this.#timer ??= setTimeout(() => this.#paint(), PAUSE)));
    view.observe(this.#code);
    growth.observe(this.#code, { characterData: true, childList: true, subtree: true });
    signal.addEventListener("abort", () => {
      view.disconnect();
      growth.disconnect();
      clearTimeout(this.#timer);
      this.#forget(0);
    });
  }

  /** @param {boolean} isNear */
  #near(isNear) {
    this.#isNear = isNear;
    if (isNear) this.#paint();
    else this.#forget(0);
  }

  /** What is new, from its line on. */
  #paint() {
    this.#timer = undefined;
    const node = this.#code.firstChild;
    if (!this.#isNear || !(node instanceof Text)) return;
    const { data } = node;
    if (!data.startsWith(this.#text)) this.#forget(0);
    const from = this.#forget(this.#text.lastIndexOf("\n") + 1);
    this.#text = data;
    for (const token of tokensOf(this.#language, data, from)) {
      if (this.#painted.length >= TOKENS) break;
      const { start: startOffset, end: endOffset } = token;
      const range = new StaticRange({ startContainer: node, startOffset, endContainer: node, endOffset });
      this.#painted.push({ ...token, range });
      highlightOf(token.kind).add(range);
    }
  }

  /** The colours from `offset` on, or that may go on there. Returns where the first begins. @param {number} offset */
  #forget(offset) {
    if (!offset) this.#text = "";
    for (let last; (last = this.#painted.at(-1)) && last.end >= offset; offset = Math.min(offset, last.start)) {
      highlightOf(last.kind).delete(last.range);
      this.#painted.pop();
    }
    return offset;
  }
}

/**
 * Undefined for a language that is not known, and in a browser that paints no ranges.
 * @param {HTMLElement} code
 * @param {string} info what stands after the fence
 */
export function colorsOf(code, info) {
  const language = globalThis.CSS?.highlights && languageOf(info);
  return language ? new CodeColors(code, language) : undefined;
}

/** @param {Kind} kind */
function highlightOf(kind) {
  const known = highlights.get(kind);
  if (known) return known;
  const highlight = new Highlight();
  highlights.set(kind, highlight);
  CSS.highlights.set(`code-${kind}`, highlight);
  return highlight;
}
