// What the charger says, in the visitor's language: by the whole sentence where it has numbers or several meanings,
// else by its code. English stays as the charger says it, the same as on its LCD, REST and MQTT.

import { area, language, word } from "../../lib/i18n.js";

// The area of sentences: its keys are the English ones, with {name} where something is put in.
export const areas = language() === "en" ? [] : ["said"];

let shapes = null;

function shape([english, own]) {
  const parts = english.split(/\{(\w+)\}/);
  const names = parts.filter((_, index) => index % 2);
  const source = parts.map((part, index) => (index % 2 ? "(.+?)" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))).join("");
  return { pattern: new RegExp(`^${source}$`, "s"), own, names, length: english.length };
}

// The sentence in the visitor's language; null where it is not known.
export function sentence(english) {
  if (!areas.length) return null;
  shapes ??= area(areas[0]).map(shape).sort((one, other) => other.length - one.length); // what says more goes first
  for (const { pattern, own, names } of shapes) {
    const found = pattern.exec(english);
    if (found) return own.replace(/\{(\w+)\}/g, (_, name) => found[names.indexOf(name) + 1]);
  }
  return null;
}

export const said = (kind, code, english) => (areas.length ? sentence(english) ?? word(kind, code, english) : english);

// A refusal, as it is or as a known sentence.
export const refusal = (english) => sentence(english) ?? english;

const WAITS = ["no_power", "no_sun"];

// A state, and behind it the power or sun that is waited for: code, the charger's own English, the fault's code.
export function stateText(code, english, waitsFor = null) {
  if (!areas.length) return english;
  if (english === "Not set up") return word("state", "not_set_up", english);
  if (english === "Does not answer") return word("state", "no_answer", english);
  const own = word("state", code, english.split(" - ")[0]);
  return WAITS.includes(waitsFor) ? `${own} - ${word("fault", waitsFor, waitsFor)}` : own;
}

// What keeps the offer from being higher.
export const limitText = (name) => word("limited_by", name.toLowerCase().replaceAll(" ", "_"), name);
