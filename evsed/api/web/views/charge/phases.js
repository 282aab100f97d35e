// What flows on each phase of mains and car, as a bar against its limit; which phase is the one that counts.

import { h, text } from "../../lib/dom.js";
import { trouble } from "./power.js";

const PHASES = ["L1", "L2", "L3"];
const OF_MAINS = new Set(["MAINS", "SUMMAINS", "mains meter silent"]);

function makeRow(phase) {
  const fill = h("span", { class: "fill" });
  const value = h("span", { class: "value number" });
  const note = h("span", { class: "note" });
  const row = h("li", {}, h("span", { class: "phase" }, phase), h("span", { class: "bar", "aria-hidden": "true" }, fill), value, note);
  return { row, fill, value, note };
}

function makeMeter(name, title) {
  const rows = Object.fromEntries(PHASES.map((phase) => [phase, makeRow(phase)]));
  const limit = h("span", { class: "help number" });
  const wrong = h("p", { class: "warn" });
  const list = h("ul", { class: `bars ${name}` }, PHASES.map((phase) => rows[phase].row));
  const heading = h("h3", { id: `${name}-currents` }, title);
  list.setAttribute("aria-labelledby", heading.id);
  return { rows, limit, wrong, list, box: h("div", { class: "meter" }, h("div", { class: "row spread" }, heading, limit), wrong, list) };
}

// The phase that leaves the least, while it is the mains that limits.
function limiting({ meters: { mains }, limited_by: by }) {
  if (!OF_MAINS.has(by) || mains.currents === null) return null;
  return PHASES.reduce((most, phase) => (mains.currents[phase] > mains.currents[most] ? phase : most));
}

export function create({ t, format }) {
  const mains = makeMeter("mains", t("charge.mains"));
  const ev = makeMeter("ev", t("charge.car"));
  const link = h("a", { href: "#/meters", class: "button" }, t("charge.to_meters"));
  const element = h("section", { class: "card phases", "aria-labelledby": "phases-title" },
    h("h2", { id: "phases-title" }, t("charge.phases")), mains.box, ev.box, link);

  function showPhase({ row, fill, value, note }, amps, limit, marked) {
    const over = amps !== null && limit !== null && amps > limit;
    const notes = [amps < 0 && t("charge.export"), over && t("charge.over"), marked && t("charge.limiting")].filter(Boolean);
    row.classList.toggle("export", amps !== null && amps < 0);
    row.classList.toggle("over", over);
    row.classList.toggle("limiting", marked);
    fill.style.width = amps === null || !limit ? "0" : `${Math.min(100, Math.abs(amps) / limit * 100)}%`;
    text(value, format.amps(amps));
    text(note, notes.join(", "));
  }

  function show(meter, { currents }, limit, why, marked) {
    text(meter.limit, limit === null ? "" : t("charge.of_at_most", { amps: format.amps(limit) }));
    meter.wrong.hidden = !why;
    meter.list.hidden = why === "none";
    if (why) text(meter.wrong, t(`charge.meter_${why}`));
    for (const phase of PHASES) showPhase(meter.rows[phase], currents?.[phase] ?? null, limit, phase === marked);
  }

  return {
    element,
    update(state, settings) {
      const { meters } = state;
      const why = { mains: trouble(meters.mains, settings?.mains_meter), ev: trouble(meters.ev, settings?.ev_meter) };
      show(mains, meters.mains, settings?.current_main ?? null, why.mains, limiting(state));
      show(ev, meters.ev, settings?.current_max ?? null, why.ev, null);
      link.hidden = !why.mains && !why.ev;
    },
  };
}
