// What a restore changes, as a table: what, now, then.

import { h } from "../../lib/dom.js";
import { choiceOf, nameOf, shown } from "./controls.js";
import { lock } from "./lock.js";

const PARTS = new Set(["host", "port", "tls", "username", "prefix"]); // of a broker, that the page has a word for

function what(key, t) {
  const [kind, ...rest] = key.split(".");
  if (kind === "cards") return t("backup.card", { uid: rest.join(".") });
  if (kind === "broker") return t("backup.broker", { name: PARTS.has(rest[0]) ? t(`broker.${rest[0]}`) : rest.join(".") });
  if (key === "secrets.mqtt_password") return t("backup.broker_password");
  return nameOf(kind === "secrets" ? rest.join(".") : key);
}

function value(key, given, t, row) {
  if (key.startsWith("secrets.")) return t("backup.secret");
  if (given === null) return t("backup.absent");
  if (typeof given === "boolean") return t(given ? "common.yes" : "common.no");
  if (given === "") return t("settings.empty");
  if (row?.type === "integer" && typeof given === "number") return shown(key, row, given);
  return key.includes(".") ? String(given) : choiceOf(key, String(given));
}

// settings: their rows as the charger has them, for the units; of a key that is none, the value is as in the file.
export function changesTable(changes, t, settings) {
  const head = h("tr", {}, ...["what", "now", "then"].map((name) => h("th", { scope: "col" }, t(`backup.${name}`))));
  const rows = changes.map(({ key, before, after, installer }) => h("tr", {},
    h("th", { scope: "row" }, what(key, t), " ", installer ? lock() : null),
    h("td", {}, value(key, before, t, settings[key])), h("td", {}, value(key, after, t, settings[key]))));
  return h("table", { class: "changes" }, h("thead", {}, head), h("tbody", {}, ...rows));
}
