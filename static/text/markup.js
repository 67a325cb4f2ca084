/** @import { Markup, MarkupElement } from "../types.js" */

const LINE = /^(?:p|h[2-6]|pre|th|td|br)$/; // elements after which another line begins

/** @param {string} name @param {Record<string, string>} [attributes] @param {Markup[]} [children] @returns {MarkupElement} */
export const element = (name, attributes = {}, children = []) => ({ name, attributes, children });

/** @param {Markup[]} markup @returns {string} */
export const plainText = (markup) =>
  markup.map((part) => (typeof part === "string" ? part : plainText(part.children))).join("");

/** @param {Markup[]} markup @returns {Markup[]} */
export const withoutLinks = (markup) =>
  markup.flatMap((part) => {
    if (typeof part === "string") return part;
    const children = withoutLinks(part.children);
    return part.name === "a" ? children : element(part.name, part.attributes, children);
  });

/** @param {Markup} markup @returns {Node} */
export function nodeOf(markup) {
  if (typeof markup === "string") return document.createTextNode(markup);
  const node = document.createElement(markup.name);
  setAttributes(node, markup);
  node.append(...markup.children.map(nodeOf));
  return node;
}

/** @param {HTMLElement} node @param {MarkupElement} markup */
export function setAttributes(node, { attributes }) {
  for (const [name, value] of Object.entries(attributes)) {
    // The page's security policy forbids the attribute, and not the property.
    if (name === "style") node.style.cssText = value;
    else node.setAttribute(name, value);
  }
}

/** With a blank after each block, and without the headers of code. @param {Markup} markup @returns {Markup} */
export function onOneLine(markup) {
  if (typeof markup === "string") return markup;
  if (markup.name === "header") return "";
  return element(markup.name, {}, [...markup.children.map(onOneLine), LINE.test(markup.name) ? " " : ""]);
}
