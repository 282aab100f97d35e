// Sessions as heaps of energy, one a day or a month: own sun, mains, and what nobody could split. Unknown is null, never 0.

const DAY_S = 86400;
const MOST_DAYS = 62; // as days; more are months

const begin = ({ start, last_seen: seen, end }) => start ?? seen ?? end;

const dayOf = (unix) => {
  const moment = new Date(unix * 1000);
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());
};
const monthOf = (unix) => {
  const moment = new Date(unix * 1000);
  return new Date(moment.getFullYear(), moment.getMonth(), 1);
};

function add(heap, { energy_wh: energy, solar_wh: solar }) {
  heap.sessions += 1;
  if (energy === null) heap.unknown += 1;
  else if (solar === null && energy > 0) heap.rest += energy;
  else {
    heap.solar = (heap.solar ?? 0) + (solar ?? 0);
    heap.grid += energy - (solar ?? 0);
  }
}

// Where there was no session nothing was charged, which is known.
function sum(heap) {
  const energy = heap.sessions > heap.unknown || !heap.sessions ? (heap.solar ?? 0) + heap.grid + heap.rest : null;
  return { ...heap, energy, solar: heap.sessions ? heap.solar : 0 };
}

// The days or months from `from` to `to` (Unix seconds), each {at, energy, solar, grid, rest, unknown}: Wh, of which
// energy and solar are null where no session of that day says them; unknown: so many sessions do not say their energy.
export function heaps(sessions, from, to) {
  const days = (to - from) / DAY_S <= MOST_DAYS;
  const of = days ? dayOf : monthOf;
  const found = new Map();
  for (let at = of(from); at.getTime() <= to * 1000;) {
    found.set(at.getTime(), { at: at.getTime() / 1000, solar: null, grid: 0, rest: 0, sessions: 0, unknown: 0 });
    at = days ? new Date(at.getFullYear(), at.getMonth(), at.getDate() + 1) : new Date(at.getFullYear(), at.getMonth() + 1, 1);
  }
  for (const session of sessions) {
    const heap = begin(session) === null ? null : found.get(of(begin(session)).getTime());
    if (heap) add(heap, session);
  }
  return { days, heaps: [...found.values()].map(sum) };
}

// What is stacked on each other, in kWh, the highest first; null: nothing is drawn.
export const stacks = (found) => [
  found.map(({ energy }) => (energy === null ? null : energy / 1000)),
  found.map(({ energy, solar, grid }) => (energy === null || solar === null ? null : (solar + grid) / 1000)),
  found.map(({ energy, solar }) => (energy === null || solar === null ? null : solar / 1000)),
];

// The key of the text for a heap, and what else is to be told.
export function said({ energy, solar, rest, unknown }) {
  const key = energy === null ? "bar_unknown" : solar === null ? "bar_unsplit" : rest > 0 ? "bar_partly" : "bar";
  return { key, more: energy !== null && unknown > 0 };
}
