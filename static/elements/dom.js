/**
 * The one element that matches, of the type that it is known to have; index.html holds them all.
 * @template {Element} E
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => E} type
 */
export function find(root, selector, type) {
  const element = root.querySelector(selector);
  if (element instanceof type) return element;
  throw new TypeError(`index.html has no ${type.name} at ${selector}`);
}

/** The only element of a template, copied. @param {string} id */
export function fromTemplate(id) {
  const { content } = find(document, `template#${id}`, HTMLTemplateElement);
  return find(/** @type {DocumentFragment} */ (content.cloneNode(true)), "*", HTMLElement);
}

/** An element that listens for as long as it is in the document. */
export class LiveElement extends HTMLElement {
  #left = new AbortController();

  connectedCallback() {
    this.#left = new AbortController();
    this.connected(this.#left.signal);
  }

  disconnectedCallback() {
    this.#left.abort();
  }

  /** @param {AbortSignal} _signal ends what is begun here */
  connected(_signal) {}
}
