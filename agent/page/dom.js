// Elements are made here and nowhere from HTML text: names and labels come from workers, and stay text.

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function byId(id) {
  return document.getElementById(id);
}

// Writes only what has changed: what a person has selected, or a screen reader is reading, stays in place.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
