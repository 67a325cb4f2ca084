/** @import { Person } from "../types.js" */
import { find, fromTemplate } from "./dom.js";
import { people } from "../model/people.js";
import { paintAvatar } from "../text/avatars.js";

/** Persons to choose from, in a listbox that is led by the keys of a field. */
export class PersonOptions {
  #field;
  #box;
  #choose;
  /** @type {Person[]} */
  #persons = [];
  #active = 0;

  /**
   * @param {HTMLInputElement | HTMLTextAreaElement} field
   * @param {HTMLElement} box
   * @param {(person: Person) => void} choose
   */
  constructor(field, box, choose) {
    this.#field = field;
    this.#box = box;
    this.#choose = choose;
    box.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    box.addEventListener("click", (event) => this.#click(event));
  }

  get areShown() {
    return this.#persons.length > 0;
  }

  /** @param {Person[]} persons none: nothing is shown */
  show(persons) {
    this.#persons = persons;
    this.#box.hidden = !persons.length;
    this.#box.replaceChildren(...persons.map((person, index) => optionOf(person, `${this.#box.id}-${index}`)));
    if (this.#field.role === "combobox") this.#field.ariaExpanded = `${this.areShown}`;
    this.#activate(0);
  }

  /** Whether the key means something here. @param {string} key */
  press(key) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (!this.areShown) return false;
    if (step) this.#activate((this.#active + step + this.#persons.length) % this.#persons.length);
    else if (key === "Enter" || key === "Tab") this.#take(this.#active);
    else if (key === "Escape") this.show([]);
    else return false;
    return true;
  }

  /** @param {MouseEvent} event */
  #click({ target }) {
    const option = target instanceof Element && target.closest("[role=option]");
    if (option) this.#take([...this.#box.children].indexOf(option));
  }

  /** @param {number} index */
  #take(index) {
    const person = this.#persons[index];
    this.show([]);
    if (person) this.#choose(person);
  }

  /** @param {number} index */
  #activate(index) {
    const options = [...this.#box.children];
    this.#active = index;
    for (const [at, option] of options.entries()) option.ariaSelected = `${at === index}`;
    options[index]?.scrollIntoView({ block: "nearest" });
    if (options[index]) this.#field.setAttribute("aria-activedescendant", options[index].id);
    else this.#field.removeAttribute("aria-activedescendant");
  }
}

/** @param {Person} person @param {string} id */
function optionOf(person, id) {
  const option = fromTemplate("candidate");
  option.id = id;
  showPerson(option, person);
  return option;
}

/** An avatar that says who is online. @param {Person} person */
export function avatarOf({ id, display_name, is_bot }) {
  const avatar = document.createElement("span");
  avatar.ariaHidden = "true";
  avatar.className = people.isOnline(id) ? "avatar online" : "avatar";
  paintAvatar(avatar, { id, name: display_name, isPerson: !is_bot });
  return avatar;
}

/** @param {HTMLElement} element @param {Person} person */
export function showPerson(element, person) {
  element.prepend(avatarOf(person));
  find(element, ".title", HTMLElement).textContent = person.display_name;
  find(element, ".handle", HTMLElement).textContent = `@${person.username}${person.is_bot ? " · bot" : ""}`;
}
