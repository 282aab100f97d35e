// What the charger did, as few kinds that a glance tells apart, and the words for each reason.

const KIND_OF = new Map();
const KINDS_OF_REASONS = {
  none: "no_car",
  full: "car_not_ready ventilation",
  wait: "no_sun no_power not_measured charge_delay contactor_rest switching_phases pilot_restart waking_car closing "
    + "asking_master nothing_offered limited_outside delayed card stopping",
  off: "access_denied paused stopped_by_switch pilot_by_hand leaving",
};
for (const [kind, reasons] of Object.entries(KINDS_OF_REASONS)) for (const one of reasons.split(" ")) KIND_OF.set(one, kind);

export const KINDS = ["charging", "wait", "full", "none", "off", "fault"];

// One of KINDS, or null where nothing was recorded. A reason that is not in the table is a fault.
export function kindOf(state, reason) {
  if (state === null) return null;
  return reason === null ? "charging" : KIND_OF.get(reason) ?? "fault";
}

// The short words for a code of a reason.
export const shortly = (word, code) => word("reason", code, code.replaceAll("_", " "), "history");

// Stretches of the same kind and reason: {from, to, kind, reason}, rows from `first` on; `to` is not in it.
export function stretches(columns, first) {
  const found = [];
  for (let row = first; row < columns.state.length; row += 1) {
    const reason = columns.reason[row];
    const kind = kindOf(columns.state[row], reason);
    const last = found.at(-1);
    if (last && last.kind === kind && last.reason === reason) last.to = row + 1;
    else found.push({ from: row, to: row + 1, kind, reason });
  }
  return found;
}
