// The periods of which sessions are shown: their first and last day where the visitor is, and their sessions.

const PAGE = 1000;
const FIRST_YEAR = 2000;

const dayBefore = (now, days) => new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);

// Each: its first and its last day; null: open.
const PERIODS = {
  days30: (now) => [dayBefore(now, 29), null],
  month: (now) => [new Date(now.getFullYear(), now.getMonth(), 1), null],
  last_month: (now) => [new Date(now.getFullYear(), now.getMonth() - 1, 1), new Date(now.getFullYear(), now.getMonth(), 0)],
  year: (now) => [new Date(now.getFullYear(), 0, 1), null],
  last_year: (now) => [new Date(now.getFullYear() - 1, 0, 1), new Date(now.getFullYear() - 1, 11, 31)],
  all: () => [null, null],
};

export const NAMES = Object.keys(PERIODS);

const two = (value) => String(value).padStart(2, "0");
const iso = (day) => `${Math.max(FIRST_YEAR, day.getFullYear())}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;

// What the charger is asked for: "from=2026-11-01&to=2026-11-30".
export function query(name, now = new Date()) {
  const [first, last] = PERIODS[name](now);
  return [first && `from=${iso(first)}`, last && `to=${iso(last)}`].filter(Boolean).join("&");
}

// Begin and end in Unix seconds, for a chart; of "all" from the first of `sessions`.
export function bounds(name, sessions, now = new Date()) {
  const [first, last] = PERIODS[name](now);
  const oldest = Math.min(...sessions.map(({ start }) => start).filter((start) => start !== null), now / 1000);
  const end = last ? new Date(last.getFullYear(), last.getMonth(), last.getDate(), 23, 59) : now;
  return [first ? first / 1000 : oldest, end / 1000];
}

// All sessions of a period, the newest first.
export async function sessionsOf(ask, name) {
  const found = [];
  let before = null;
  do {
    const wanted = [query(name), `limit=${PAGE}`, before && `before=${before}`].filter(Boolean).join("&");
    const page = await ask.get(`/api/v1/sessions?${wanted}`);
    found.push(...page.sessions);
    before = page.next;
  } while (before);
  return found;
}

// What sessions come to; energy and sun are null where none of them is known.
export function sums(sessions) {
  const add = (values) => (values.length ? values.reduce((sum, value) => sum + value, 0) : null);
  const of = (name) => add(sessions.map((session) => session[name]).filter((value) => value !== null));
  const split = sessions.filter(({ solar_wh: solar, energy_wh: energy }) => solar !== null && energy !== null);
  return {
    energy: of("energy_wh"),
    solar: of("solar_wh"),
    split: add(split.map(({ energy_wh: energy }) => energy)),
    seconds: of("charging_s") ?? 0,
    unknown: sessions.filter(({ energy_wh: energy }) => energy === null).length,
  };
}
