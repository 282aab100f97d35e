// Files that the page sends from the visitor's device.

import { h } from "../../lib/dom.js";
import { send } from "../../lib/ask.js";

// Posts a file as it is, so that the charger can name the line of a mistake.
export const postFile = (path, words, type) => send(path, { method: "POST", headers: { "Content-Type": type }, body: words });

// A label around a field; `chosen(file)` is called with each file that is picked.
export function chooser(words, accept, chosen) {
  const input = h("input", { type: "file", accept });
  input.addEventListener("change", () => {
    const [file] = input.files;
    if (file) chosen(file);
  });
  return { node: h("label", { class: "field" }, words, input), input };
}
