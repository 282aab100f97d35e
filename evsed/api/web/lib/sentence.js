// Sentences of the charger's in the visitor's language, by their English: where one has values in it, or no code.
// English stays as the charger says it, the same as on its LCD, REST and MQTT.

import { allTexts, language } from "./i18n.js";

// Keys begin so behind their area; the rest of one is the English, with {name} where something is put in.
const KIND = /^\w+\.sentence\./;

let shapes = [];
let of = 0; // so many texts there were then

function shape([key, own]) {
  const parts = key.replace(KIND, "").split(/\{(\w+)\}/);
  const names = parts.filter((_, index) => index % 2);
  const source = parts.map((part, index) => (index % 2 ? "(.+?)" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))).join("");
  return { pattern: new RegExp(`^${source}$`, "s"), own, names, length: key.replace(KIND, "").length };
}

function known() {
  const all = allTexts();
  if (all.length !== of) {
    of = all.length;
    shapes = all.filter(([key]) => KIND.test(key)).map(shape).sort((one, other) => other.length - one.length); // what says more goes first
  }
  return shapes;
}

const value = (name, found, put) => (name === "why" ? translated(found, put) : put(name, found));
const same = (_, value) => value;

// The sentence in the visitor's language, as far as the areas that were read know it; null where they do not. {why} is a
// sentence itself; put(name, value) says how another value is shown.
export function sentence(told, put = same) {
  if (language() === "en" || typeof told !== "string") return null;
  for (const { pattern, own, names } of known()) {
    const found = pattern.exec(told);
    if (found) return own.replace(/\{(\w+)\}/g, (_, name) => value(name, found[names.indexOf(name) + 1], put));
  }
  return null;
}

// As it is, or as a known sentence.
export const translated = (told, put = same) => sentence(told, put) ?? told;
