import { fromTemplate } from "./dom.js";

/**
 * Puts a field in the place of a title: Enter and a look elsewhere save, Escape leaves.
 * @param {HTMLElement} place
 * @param {string} title
 * @param {(title: string) => void} save is not called for a title that is empty, or the same
 */
export function editTitle(place, title, save) {
  const field = /** @type {HTMLInputElement} */ (fromTemplate("title-field"));
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  field.value = title;
  place.after(field);
  place.hidden = true;
  field.addEventListener("select", (event) => event.stopPropagation()); // the list has an event of that name
  field.focus();
  field.select();
  field.addEventListener("blur", end, { once: true });
  field.addEventListener("keydown", (event) => {
    event.stopPropagation(); // the page's shortcuts are not for what is typed here
    if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Escape") field.value = title;
    field.blur();
    focused?.focus();
  });

  function end() {
    const written = field.value.trim();
    place.hidden = false;
    field.remove();
    if (written && written !== title) save(written);
  }
}
