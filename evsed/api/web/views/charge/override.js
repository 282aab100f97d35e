// The override: a current of the owner's own for Normal and Smart. What is shown as in force is the charger's word.

import { h, text } from "../../lib/dom.js";
import { Trouble } from "../../lib/ask.js";
import { unlock } from "../../lib/unlock.js";
import { refusal } from "./said.js";

const CALM_MS = 500; // after the last step of a key or a drag
const MODES = new Set(["NORMAL", "SMART"]);

export function create({ t, format, ask, live }) {
  const value = h("output", { class: "number" });
  const slider = h("input", { type: "range", step: 1, id: "override", oninput: slide, onchange: release, "aria-describedby": "override-help" });
  const wrong = h("p", { class: "error", role: "alert" });
  const force = h("p", { class: "number" });
  const end = h("button", { type: "button", class: "button", hidden: true, onclick: endIt }, t("charge.override_end"));
  const why = h("p", { class: "help", id: "override-help" });
  const ends = h("div", { class: "ends number", "aria-hidden": "true" }, h("span", {}, t("common.off")), h("span", {}));
  const controls = h("div", { hidden: true }, h("div", { class: "row spread" }, h("label", { for: "override" }, t("charge.override_label")), value), slider, ends);
  const element = h("section", { class: "card override", "aria-labelledby": "override-title" },
    h("h2", { id: "override-title" }, t("charge.override")), controls, wrong, h("div", { class: "row spread" }, force, end), why);
  let limits = null;
  let wished = false; // the slider shows a wish that the charger has not answered yet
  let waiting = 0;

  // The lowest place of the slider is off; MIN follows it.
  const wish = () => (Number(slider.value) < limits.min ? null : Number(slider.value));

  function showValue() {
    const words = wish() === null ? t("common.off") : format.amps(wish());
    text(value, words);
    slider.setAttribute("aria-valuetext", words);
  }

  function slide() {
    wished = true;
    clearTimeout(waiting);
    showValue();
  }

  function release() {
    clearTimeout(waiting);
    waiting = setTimeout(() => send(wish()), CALM_MS);
  }

  async function send(current) {
    clearTimeout(waiting);
    wrong.textContent = "";
    element.setAttribute("aria-busy", "true");
    let answer = { current: live.state?.override_a ?? null };
    try {
      answer = await unlock(() => (current === null ? ask.delete("/api/v1/override") : ask.put("/api/v1/override", { current })));
    } catch (trouble) {
      if (!(trouble instanceof Trouble)) throw trouble;
      wrong.textContent = refusal(trouble.message);
    }
    element.removeAttribute("aria-busy");
    wished = false;
    showForce(answer.current);
  }

  async function endIt() {
    if (end.getAttribute("aria-busy")) return;
    end.setAttribute("aria-busy", "true");
    await send(null);
    end.removeAttribute("aria-busy");
  }

  function showForce(current) {
    text(force, current === null ? t("charge.override_none") : t("charge.override_is", { amps: format.amps(current) }));
    end.hidden = current === null;
    if (wished || limits === null) return;
    slider.value = current === null ? limits.min - 1 : Math.round(current);
    showValue();
  }

  function reasonAgainst(state) {
    if (state.power_share.startsWith("Node")) return "override_node";
    if (state.mode === "SOLAR") return "override_solar";
    if (!MODES.has(state.mode)) return "override_off";
    return limits === null ? "override_reading" : "";
  }

  return {
    element,
    update(state, settings) {
      if (settings && (limits?.min !== settings.current_min || limits?.max !== settings.current_max)) {
        limits = { min: settings.current_min, max: settings.current_max };
        Object.entries({ min: limits.min - 1, max: limits.max }).forEach(([name, bound]) => slider.setAttribute(name, bound));
        text(ends.lastChild, format.amps(limits.max));
      }
      const against = reasonAgainst(state);
      controls.hidden = against !== "";
      text(why, t(`charge.${against || "override_help"}`));
      showForce(state.override_a);
    },
    close: () => clearTimeout(waiting),
  };
}
