/**
 * The page that describes the WebSockets, made of the AsyncAPI document. Only what this document uses is shown.
 *
 * @typedef {{ $ref: string }} Reference
 * @typedef {{ $ref?: string, type?: string, format?: string, enum?: unknown[], description?: string, default?: unknown,
 *   anyOf?: Schema[], items?: Schema, properties?: Record<string, Schema>, required?: string[] }} Schema
 * @typedef {{ name: string, summary: string, payload: Reference, examples: { payload: unknown }[] }} Message
 * @typedef {{ address: string, title: string, description: string,
 *   bindings: { ws: { query?: Schema } } }} Channel
 * @typedef {{ action: string, title: string, channel: Reference, messages: Reference[] }} Operation
 * @typedef {{ info: { description: string }, channels: Record<string, Channel>, operations: Record<string, Operation>,
 *   "x-close-codes": { code: number, name: string, meaning: string, advice: string }[] }} Description
 */

const description = /** @type {Description} */ (await (await fetch("/docs/asyncapi.json")).json());
const main = /** @type {HTMLElement} */ (document.querySelector("main"));

for (const text of description.info.description.split("\n\n")) main.append(paragraph(text));
for (const [name, channel] of Object.entries(description.channels)) main.append(section(name, channel));
main.append(closeCodes());

/** @param {string} name @param {Channel} channel */
function section(name, channel) {
  const query = channel.bindings.ws.query;
  const operations = Object.values(description.operations).filter((one) => one.channel.$ref === `#/channels/${name}`);
  return element("section", {}, [
    element("h2", { id: name }, [channel.title]),
    element("p", {}, [element("code", {}, [channel.address + (query ? `?${Object.keys(query.properties ?? {}).join("&")}=…` : "")])]),
    paragraph(channel.description),
    ...Object.entries(query?.properties ?? {}).map(([parameter, schema]) => paragraph(`\`${parameter}\`: ${schema.description}`)),
    ...operations.flatMap((operation) => [
      element("h3", {}, [operation.title]),
      ...operation.messages.map((reference) => messageOf(/** @type {Message} */ (lookUp(reference)))),
    ]),
  ]);
}

/** @param {Message} message */
function messageOf(message) {
  const rows = fieldsOf(message.payload, "");
  return element("article", {}, [
    element("h4", {}, [element("code", {}, [message.name])]),
    paragraph(message.summary),
    element("pre", { tabindex: "0" }, [JSON.stringify(message.examples[0]?.payload, null, 2)]),
    ...(rows.length ? [table(["field", "type", "meaning"], rows)] : []),
  ]);
}

/**
 * The fields of an object and of the objects in it, but for the type of the frame.
 * @param {Schema} schema @param {string} before @returns {string[][]}
 */
function fieldsOf(schema, before) {
  const { properties = {}, required = [] } = schema.$ref ? /** @type {Schema} */ (lookUp(/** @type {Reference} */ (schema))) : schema;
  return Object.entries(properties).flatMap(([name, field]) => {
    if (!before && name === "type") return [];
    const path = before + name;
    if (field.$ref) return fieldsOf(field, `${path}.`);
    const omitted = required.includes(name) ? "" : ", optional";
    return [[`\`${path}\``, typeOf(field) + omitted, field.description ?? ""]];
  });
}

/** @param {Schema} schema @returns {string} */
function typeOf(schema) {
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" or ");
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  return schema.format ?? schema.type ?? "anything";
}

/** What is closed, and whether to come back. */
function closeCodes() {
  const rows = description["x-close-codes"].map((one) => [String(one.code), `\`${one.name}\``, one.meaning, one.advice]);
  return element("section", {}, [
    element("h2", { id: "close-codes" }, ["Close codes"]),
    paragraph("After a code that is not in the table, and without one, come back, too."),
    table(["code", "name", "meaning", "advice"], rows),
  ]);
}

/** What a reference leads to. @param {Reference} reference @returns {unknown} */
function lookUp(reference) {
  const found = reference.$ref.split("/").slice(1).reduce((part, name) => /** @type {any} */ (part)[name], /** @type {unknown} */ (description));
  const next = /** @type {{ $ref?: string }} */ (found);
  return next.$ref ? lookUp(/** @type {Reference} */ (next)) : found;
}

/** @param {string[]} heads @param {string[][]} rows */
function table(heads, rows) {
  return element("div", { class: "table", tabindex: "0", role: "group", "aria-label": "Table" }, [
    element("table", {}, [
      element("thead", {}, [element("tr", {}, heads.map((head) => element("th", { scope: "col" }, [head])))]),
      element("tbody", {}, rows.map((row) => element("tr", {}, row.map((cell) => element("td", {}, marked(cell)))))),
    ]),
  ]);
}

/** @param {string} text */
function paragraph(text) {
  return element("p", {}, marked(text));
}

/** The text, with what is between backticks as code. @param {string} text */
function marked(text) {
  return text.split("`").map((part, index) => (index % 2 ? element("code", {}, [part]) : part));
}

/** @param {string} name @param {Record<string, string>} attributes @param {(Node | string)[]} children */
function element(name, attributes, children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export {}; // so that TypeScript takes this file for the module that it is
