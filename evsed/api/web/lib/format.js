// Numbers and times as the visitor's language writes them. What is not known is said to be unknown, never 0.

import { region, t } from "./i18n.js";

const NARROW = "\u202f"; // between number and unit

// Making one takes a phone longer than all that is done with it.
const numbers = new Map();

export function number(value, digits = 0) {
  if (!numbers.has(digits)) {
    numbers.set(digits, new Intl.NumberFormat(region(), { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  }
  return numbers.get(digits).format(value);
}

// text(value), or "unknown" for null and undefined.
export const known = (value, text) => (value === null || value === undefined ? t("common.unknown") : text(value));

const unit = (name, digits, scale = 1) => (value) => known(
  value, (sure) => `${number(sure / scale, digits)}${NARROW}${name}`,
);

export const amps = unit("A", 1);
export const kw = unit("kW", 1, 1000); // from watts
export const kwh = unit("kWh", 1, 1000); // from watt-hours
export const volts = unit("V", 1);
export const celsius = unit("°C", 0);

const two = (value) => String(value).padStart(2, "0");

// Seconds as 02:03, or 1:02:03.
export function clock(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${two(minutes)}:${two(whole % 60)}`;
}

const moment = (options) => (unix) => known(
  unix, (sure) => new Intl.DateTimeFormat(region(), options).format(new Date(sure * 1000)),
);

// Of a Unix time in seconds, in the browser's time zone.
export const time = moment({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const date = moment({ weekday: "short", day: "numeric", month: "short" });
export const dateTime = moment({
  weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
