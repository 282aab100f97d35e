// The clock on the charger's wall, which need not be the one of the browser. Owns how its times are written.

import { region } from "../../lib/i18n.js";

const ZONE = /(Z|([+-])(\d\d):(\d\d))$/;

// How far the charger's clock is from UTC, in s: by the last state; the browser's own where that does not say.
function offset(state) {
  const found = ZONE.exec(state.local_time ?? "");
  if (!found) return new Date().getTimezoneOffset() * -60;
  return found[2] ? (found[2] === "-" ? -60 : 60) * (Number(found[3]) * 60 + Number(found[4])) : 0;
}

// "2026-11-22T22:00" of a time with its zone; null for null.
export const minuteOf = (local) => local?.slice(0, 16) ?? null;

// The charger's time of day now as "2026-11-22T22:00", or null while it knows none.
export function now({ state, receivedAt }) {
  if (!state?.local_time) return null;
  const since = performance.now() - receivedAt;
  return new Date(Date.parse(`${state.local_time.slice(0, 19)}Z`) + since).toISOString().slice(0, 16);
}

const written = (minute, options) => new Intl.DateTimeFormat(region(), { timeZone: "UTC", hourCycle: "h23", ...options })
  .format(new Date(`${minute}Z`));

const TIME = { hour: "2-digit", minute: "2-digit" };
const DAY = { weekday: "short", day: "numeric", month: "short" };

// A minute of the charger's clock for people: the time, and the day where that is not `today`'s.
export function say(minute, today) {
  if (minute.slice(0, 10) === today?.slice(0, 10)) return written(minute, TIME);
  const year = minute.slice(0, 4) === today?.slice(0, 4) ? {} : { year: "numeric" };
  return written(minute, { ...DAY, ...year, ...TIME });
}

const minuteAt = (unix, live) => new Date((unix + offset(live.state)) * 1000).toISOString().slice(0, 16);

// The same of Unix seconds, by the charger's clock.
export const sayUnix = (unix, live) => say(minuteAt(unix, live), now(live));

// Whether that is on another day than the charger's today.
export const onAnotherDay = (unix, live) => minuteAt(unix, live).slice(0, 10) !== (now(live) ?? "").slice(0, 10);

// What is left of `seconds` that the last state told.
export const left = (seconds, { receivedAt }) => Math.max(0, seconds - (performance.now() - receivedAt) / 1000);

// Whether the browser's clock shows another time than the charger's.
export function differs(live) {
  const theirs = now(live);
  return theirs !== null && Math.abs(Date.parse(`${theirs}Z`) - (Date.now() - new Date().getTimezoneOffset() * 60000)) > 90000;
}
