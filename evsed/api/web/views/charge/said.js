// What the charger says, in the visitor's language: by the whole sentence where it has numbers or several meanings,
// else by its code. English stays as the charger says it, the same as on its LCD, REST and MQTT.

import { area, language, word } from "../../lib/i18n.js";

// Keys of sentences in words.json begin so; the rest of one is the English, with {name} where something is put in.
const KIND = "sentence.";
const english = () => language() === "en";

let shapes = null;

function shape([key, own]) {
  const parts = key.slice(KIND.length).split(/\{(\w+)\}/);
  const names = parts.filter((_, index) => index % 2);
  const source = parts.map((part, index) => (index % 2 ? "(.+?)" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))).join("");
  return { pattern: new RegExp(`^${source}$`, "s"), own, names, length: key.length };
}

// The sentence in the visitor's language; null where it is not known.
export function sentence(told) {
  if (english()) return null;
  shapes ??= area("words").filter(([key]) => key.startsWith(KIND)).map(shape)
    .sort((one, other) => other.length - one.length); // what says more goes first
  for (const { pattern, own, names } of shapes) {
    const found = pattern.exec(told);
    if (found) return own.replace(/\{(\w+)\}/g, (_, name) => found[names.indexOf(name) + 1]);
  }
  return null;
}

export const said = (kind, code, told) => (english() ? told : sentence(told) ?? word(kind, code, told));

// A refusal, as it is or as a known sentence.
export const refusal = (told) => sentence(told) ?? told;

const WAITS = ["no_power", "no_sun"];

// A state, and behind it the power or sun that is waited for: code, the charger's own English, the fault's code.
export function stateText(code, told, waitsFor = null) {
  if (english()) return told;
  if (told === "Not set up") return word("state", "not_set_up", told);
  if (told === "Does not answer") return word("state", "no_answer", told);
  const own = word("state", code, told.split(" - ")[0]);
  return WAITS.includes(waitsFor) ? `${own} - ${word("fault", waitsFor, waitsFor)}` : own;
}

// What keeps the offer from being higher.
export const limitText = (name) => word("limited_by", name.toLowerCase().replaceAll(" ", "_"), name);
