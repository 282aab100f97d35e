// The override: a current of the owner's own for Normal and Smart. What is shown as in force is the charger's word. One
// wish after the other is sent, the newest last; none is lost when the view is left.

import { h, text } from "../../lib/dom.js";
import { Trouble } from "../../lib/ask.js";
import { translated } from "../../lib/sentence.js";
import { unlock } from "../../lib/unlock.js";

const PATH = "/api/v1/override";
const CALM_MS = 500; // after the last step of a key or a drag
const MODES = new Set(["NORMAL", "SMART"]);

export function create({ t, format, ask, live, say }) {
  const value = h("output", { class: "number" });
  const slider = h("input", { type: "range", step: 1, id: "override", "aria-describedby": "override-help" });
  const wrong = h("p", { class: "error", role: "alert" });
  const force = h("p", { class: "number" });
  const end = h("button", { type: "button", class: "button", hidden: true, onclick: endIt }, t("charge.override_end"));
  const why = h("p", { class: "help", id: "override-help" });
  const ends = h("div", { class: "ends number", "aria-hidden": "true" }, h("span", {}, t("common.off")), h("span", {}));
  const controls = h("div", { hidden: true }, h("div", { class: "row spread" }, h("label", { for: "override" }, t("charge.override_label")), value), slider, ends);
  const element = h("section", { class: "card override", "aria-labelledby": "override-title" },
    h("h2", { id: "override-title" }, t("charge.override")), controls, wrong, h("div", { class: "row spread" }, force, end), why);
  let limits = null;
  let held = false; // somebody is sliding
  let newest; // what is to be sent; undefined: nothing
  let sending = false;
  let waiting = 0;
  let closed = false;

  // The lowest place of the slider is off; MIN follows it.
  const wish = () => (Number(slider.value) < limits.min ? null : Number(slider.value));

  function showValue() {
    const words = wish() === null ? t("common.off") : format.amps(wish());
    text(value, words);
    slider.setAttribute("aria-valuetext", words);
  }

  function slide() {
    held = true;
    showValue();
  }

  // What is let go of counts, wherever it is slid to afterwards.
  function release() {
    held = false;
    newest = wish();
    clearTimeout(waiting);
    waiting = setTimeout(send, CALM_MS);
  }

  // After a slide that ends where it began there is nothing to send.
  const letGo = () => setTimeout(() => { held = false; });

  async function request(current) {
    const act = () => (current === null ? ask.delete(PATH, { keepalive: true }) : ask.put(PATH, { current }, { keepalive: true }));
    wrong.textContent = "";
    try {
      return (await (closed ? act() : unlock(act))).current;
    } catch (trouble) {
      if (!(trouble instanceof Trouble)) throw trouble;
      wrong.textContent = translated(trouble.message);
      if (closed) say(`${t("charge.override")}: ${wrong.textContent}`, "wrong");
      return live.state?.override_a ?? null;
    }
  }

  // One after the other: what was wished for first would else come last now and then.
  async function send() {
    clearTimeout(waiting);
    if (sending || newest === undefined) return;
    sending = true;
    element.setAttribute("aria-busy", "true");
    let current = null;
    while (newest !== undefined) {
      const next = newest;
      newest = undefined;
      current = await request(next);
    }
    sending = false;
    for (const busy of [element, end]) busy.removeAttribute("aria-busy");
    showForce(current);
  }

  function endIt() {
    if (end.getAttribute("aria-busy")) return;
    end.setAttribute("aria-busy", "true");
    newest = null;
    send();
  }

  function showForce(current) {
    text(force, current === null ? t("charge.override_none") : t("charge.override_is", { amps: format.amps(current) }));
    end.hidden = current === null;
    if (held || sending || newest !== undefined || limits === null) return; // the slider shows a wish
    slider.value = current === null ? limits.min - 1 : Math.round(current);
    showValue();
  }

  slider.addEventListener("input", slide);
  slider.addEventListener("change", release);
  for (const ended of ["pointerup", "pointercancel", "blur"]) slider.addEventListener(ended, letGo);
  addEventListener("pagehide", send);

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
    close() {
      closed = true;
      removeEventListener("pagehide", send);
      send();
    },
  };
}
