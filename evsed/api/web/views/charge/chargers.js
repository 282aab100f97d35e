// Those that share power, as their master sees them; on a node only that it is one.

import { h, text } from "../../lib/dom.js";
import { stateText } from "./said.js";

export function create({ t, format }) {
  const rows = h("tbody", {});
  const table = h("table", {},
    h("thead", {}, h("tr", {}, ["charger", "charger_state", "charger_offer"].map((key) => h("th", { scope: "col" }, t(`charge.${key}`))))),
    rows);
  const note = h("p", {});
  const element = h("section", { class: "card chargers", "aria-labelledby": "chargers-title", hidden: true },
    h("h2", { id: "chargers-title" }, t("charge.chargers")), table, note);
  let shown = "";

  const name = ({ charger }) => (charger === 0 ? t("charge.master_here") : t("charge.node", { number: charger }));

  const row = (charger) => h("tr", {},
    h("th", { scope: "row" }, name(charger)),
    h("td", {}, stateText(charger.state, charger.state_text, charger.waits_for)),
    h("td", { class: "number" }, charger.offer_a ? format.amps(charger.offer_a) : t("charge.nothing")));

  return {
    element,
    update({ chargers, power_share: share }) {
      const node = share.startsWith("Node");
      element.hidden = chargers.length < 2 && !node;
      table.hidden = chargers.length < 2;
      note.hidden = !node;
      if (node) text(note, t("charge.is_node", { number: share.replace("Node ", "") }));
      const now = JSON.stringify(chargers);
      if (now === shown) return;
      shown = now;
      rows.replaceChildren(...chargers.map(row));
    },
  };
}
