// Building elements without innerHTML: what the graph says is text, never markup.

/**
 * Return a new element.
 * @param {string} tag  name of the element
 * @param {object} attributes  attributes; "on…" are listeners, "class" is the class, booleans are set or left out
 * @param {...(Node|string|null)} children  what it holds; null is left out
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

let counter = 0;

/** Return a label with its control beneath; the two belong together for screen readers. */
export function field(label, control, hint = "") {
  counter += 1;
  control.id = control.id || `field-${counter}`;
  const parts = [h("label", { for: control.id }, label), control];
  if (hint) {
    control.setAttribute("aria-describedby", `${control.id}-hint`);
    parts.push(h("p", { class: "hint", id: `${control.id}-hint` }, hint));
  }
  return h("div", { class: "field" }, parts);
}

/** Return a select with [value, words] options. */
export function choice(options, selected, attributes = {}) {
  const made = h("select", attributes);
  fill(made, options, selected);
  return made;
}

/** Give a select other options. */
export function fill(select, options, selected) {
  select.replaceChildren(...options.map(([value, words]) => h("option", { value }, words)));
  if (selected !== undefined) select.value = selected;
}

/** Return a time for people in their language. */
export function when(milliseconds) {
  return new Date(milliseconds).toLocaleString(document.documentElement.lang, {
    dateStyle: "medium",
    timeStyle: "medium",
  });
}

/** Return an element that tells a time to people and to machines. */
export function moment(milliseconds) {
  return h("time", { datetime: new Date(milliseconds).toISOString() }, when(milliseconds));
}

/** Return a number for people, or a dash when there is none. */
export function figure(value, digits = 1) {
  if (value === null || value === undefined) return "–";
  return value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: digits });
}
