// What the charger says, in the visitor's language: by the whole sentence where it has numbers or several meanings,
// else by its code. English stays as the charger says it, the same as on its LCD, REST and MQTT.

import { language, word } from "../../lib/i18n.js";
import { sentence } from "../../lib/sentence.js";

const english = () => language() === "en";

export const said = (kind, code, told) => (english() ? told : sentence(told) ?? word(kind, code, told));

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
