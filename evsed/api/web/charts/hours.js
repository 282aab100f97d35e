// The hours of the last day as a table: the same as the charts, for whoever reads rather than looks.

import { h } from "../lib/dom.js";
import { carHighest, energy, hours, mostly, peak } from "./sums.js";

const COLUMNS = ["col_hour", "col_peak", "col_car", "col_energy", "col_did"];
const amps = (format, deciamps) => format.amps(deciamps === null ? null : deciamps / 10);

// A table of `day` from row `first` on, the newest hour first. time(x): a moment in words.
export function table(day, first, { t, format }, time) {
  const rows = hours(day, first).reverse().map(({ from, to }) => {
    const highest = peak(day.columns, from, to);
    return h("tr", {},
      h("th", { scope: "row" }, time(day.at(from))),
      h("td", {}, highest ? `${amps(format, highest.deciamps)} ${highest.phase}` : t("common.unknown")),
      h("td", {}, amps(format, carHighest(day.columns, from, to))),
      h("td", {}, format.kwh(energy(day.columns, from, to))),
      h("td", {}, t(`history.kind.${mostly(day.columns, from, to)}`)));
  });
  const head = h("tr", {}, ...COLUMNS.map((name) => h("th", { scope: "col" }, t(`history.${name}`))));
  return h("table", {}, h("caption", { class: "visually-hidden" }, t("history.table")), h("thead", {}, head), h("tbody", {}, ...rows));
}
