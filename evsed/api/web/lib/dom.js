// Elements from words: nothing here ever reads HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// h("button", {type: "button", onclick: press, hidden: false}, "Stop"): an element. "on..." listens, true is an empty
// attribute, false and null are none. Children are nodes, texts or lists of them.
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

// The same for a picture's parts.
export const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// Sets the text only where it is another: a screen reader is not told again what it has said.
export function text(node, value) {
  const wanted = String(value);
  if (node.textContent !== wanted) node.textContent = wanted;
}

let last = 0;

// An id that no other element has, for labels and descriptions.
export const unique = (name) => `${name}-${last += 1}`;
