// Avatars without pictures: initials on a colour. Both follow from who it is, so they are the same in every browser.

const GOLDEN_ANGLE = 137.508; // degrees; ids that follow one another get hues that are far apart
const WORDS = /[\s._-]+/u;
const LETTER = /[\p{L}\p{N}]\p{M}*/u;

/** Of the first and the last word; a name of one word has one. @param {string} name */
export function initialsOf(name) {
  const letters = name.split(WORDS).flatMap((word) => LETTER.exec(word)?.[0] ?? []);
  const [first = [...name.trim()][0] ?? "?"] = letters;
  const last = letters.length > 1 ? (letters.at(-1) ?? "") : "";
  return (first + last).toUpperCase();
}

/** In degrees. @param {number | string} who the id of an account, or the name of what has none */
export function hueOf(who) {
  return Math.round(((typeof who === "number" ? who : sumOf(who)) * GOLDEN_ANGLE) % 360);
}

/** @param {string} name */
const sumOf = (name) => Array.from(name).reduce((sum, sign) => (sum * 31 + (sign.codePointAt(0) ?? 0)) % 9973, 7);

/**
 * Shows who it is. A bot, and whatever writes by SQL, is no circle.
 * @param {HTMLElement} avatar
 * @param {{ id: number | null, name: string, isPerson: boolean }} who
 */
export function paintAvatar(avatar, { id, name, isPerson }) {
  avatar.textContent = name && initialsOf(name);
  avatar.style.setProperty("--hue", `${hueOf(id ?? name)}`);
  avatar.classList.toggle("of-program", !isPerson);
}

/** "Ada", "Ada and Bob", "Ada, Bob and Cy", "Ada, Bob and 3 others". @param {string[]} names @param {number} [most] */
export function namesInWords(names, most = 3) {
  const shown = names.length > most ? names.slice(0, most - 1) : names;
  const left = names.length - shown.length;
  const parts = left ? [...shown, `${left} others`] : shown;
  return parts.length < 2 ? (parts[0] ?? "") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}
