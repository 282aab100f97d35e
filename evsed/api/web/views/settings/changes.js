// What a restore changes, as a table: what, now, then.

import { h } from "../../lib/dom.js";
import { choiceOf, nameOf } from "./controls.js";
import { lock } from "./lock.js";

function what(key, t) {
  const [kind, ...rest] = key.split(".");
  if (kind === "cards") return t("backup.card", { uid: rest.join(".") });
  if (kind === "broker") return t("backup.broker", { name: rest.join(".") });
  if (key === "secrets.mqtt_password") return t("backup.broker_password");
  return nameOf(kind === "secrets" ? rest.join(".") : key);
}

function value(key, given, t) {
  if (key.startsWith("secrets.")) return t("backup.secret");
  if (given === null) return t("backup.absent");
  if (typeof given === "boolean") return t(given ? "common.yes" : "common.no");
  if (given === "") return t("settings.empty");
  return key.includes(".") ? String(given) : choiceOf(key, String(given));
}

export function changesTable(changes, t) {
  const head = h("tr", {}, ...["what", "now", "then"].map((name) => h("th", { scope: "col" }, t(`backup.${name}`))));
  const rows = changes.map(({ key, before, after, installer }) => h("tr", {},
    h("th", { scope: "row" }, what(key, t), " ", installer ? lock() : null),
    h("td", {}, value(key, before, t)), h("td", {}, value(key, after, t))));
  return h("table", { class: "changes" }, h("thead", {}, head), h("tbody", {}, ...rows));
}
