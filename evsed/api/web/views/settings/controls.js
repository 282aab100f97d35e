// What a setting is entered with: a field or a list by its kind, read as the charger takes it.

import { h, svg } from "../../lib/dom.js";
import { number } from "../../lib/format.js";
import { t, word } from "../../lib/i18n.js";

const UNITS = { C: "°C" };
const WORDS = "setting_words";

export const nameOf = (key) => word("name", key, key, WORDS);
export const helpOf = (key, row) => word("help", key, row.description, WORDS);
export const unitOf = (row) => UNITS[row.unit] ?? row.unit ?? "";

export const choiceOf = (key, choice) => word(`choice.${key}`, choice, word("choice.*", choice, choice, WORDS), WORDS);

// A value of `row` for people.
export function shown(key, row, value) {
  if (row.secret) return t(value === null || (value !== 0 && value !== "") ? "settings.set" : "settings.not_set");
  if (row.type === "choice") return choiceOf(key, value);
  if (value === "") return t("settings.empty");
  return row.type === "integer" ? `${number(value)} ${unitOf(row)}`.trim() : value;
}

export function rangeOf(row) {
  if (row.type !== "integer" || row.secret) return "";
  return t("settings.range", { from: number(row.minimum), to: `${number(row.maximum)} ${unitOf(row)}`.trim() });
}

const isColour = (key) => key.startsWith("color_");
const hex = (value) => `#${value.split(",").map((part) => Number(part).toString(16).padStart(2, "0")).join("")}`;
const rgb = (value) => [1, 3, 5].map((place) => parseInt(value.slice(place, place + 2), 16)).join(",");

// What a colour looks like; null for other settings. A rect takes its colour without a style of its own.
export const patch = (key, value) => (isColour(key)
  ? svg("svg", { class: "patch", viewBox: "0 0 1 1", "aria-hidden": "true" }, svg("rect", { width: 1, height: 1, fill: hex(value) })) : null);

// A value that the charger cannot take; the text says what it takes.
export class NotTaken extends Error {}

function whole(row, text) {
  const value = /^[+-]?\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= row.minimum && value <= row.maximum) return value;
  const to = `${number(row.maximum)} ${unitOf(row)}`.trim();
  throw new NotTaken(t("settings.takes_whole", { from: number(row.minimum), to }));
}

function words(key, row, text) {
  if (new RegExp(`^(?:${row.pattern})$`).test(text)) return text;
  const kind = key.endsWith("_host") ? "host" : key === "alert_webhook" ? "web" : "text";
  throw new NotTaken(t(`settings.takes_${kind}`));
}

function list(key, row, attributes) {
  return h("select", attributes, ...row.choices.map((choice) => h("option", { value: choice }, choiceOf(key, choice))));
}

function field(key, row, attributes) {
  if (isColour(key)) return h("input", { ...attributes, type: "color" });
  if (row.type === "text") return h("input", { ...attributes, type: row.secret ? "password" : "text", autocomplete: "off", spellcheck: "false" });
  const digits = { inputmode: "numeric", autocomplete: "off" };
  if (row.secret) return h("input", { ...attributes, ...digits, type: "password" });
  return h("input", { ...attributes, ...digits, type: "number", min: row.minimum, max: row.maximum, step: 1 });
}

// {node, show(value), read()}: the field, what puts a value into it, and what is in it. read raises NotTaken.
export function control(key, row, attributes) {
  const node = row.type === "choice" ? list(key, row, attributes) : field(key, row, attributes);
  const read = () => {
    if (row.type === "choice") return node.value;
    if (isColour(key)) return rgb(node.value);
    if (row.type === "text") return words(key, row, node.value.trim());
    return whole(row, node.validity.badInput ? "?" : node.value.trim());
  };
  const show = (value) => { node.value = row.secret ? "" : isColour(key) ? hex(value) : value; };
  return { node, show, read };
}
