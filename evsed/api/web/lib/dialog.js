// Dialogs over the page. Owns that none of them outlives the view that asked.

import { h, text, unique } from "./dom.js";
import { t } from "./i18n.js";

const open = new Set(); // what ends each
let views = 0;

// Which view is shown, as a number: what began in another one asks nothing any more.
export const turn = () => views;

// The view is left: whoever still asks is told that the visitor gave up.
export function endDialogs() {
  views += 1;
  for (const end of [...open]) end(false);
}

// Asks; resolves with true once `submit(form)` has, which may raise Trouble and is then told and tried again, with false
// when the visitor gives up. parts: what stands between title and buttons. go: the word on the button that does it; none:
// the dialog only tells. careful: the other button has the focus.
export function dialog({ title, parts, go, back = t("common.cancel"), kind = "primary", careful = false, submit = () => null }) {
  const id = unique("dialog");
  const wrong = h("p", { class: "error", role: "alert" });
  const no = h("button", { type: "button", class: "button", autofocus: careful, onclick: () => end(false) }, back);
  const yes = go ? h("button", { class: `button ${kind}` }, go) : null;
  const form = h("form", { method: "dialog" }, h("h2", { id }, title), ...parts, wrong, h("div", { class: "row end" }, no, yes));
  const box = h("dialog", { class: "card", "aria-labelledby": id, oncancel: () => end(false) }, form);
  let tell;
  function end(done) {
    open.delete(end);
    box.remove();
    tell(done);
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (yes.disabled) return;
    yes.disabled = true;
    text(wrong, "");
    try {
      await submit(form);
      end(true);
    } catch (trouble) {
      text(wrong, trouble.problem?.reason ?? trouble.message);
      const secrets = [...form.querySelectorAll("input[type=password]")];
      for (const each of secrets) each.value = "";
      secrets[0]?.focus();
    }
    yes.disabled = false;
  });
  document.body.append(box);
  open.add(end);
  return new Promise((resolve) => {
    tell = resolve;
    box.showModal();
  });
}
