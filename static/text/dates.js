// Moments as people read them: days and months in the language of the page, times of day as the person writes them.

const DAY = 86_400_000; // ms

/**
 * Made after a frame has been painted, since a browser takes 20 ms to load its calendar.
 * @type {{ time: Intl.DateTimeFormat, full: Intl.DateTimeFormat } | undefined}
 */
let formats;
/** The elements that wait for `formats`, and whether they are brief. @type {Map<HTMLTimeElement, boolean>} */
const waiting = new Map();

/**
 * Shows the time of day of a moment; a brief one shows the day instead if that is not today. The tooltip has both.
 * @param {HTMLTimeElement} element
 * @param {string} moment in ISO 8601
 * @param {{ isBrief?: boolean }} [options]
 */
export function showMoment(element, moment, { isBrief = false } = {}) {
  element.dateTime = moment;
  if (formats) return show(element, isBrief);
  if (!waiting.size) requestAnimationFrame(() => setTimeout(makeFormats));
  waiting.set(element, isBrief);
}

/** The day of a message. @param {Date} moment */
export function dayName(moment) {
  return nearDay(moment) ?? inEnglish(moment, { weekday: "long", day: "numeric", month: "long" }, { dateStyle: "long" });
}

/** The day, week or month of what is listed by its time. @param {Date} moment */
export function periodName(moment) {
  const isRecent = daysSince(moment) < 7;
  return nearDay(moment) ?? (isRecent ? "Last 7 days" : inEnglish(moment, { month: "long" }, { month: "long", year: "numeric" }));
}

function makeFormats() {
  formats = {
    time: new Intl.DateTimeFormat(undefined, { timeStyle: "short" }),
    full: new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" }),
  };
  for (const [element, isBrief] of waiting) show(element, isBrief);
  waiting.clear();
}

/** @param {HTMLTimeElement} element @param {boolean} isBrief */
function show(element, isBrief) {
  const moment = new Date(element.dateTime);
  element.textContent = isBrief && daysSince(moment) > 0 ? shortDay(moment) : (formats?.time.format(moment) ?? "");
  element.title = formats?.full.format(moment) ?? "";
}

/** @param {Date} moment */
function shortDay(moment) {
  if (daysSince(moment) < 7) return moment.toLocaleDateString("en", { weekday: "short" });
  return inEnglish(moment, { day: "numeric", month: "short" }, { day: "numeric", month: "short", year: "numeric" });
}

/** @param {Date} moment */
function nearDay(moment) {
  const days = daysSince(moment);
  return days <= 0 ? "Today" : days === 1 ? "Yesterday" : undefined;
}

/** Midnights between a moment and now. @param {Date} moment */
function daysSince(moment) {
  return Math.round((new Date().setHours(0, 0, 0, 0) - new Date(moment).setHours(0, 0, 0, 0)) / DAY);
}

/**
 * @param {Date} moment
 * @param {Intl.DateTimeFormatOptions} thisYear
 * @param {Intl.DateTimeFormatOptions} otherYear
 */
function inEnglish(moment, thisYear, otherYear) {
  const isOfThisYear = moment.getFullYear() === new Date().getFullYear();
  return moment.toLocaleDateString("en", isOfThisYear ? thisYear : otherYear);
}
