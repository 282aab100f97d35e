// What a stretch of the last day comes to: its peak, its energy, how long the charger did what, and hour by hour.

import { KINDS, kindOf } from "./doing.js";

const PHASES = ["L1", "L2", "L3"];

const most = (values) => values.reduce((found, value) => (value !== null && (found === null || value > found) ? value : found), null);

// Of rows [from, to): the highest mains current, its phase and its row; null where none is known.
export function peak(columns, from, to) {
  let found = null;
  for (const phase of PHASES) {
    const values = columns[`mains_highest_${phase}`];
    for (let row = from; row < to; row += 1) {
      if (values[row] !== null && (found === null || values[row] > found.deciamps)) found = { deciamps: values[row], phase, row };
    }
  }
  return found;
}

// The highest mean current of the car on a phase.
export const carHighest = (columns, from, to) => most(PHASES.map((phase) => most(columns[`ev_${phase}`].slice(from, to))));

// What the EV meter counted, in Wh; null where it never did.
export function energy(columns, from, to) {
  const known = columns.ev_wh.slice(from, to).filter((value) => value !== null);
  return known.length ? known.reduce((sum, value) => sum + value, 0) : null;
}

// So many rows of each kind, and of "unknown".
export function rowsOfKinds(columns, from, to) {
  const found = Object.fromEntries([...KINDS, "unknown"].map((kind) => [kind, 0]));
  for (let row = from; row < to; row += 1) found[kindOf(columns.state[row], columns.reason[row]) ?? "unknown"] += 1;
  return found;
}

// The kind that most of the rows are.
export function mostly(columns, from, to) {
  const [[kind]] = Object.entries(rowsOfKinds(columns, from, to)).sort(([, a], [, b]) => b - a);
  return kind;
}

// [from, to) of each hour of the clock from row `first` on; where nobody knows the time, of each hour back from now.
export function hours(day, first) {
  const found = [];
  const hour = (row) => Math.floor((day.timed ? day.at(row) - new Date(day.at(row) * 1000).getTimezoneOffset() * 60 : day.at(row)) / 3600);
  for (let row = first; row < day.length; row += 1) {
    const last = found.at(-1);
    if (last && hour(last.from) === hour(row)) last.to = row + 1;
    else found.push({ from: row, to: row + 1 });
  }
  return found;
}
