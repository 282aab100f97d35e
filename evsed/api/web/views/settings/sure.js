// Asks before something is done that cannot be taken back, or that stops charging.

import { h, unique } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";

// Resolves with whether the visitor wants it: `title`, `what` happens, the words on the button, and the words beside a
// box that has to be ticked first, if any.
export function sure({ title, what, go, tick }) {
  const id = unique("sure");
  const yes = h("button", { class: "button danger", disabled: Boolean(tick) }, go);
  const no = h("button", { type: "button", class: "button", autofocus: true }, t("common.cancel"));
  const box = h("input", { type: "checkbox", onchange: () => { yes.disabled = !box.checked; } });
  const form = h("form", { method: "dialog" }, h("h2", { id }, title), h("p", {}, what),
    tick ? h("label", { class: "field" }, box, " ", tick) : null, h("div", { class: "row end" }, no, yes));
  const dialog = h("dialog", { class: "card", "aria-labelledby": id }, form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    const end = (wanted) => { dialog.remove(); resolve(wanted); };
    no.addEventListener("click", () => end(false));
    dialog.addEventListener("cancel", () => end(false));
    form.addEventListener("submit", (event) => { event.preventDefault(); end(true); });
    dialog.showModal();
  });
}
