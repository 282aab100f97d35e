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

// Two columns on a wide screen; on a phone one, in the order of the stylesheet.
const LEFT = [faults, status, setUp, modes, override];
const RIGHT = [flow, phases, chargers, details];

export function create(place, app) {
  const made = (parts) => parts.map((part) => part.create(app));
  const columns = [made(LEFT), made(RIGHT)];
  const boxes = columns.map((parts) => h("div", { class: "column", hidden: true }, parts.map((part) => part.element)));
  const waits = h("p", { class: "card muted" }, app.t("charge.nothing_yet"));
  place.append(waits, ...boxes);
  const parts = columns.flat();
  const each = (name, ...given) => parts.forEach((part) => part[name]?.(...given));
  const settings = watch(app, () => app.live.state && each("update", app.live.state, settings.values));
  const ticking = setInterval(() => app.live.state && each("tick"), 1000);
  return {
    // Before the first state nothing is known, and nothing is there that could be pressed.
    update(state) {
      each("update", state, settings.values);
      waits.hidden = true;
      for (const box of boxes) box.hidden = false;
    },
    close() {
      clearInterval(ticking);
      settings.close();
      each("close");
    },
  };
}
