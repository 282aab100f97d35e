// What is broken, each with what to do about it, and a button for those that an owner may reset from here.

import { h } from "../../lib/dom.js";
import { translated } from "../../lib/sentence.js";
import { unlock } from "../../lib/unlock.js";
import { icon } from "./icons.js";
import { said } from "./said.js";

const WAITS = new Set(["no_power", "no_sun"]); // nothing is broken
const CLEARED = new Set(["welded", "contactor_failed", "overdraw"]); // by their owner; a residual current only at the unit

export function create({ t, word, ask, say, live }) {
  const list = h("div", { class: "faults" });
  const wrong = h("p", { class: "error", role: "alert" });
  const clear = h("button", { type: "button", class: "button danger", onclick: press }, t("charge.clear"));
  const element = h("section", { class: "card alarm", "aria-label": t("charge.faults"), hidden: true },
    h("div", { class: "head" }, icon("fault", { width: 36, height: 36 }), list), wrong, clear);
  let shown = "";

  async function press() {
    if (clear.getAttribute("aria-busy")) return;
    clear.setAttribute("aria-busy", "true");
    wrong.textContent = "";
    try {
      await unlock(() => ask.post("/api/v1/faults/clear"));
      say(t("charge.cleared"), "done");
    } catch (trouble) {
      wrong.textContent = t("charge.not_cleared", { why: translated(trouble.message) });
    }
    clear.removeAttribute("aria-busy");
  }

  // The reason is the worst fault in more words.
  function row({ code, text }) {
    const why = live.state.not_charging;
    const more = why?.reason === code ? said("reason", code, why.text) : null;
    return h("div", { class: "fault" },
      h("h2", {}, word("fault", code, text)), more && h("p", {}, more), h("p", {}, t(`charge.do_${code}`)));
  }

  return {
    element,
    update({ faults, not_charging: why }) {
      const broken = faults.filter(({ code }) => !WAITS.has(code)).reverse(); // the worst is the last
      const now = JSON.stringify([broken, why?.reason, why?.text]);
      if (now === shown) return;
      shown = now;
      element.hidden = broken.length === 0;
      clear.hidden = !broken.some(({ code }) => CLEARED.has(code));
      wrong.textContent = "";
      list.setAttribute("role", "alert");
      list.replaceChildren(...broken.map(row));
    },
  };
}
