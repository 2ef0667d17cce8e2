// Elements are made only here, never from HTML text: names and labels come from workers and must stay text.

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function byId(id) {
  return document.getElementById(id);
}

// Writes only what has changed, so that what someone selected or a screen reader reads stays in place.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
