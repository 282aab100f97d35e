// Files that the page sends from the visitor's device.

import { h } from "../../lib/dom.js";
import { send } from "../../lib/ask.js";

const LONGEST = 65536; // bytes that the charger takes

// What is in a file, byte for byte: text that is not UTF-8 is for the charger to refuse. tooLong: said of what is longer
// than anything that was meant here.
export async function bytesOf(file, tooLong) {
  if (file.size > LONGEST) throw new Error(tooLong);
  return file.arrayBuffer();
}

// Posts a file as it is, so that the charger can name the line of a mistake.
export const postFile = (path, bytes, type) => send(path, { method: "POST", headers: { "Content-Type": type }, body: bytes });

// A label around a field; `chosen(file)` is called with each file that is picked.
export function chooser(words, accept, chosen) {
  const input = h("input", { type: "file", accept });
  input.addEventListener("change", () => {
    const [file] = input.files;
    if (file) chosen(file);
  });
  return { node: h("label", { class: "field" }, words, input), input };
}
