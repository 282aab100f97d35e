// Lines that tell what came of a press, seen and read aloud.

import { h } from "./dom.js";
import { t } from "./i18n.js";

const DONE_MS = 6000;
let place = null;

export function begin(element) {
  place = element;
}

// kind: "done" goes by itself, "wrong" stays until it is closed or followed by another.
export function say(words, kind = "done") {
  const close = h("button", { type: "button", class: "close", "aria-label": t("common.close"), onclick: () => line.remove() }, "✕");
  const line = h("p", { class: `said ${kind}` }, h("span", {}, words), close);
  place.replaceChildren(line);
  if (kind === "done") setTimeout(() => line.remove(), DONE_MS);
}
