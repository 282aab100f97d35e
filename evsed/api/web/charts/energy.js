// Energy per day or month as stacked bars: own sun below, mains above it, and what nobody could split on top.

import { h, text } from "../lib/dom.js";
import { AXIS_PX, Chart, axis, bars, color } from "./chart.js";
import { heaps, stacks } from "./heaps.js";

export class Energy {
  #chart;
  #heaps = [];
  #days = true;
  #format;
  element = h("div", { class: "chart", role: "img" });
  read = h("p", { class: "moment", role: "status" });
  #words;

  // words: {none, bar(heap, day)}: what stands below the chart.
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
    this.#chart.set([found.map((_, place) => place), ...stacks(found)]);
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
    text(this.read, heap ? this.#words.bar(heap, this.#name(heap.at)) : this.#words.none);
  }

  label(words) {
    this.element.setAttribute("aria-label", words);
  }

  close() {
    this.#chart.close();
  }
}
