// What the charger does now, and why.

import { h, text } from "../lib/dom.js";

export const areas = ["charge"];
export const css = true;

export function create(place, { word }) {
  const state = h("p", { class: "state" });
  const reason = h("p", {});
  place.append(h("section", { class: "card" }, state, reason));
  return {
    update(now) {
      text(state, word("state", now.state, now.state_text));
      text(reason, now.not_charging ? word("reason", now.not_charging.reason, now.not_charging.text) : "");
    },
  };
}
