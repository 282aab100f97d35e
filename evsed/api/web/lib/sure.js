// Asks before something is done that cannot be taken back, or that stops charging.

import { dialog } from "./dialog.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";

// Resolves with whether the visitor wants it: `title`, `what` happens, the words on the button, and the words beside a
// box that has to be ticked first, if any.
export function sure({ title, what, go, tick, kind = "danger" }) {
  const box = h("input", { type: "checkbox", onchange: () => { yes().disabled = !box.checked; } });
  const yes = () => box.form.querySelector("button:not([type])");
  const ticked = tick ? h("label", { class: "field" }, box, " ", tick) : null;
  const asked = dialog({ title, parts: [h("p", {}, what), ticked], go, kind, careful: true });
  if (tick) yes().disabled = true;
  return asked;
}
