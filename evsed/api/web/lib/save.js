// Texts that the page saves as files on the visitor's device.

import { h } from "./dom.js";

const FETCHED_MS = 60000; // by then the browser has taken it

export function saveFile(name, words, type) {
  const address = URL.createObjectURL(new Blob([words], { type }));
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), FETCHED_MS);
}
