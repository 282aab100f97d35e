// The first view: what the charger does and why, what flows, and what an owner may want to change now.

import { h } from "../lib/dom.js";
import * as chargers from "./charge/chargers.js";
import * as details from "./charge/details.js";
import * as faults from "./charge/faults.js";
import * as flow from "./charge/flow.js";
import * as modes from "./charge/modes.js";
import * as override from "./charge/override.js";
import * as phases from "./charge/phases.js";
import { watch } from "./charge/settings.js";
import * as setUp from "./charge/setup.js";
import * as status from "./charge/status.js";

export const areas = ["charge"];
export const css = true;

// Two columns on a wide screen; on a phone one, in the order of the stylesheet. What is read first is painted first.
const FIRST = [faults, status];
const LEFT = [setUp, modes, override];
const RIGHT = [flow, phases, chargers, details];

// Two frames later the first is on the screen.
const afterPaint = (deed) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(deed)));

export function create(place, app) {
  const parts = [];
  const columns = [0, 1].map(() => h("div", { class: "column", hidden: true }));
  const add = (column, makers) => {
    const made = makers.map((part) => part.create(app));
    parts.push(...made);
    column.append(...made.map((part) => part.element));
  };
  const each = (name, ...given) => parts.forEach((part) => part[name]?.(...given));
  const update = () => app.live.state && each("update", app.live.state, settings.values);
  const waits = h("p", { class: "card muted" }, app.t("charge.nothing_yet"));
  add(columns[0], FIRST);
  place.append(waits, ...columns);
  let closed = false;
  const settings = watch(app, update);
  const ticking = setInterval(() => app.live.state && each("tick"), 1000);
  function addRest() {
    if (closed) return;
    add(columns[0], LEFT);
    add(columns[1], RIGHT);
    update();
  }
  return {
    // Before the first state nothing is known, and nothing is there that could be pressed.
    update(state) {
      each("update", state, settings.values);
      if (waits.hidden) return;
      waits.hidden = true;
      for (const column of columns) column.hidden = false;
      afterPaint(addRest);
    },
    close() {
      closed = true;
      clearInterval(ticking);
      settings.close();
      each("close");
    },
  };
}
