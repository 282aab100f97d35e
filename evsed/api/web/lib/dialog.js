// Dialogs over the page. Owns that none of them outlives the view that asked, and that the focus goes back to what opened it.

import { h, text, unique } from "./dom.js";
import { t } from "./i18n.js";
import { translated } from "./sentence.js";

const CONTROLS = "a[href], button, input, select, textarea, summary, [tabindex]";
const TICK_MS = 200;
const open = new Set(); // what ends each
let opener = null; // the control that the visitor used last, outside of all dialogs
let views = 0;

// Which view is shown, as a number: what began in another one asks nothing any more.
export const turn = () => views;

// The view is left: whoever still asks is told that the visitor gave up.
export function endDialogs() {
  views += 1;
  for (const end of [...open]) end(false);
}

function remember({ target }) {
  const control = target.closest?.(CONTROLS);
  if (control && !control.closest("dialog")) opener = control;
}

for (const what of ["focusin", "click"]) document.addEventListener(what, remember, true);

// Gives `control` the focus, as soon as it is enabled, and unless it is somewhere else by then.
export function focusAgain(control) {
  const given = () => {
    const lost = !open.size && (document.activeElement ?? document.body) === document.body;
    if (lost) control.focus();
    return !lost || document.activeElement === control;
  };
  if (!control || given()) return;
  const waits = new MutationObserver(() => given() && waits.disconnect());
  waits.observe(control, { attributes: true, attributeFilter: ["disabled"] });
}

// `button` counts `seconds` down, in which nothing is looked at; then `over()`.
function hold(button, seconds, over) {
  const words = button.textContent;
  const until = performance.now() + seconds * 1000;
  (function tick() {
    const left = Math.ceil((until - performance.now()) / 1000);
    text(button, left > 0 ? `${words} (${left})` : words);
    if (left <= 0) over();
    else if (button.isConnected) setTimeout(tick, TICK_MS);
  }());
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
  const from = opener;
  let tell;
  function end(done) {
    open.delete(end);
    box.close();
    box.remove();
    focusAgain(from);
    tell(done);
  }
  function retry() {
    text(wrong, "");
    yes.disabled = false;
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
      const { wait, message, problem } = trouble;
      text(wrong, wait ? t("common.wait", { seconds: wait }) : translated(problem?.reason ?? message));
      if (wait) hold(yes, wait, retry);
      else yes.disabled = false;
      const secrets = [...form.querySelectorAll("input[type=password]")];
      for (const each of secrets) each.value = "";
      secrets[0]?.focus();
    }
  });
  document.body.append(box);
  open.add(end);
  return new Promise((resolve) => {
    tell = resolve;
    box.showModal();
  });
}
