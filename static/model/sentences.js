const FENCE = /^[ \t]*(?:`{3,}|~{3,})/;
const SENTENCE_END = /[.!?…。！？](?=["'”’)*_]*\s)/gu;

/**
 * A place in a text that grows, at which a sentence begins.
 * @typedef {{ end: number, isInCode: boolean }} Spoken
 */

/** The end of a text. @param {string} text @returns {Spoken} */
export function endOf(text) {
  const fences = text.split("\n").filter((line) => FENCE.test(line));
  return { end: text.length, isInCode: fences.length % 2 === 1 };
}

/**
 * The sentences that are complete after this place, and the place after them. A line that has ended is complete, too. Code is
 * left out: nobody could listen to it.
 * @param {string} text
 * @param {Spoken} from
 */
export function sentencesAfter(text, { end, isInCode }) {
  const sentences = [];
  for (let lineEnd; (lineEnd = text.indexOf("\n", end)) >= 0; end = lineEnd + 1) {
    const line = text.slice(end, lineEnd);
    const isFence = FENCE.test(line);
    if (!isInCode && !isFence) sentences.push(...split(line));
    if (isFence) isInCode = !isInCode;
  }
  // Of the line that still grows, only what is certainly a sentence.
  const line = text.slice(end);
  const last = isInCode || FENCE.test(line) ? undefined : [...line.matchAll(SENTENCE_END)].at(-1);
  if (last) {
    const length = last.index + last[0].length;
    sentences.push(...split(line.slice(0, length)));
    end += length;
  }
  return { sentences, end, isInCode };
}

/** @param {string} line */
function split(line) {
  const parts = [];
  let start = 0;
  for (const { index, 0: mark } of line.matchAll(SENTENCE_END)) {
    parts.push(line.slice(start, index + mark.length).trim());
    start = index + mark.length;
  }
  parts.push(line.slice(start).trim());
  return parts.filter(Boolean);
}
