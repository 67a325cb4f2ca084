const LONGEST = 2_000; // characters of an address
const NESTED = 8; // brackets in one another in an address
const SCHEME = /^(?:https?:\/\/|mailto:)/i;
// What no address goes on after, however it was written: blanks, quotes, what turns the writing around.
const STOP_OR_BRACKET =
  /[\s<>"`“”„«»\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u3000-\u3030\uff01-\uff1f()[\]{}]/gu;
const PUNCTUATION = ".,:;!?'*_~…";

/** The end of the address that begins at `at`: its brackets are in pairs. @param {string} text @param {number} at */
export function endOfAddress(text, at) {
  let depth = 0;
  STOP_OR_BRACKET.lastIndex = at;
  for (let match; (match = STOP_OR_BRACKET.exec(text)); ) {
    depth += "([{".includes(match[0]) ? 1 : ")]}".includes(match[0]) ? -1 : Infinity;
    if (depth < 0 || depth > NESTED) return match.index;
  }
  return text.length;
}

/** The end of an address among words: the punctuation after it is the sentence's. @param {string} text @param {number} at */
export function endOfBareAddress(text, at) {
  let end = endOfAddress(text, at);
  while (end > at && PUNCTUATION.includes(text.charAt(end - 1))) end--;
  return end;
}

/** An address that a person may be led to, or null. @param {string} address */
export function urlAt(address) {
  if (address.length > LONGEST || !SCHEME.test(address) || !URL.canParse(address)) return null;
  const url = new URL(address);
  return url.host || url.pathname.includes("@") ? url : null;
}

/** Its words can lie: where it leads is shown unless they begin with it. @param {URL} url @param {string | Node} words */
export function linkTo(url, words) {
  const link = document.createElement("a");
  link.href = link.title = url.href;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  link.append(words);
  const host = url.host || url.pathname;
  if (!begins(link.textContent, host)) link.dataset.host = host;
  return link;
}

/** @param {string} words @param {string} host */
function begins(words, host) {
  const start = words.replace(SCHEME, "").toLowerCase();
  return start.startsWith(host.toLowerCase()) && /^$|^[/?#:]/.test(start.slice(host.length));
}
