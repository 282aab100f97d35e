// On top, large: the state, then the one reason why it does not charge and until when, or what it charges with.

import { h, text } from "../../lib/dom.js";
import { left, onAnotherDay, sayUnix } from "./clock.js";
import { icon } from "./icons.js";
import { flows } from "./power.js";
import { limitText, said, stateText } from "./said.js";

const OFF = { access_denied: "off", paused: "paused", not_set_up: "setup", no_car: "plug" };

// What the state is, beside its words: a shape and a colour.
function shapeOf(state) {
  if (state.charging) return "charging";
  if (state.faults.some(({ code }) => code !== "no_power" && code !== "no_sun")) return "fault";
  return OFF[state.not_charging?.reason] ?? "waiting";
}

function waitsFor({ faults }) {
  return faults.find(({ code }) => code === "no_sun" || code === "no_power")?.code;
}

function makeFigures(t) {
  const figure = (name) => {
    const value = h("dd", { class: "number" });
    return { value, row: h("div", {}, h("dt", {}, t(`charge.${name}`)), value) };
  };
  const all = { power: figure("power"), energy: figure("energy"), current: figure("current") };
  const list = h("dl", { class: "figures" }, Object.values(all).map(({ row }) => row));
  return { all, list };
}

export function create({ t, format, live }) {
  const mark = h("span", { class: "mark" });
  const title = h("p", { class: "state" });
  const reason = h("p", { class: "reason" });
  const wait = h("p", { class: "wait number", hidden: true });
  const limit = h("p", { class: "limit" });
  const timer = h("p", { class: "limit number", hidden: true });
  const figures = makeFigures(t);
  const element = h("section", { class: "card status", "aria-label": t("charge.status") },
    h("div", { class: "head" }, mark, h("div", { class: "words", role: "status" }, title, reason)),
    wait, figures.list, limit, timer);
  let shape = "";

  // The charger's own text has no day within the next 24 hours, for want of room on its LCD.
  function reasonText({ not_charging: why }) {
    if (!why) return "";
    if (why.reason !== "delayed" || why.until === null || !onAnotherDay(why.until, live)) return said("reason", why.reason, why.text);
    return t("charge.delayed", { time: sayUnix(why.until, live) });
  }

  function countdown() {
    const { state } = live;
    const seconds = state?.not_charging?.seconds_left ?? null;
    wait.hidden = seconds === null;
    if (seconds !== null) {
      const { until } = state.not_charging;
      const clock = format.clock(left(seconds, live));
      text(wait, until === null ? t("charge.wait", { clock }) : t("charge.wait_until", { clock, time: sayUnix(until, live) }));
    }
    timer.hidden = !state?.solar_stop_s;
    if (state?.solar_stop_s) text(timer, t("charge.solar_stop", { clock: format.clock(left(state.solar_stop_s, live)) }));
  }

  function showFigures(state) {
    const { power, current, energy } = figures.all;
    const { car } = flows(state);
    power.row.hidden = current.row.hidden = !state.charging;
    energy.row.hidden = state.charged_wh === null && !state.charging;
    figures.list.hidden = power.row.hidden && energy.row.hidden;
    if (!energy.row.hidden) text(energy.value, format.kwh(state.charged_wh));
    if (!state.charging) return; // making the first format of a number takes a phone a while
    text(power.value, car ? t(car.about ? "charge.about" : "charge.exact", { value: format.kw(car.watts) }) : t("common.unknown"));
    text(current.value, t(state.phases === 1 ? "charge.on_1" : "charge.on_more", { amps: format.amps(state.offer_a), phases: state.phases }));
  }

  function showLimit(state) {
    const outside = state.outside_limit.seconds_left;
    limit.hidden = !state.charging || !state.limited_by;
    if (limit.hidden) return;
    const by = limitText(state.limited_by);
    const lent = state.limited_by === "outside limit" && outside !== null;
    text(limit, t("charge.limited_by", { by: lent ? t("charge.for_another", { by, clock: format.clock(outside) }) : by }));
  }

  return {
    element,
    tick: countdown,
    update(state) {
      const now = shapeOf(state);
      if (now !== shape) {
        shape = now;
        mark.replaceChildren(icon(now, { width: 40, height: 40 }));
        element.dataset.shape = now;
      }
      text(title, stateText(state.state, state.state_text, waitsFor(state)));
      text(reason, reasonText(state));
      showFigures(state);
      showLimit(state);
      countdown();
    },
  };
}
