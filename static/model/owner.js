import { attempt } from "./shared-map.js";

// Several persons may sign in with one browser, one after the other. What one of them has written and not sent must not
// be sent, or seen, by the next: so each has keys of their own in local storage.

const OWNER = "chinwag-owner";
const FIRST_OWNER = "chinwag-first-owner"; // the keys of the first one have no name of theirs, as before there were several

/** The id of the account that was signed in last in this browser. @type {number | null} */
export const lastOwner = Number(read(OWNER)) || null;

/** How the keys begin of the person who was signed in last. */
export const PREFIX = prefixOf(read(OWNER));

/**
 * Notes who is signed in. True if that is somebody else than before: then the page must be loaded anew.
 * @param {number} accountId
 */
export function takeOver(accountId) {
  const owner = `${accountId}`;
  if (read(OWNER) === owner) return false;
  attempt(() => {
    if (read(FIRST_OWNER) === null) localStorage.setItem(FIRST_OWNER, owner);
    localStorage.setItem(OWNER, owner);
  });
  return read(OWNER) === owner && prefixOf(owner) !== PREFIX; // or local storage is forbidden, and holds nothing
}

/** @param {string | null} owner */
function prefixOf(owner) {
  return owner === null || owner === read(FIRST_OWNER) ? "chinwag." : `chinwag-of-${owner}.`;
}

/** @param {string} key */
function read(key) {
  let value = null;
  attempt(() => (value = localStorage.getItem(key)));
  return value;
}
