// Delayed charging: a start that is filled with now; in the future it shows the stop, and a stop shows daily. All of
// it is the time on the charger's own clock. What is pending is shown with a button that ends it.

import { h, text, unique } from "../../lib/dom.js";
import { Trouble } from "../../lib/ask.js";
import { translated } from "../../lib/sentence.js";
import { unlock } from "../../lib/unlock.js";
import { differs, minuteOf, now, say as sayTime } from "./clock.js";

function makeField(name, label, listen) {
  const help = h("span", { class: "help", id: unique("help") });
  const input = h("input", { type: "datetime-local", id: unique(name), "aria-describedby": help.id, oninput: listen, onchange: listen });
  return { input, help, row: h("div", { class: "field" }, h("label", { for: input.id }, label), input, help) };
}

// The fields and the pending delay. `wrong` shows what the charger refuses.
export function makeTimer({ t, word, ask, live, say }, wrong) {
  const start = makeField("start", t("charge.start"), changed);
  const stop = makeField("stop", t("charge.stop"), changed);
  const daily = h("input", { type: "checkbox" });
  const dailyRow = h("label", { class: "field daily" }, daily, " ", t("charge.daily"));
  const hint = h("p", { class: "hint", role: "status" });
  const pending = h("p", {});
  const cancel = h("button", { type: "button", class: "button", onclick: end });
  const box = h("div", { class: "pending", hidden: true }, pending, cancel);
  const element = h("div", { class: "timer" }, box, start.row, stop.row, dailyRow, hint);
  let touched = false; // somebody has chosen a start
  let ahead = false; // which was still to come
  let passed = false; // and is not any more

  // The start that was chosen; null for now, which an empty field and a time in the past are too.
  function chosen() {
    const at = now(live);
    const value = start.input.value.slice(0, 16);
    return touched && value && at !== null && value > at ? value : null;
  }

  // A start stands there, and nobody knows whether it is to come: the charger's clock does not say any more.
  const unsure = () => touched && start.input.value !== "" && now(live) === null;

  const isIn = (...fields) => fields.includes(document.activeElement);

  // A field does not go from under whoever is in it.
  function show() {
    const when = chosen();
    passed ||= touched && ahead && when === null && now(live) !== null;
    ahead = when !== null;
    stop.row.hidden = when === null && !isIn(stop.input, daily);
    dailyRow.hidden = stop.row.hidden || !stop.input.value;
    const press = when === null ? "" : t("charge.press_to_delay", { time: sayTime(when, now(live)) });
    text(hint, unsure() ? t("charge.start_unsure") : passed ? t("charge.start_passed") : press);
    const at = now(live);
    for (const field of [start.input, stop.input, daily]) field.disabled = at === null && !unsure() && !isIn(field);
    text(start.help, at === null ? t("charge.clock_unknown") : differs(live) ? t("charge.their_clock", { time: sayTime(at, at) }) : t("charge.start_help"));
    text(stop.help, t("charge.stop_help"));
  }

  function fill() {
    const value = now(live) ?? "";
    if (start.input.value !== value) start.input.value = value;
  }

  function changed(event) {
    if (event.target === start.input) {
      touched = true;
      ahead = passed = false;
      wrong.textContent = "";
    }
    show();
  }

  // An empty start, and one that has passed, are filled with now again; not while somebody is typing.
  function tick() {
    show(); // may find that it has passed
    if (isIn(start.input, stop.input, daily) || chosen() !== null || unsure()) return;
    touched = false;
    fill();
    show();
  }

  function reset() {
    touched = ahead = passed = false;
    stop.input.value = "";
    daily.checked = false;
    fill();
    show();
  }

  async function end() {
    if (cancel.getAttribute("aria-busy")) return;
    cancel.setAttribute("aria-busy", "true");
    wrong.textContent = "";
    try {
      await unlock(() => ask.delete("/api/v1/timer"));
      say(t("charge.timer_ended"), "done");
    } catch (trouble) {
      if (trouble instanceof Trouble) wrong.textContent = translated(trouble.message);
    }
    cancel.removeAttribute("aria-busy");
  }

  function showPending({ mode, start_local: from, stop_local: to, daily: repeats, waiting }) {
    box.hidden = mode === null;
    if (mode === null) return;
    const today = now(live);
    const [begin, finish] = [minuteOf(from), minuteOf(to)].map((minute) => minute && sayTime(minute, today));
    const name = word("mode", mode.toLowerCase(), mode[0] + mode.slice(1).toLowerCase());
    const kind = waiting ? (finish ? "pending_both" : "pending_start") : "pending_stop";
    text(pending, t(`charge.${kind}`, { mode: name, start: begin, stop: finish }) + (repeats ? ` ${t("charge.every_day")}` : ""));
    text(cancel, t(waiting ? "charge.cancel_start" : "charge.cancel_stop"));
  }

  start.input.addEventListener("blur", tick);
  return {
    element,
    reset,
    tick,
    // Why nothing but a stop may be pressed, in words; empty where it may.
    why: () => (unsure() ? t("charge.start_unsure") : ""),
    // The delay that a press asks for; null: none. The times are as the charger's clock shows them, without a zone.
    wish: () => (chosen() === null ? null : {
      start: chosen(), stop: stop.input.value.slice(0, 16) || null, daily: !dailyRow.hidden && daily.checked,
    }),
    update(state) {
      showPending(state.timer);
      tick();
    },
  };
}
