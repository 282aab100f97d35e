// Energy per day or month as stacked bars: own sun below, mains above it, and what nobody could split on top.

import { h, text } from "../lib/dom.js";
import { AXIS_PX, Chart, axis, bars, color } from "./chart.js";

const DAY_S = 86400;
const MOST_DAYS = 62; // as days; more are months

const known = ({ energy_wh: energy }) => energy !== null;
const begin = ({ start, last_seen: seen, end }) => start ?? seen ?? end;

const dayOf = (unix) => {
  const moment = new Date(unix * 1000);
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());
};
const monthOf = (unix) => {
  const moment = new Date(unix * 1000);
  return new Date(moment.getFullYear(), moment.getMonth(), 1);
};

// The days or months from `from` to `to` (Unix seconds), each {at, solar, grid, rest} in Wh.
export function heaps(sessions, from, to) {
  const days = (to - from) / DAY_S <= MOST_DAYS;
  const of = days ? dayOf : monthOf;
  const found = new Map();
  for (let at = of(from); at.getTime() <= to * 1000;) {
    found.set(at.getTime(), { at: at.getTime() / 1000, solar: 0, grid: 0, rest: 0 });
    at = days ? new Date(at.getFullYear(), at.getMonth(), at.getDate() + 1) : new Date(at.getFullYear(), at.getMonth() + 1, 1);
  }
  for (const session of sessions.filter(known)) {
    const heap = begin(session) === null ? null : found.get(of(begin(session)).getTime());
    if (!heap) continue;
    if (session.solar_wh === null) heap.rest += session.energy_wh;
    else {
      heap.solar += session.solar_wh;
      heap.grid += session.energy_wh - session.solar_wh;
    }
  }
  return { days, heaps: [...found.values()] };
}

export class Energy {
  #chart;
  #heaps = [];
  #days = true;
  #format;
  element = h("div", { class: "chart", role: "img" });
  read = h("p", { class: "moment", role: "status" });
  #words;

  // words: {none, bar({day, energy, solar})}: what stands below the chart.
  constructor(format, words) {
    this.#format = format;
    this.#words = words;
    this.#chart = new Chart(this.element, () => this.#options(), (index) => this.#pick(index));
    this.#pick(null);
  }

  // The name of a day or a month.
  #name(at) {
    return this.#days ? this.#format.date(at) : this.#format.month(at);
  }

  #options() {
    const bar = bars({ size: [0.75, 40], align: 0 });
    const one = (name) => ({ paths: bar, fill: color(name), stroke: color(name), width: 0, points: { show: false } });
    return {
      height: 200,
      scales: {
        x: { time: false, range: (_, low, high) => [low - 0.5, high + 0.5] },
        y: { range: (_, low, high) => [0, Math.max(1, (high ?? 0) * 1.08)] },
      },
      axes: [
        axis({
          size: 28, space: 56, grid: { show: false }, incrs: [1, 2, 3, 5, 7, 10, 14, 20, 30, 60],
          values: (_, splits) => splits.map((at) => (this.#heaps[at] ? this.#format.short(this.#heaps[at].at, this.#days) : "")),
        }),
        axis({ size: AXIS_PX, space: 36, values: (_, splits) => splits.map((value) => this.#format.number(value, value < 10 && value % 1 ? 1 : 0)) }),
      ],
      series: [{}, one("muted"), one("mains"), one("sun")],
      cursor: { points: { show: false } },
    };
  }

  set(sessions, from, to) {
    const { days, heaps: found } = heaps(sessions, from, to);
    this.#days = days;
    this.#heaps = found;
    const stack = (sum) => found.map((heap) => sum(heap) / 1000);
    this.#chart.set([
      found.map((_, place) => place),
      stack(({ solar, grid, rest }) => solar + grid + rest), stack(({ solar, grid }) => solar + grid), stack(({ solar }) => solar),
    ]);
    this.#pick(null);
  }

  get days() {
    return this.#days;
  }

  // Whether there is energy that nobody could split.
  get unsplit() {
    return this.#heaps.some(({ rest }) => rest > 0);
  }

  #pick(index) {
    const heap = index === null ? null : this.#heaps[index];
    text(this.read, heap ? this.#words.bar({
      day: this.#name(heap.at), energy: this.#format.kwh(heap.solar + heap.grid + heap.rest), solar: this.#format.kwh(heap.solar),
    }) : this.#words.none);
  }

  label(words) {
    this.element.setAttribute("aria-label", words);
  }

  close() {
    this.#chart.close();
  }
}
