// The two charts of the last day: mains with its limit, car with what it is offered. Values of a moment in a legend.

import { h, text } from "../lib/dom.js";
import { AXIS_PX, Chart, axis, color, stepped } from "./chart.js";

const LINES = { L1: "mains", L2: "sun", L3: "house" };
const PHASES = Object.keys(LINES);
const MINUTE = 60;
const INCREMENTS = [5, 10, 15, 30, 60, 120, 180, 240, 360, 480, 720].map((minutes) => minutes * MINUTE);
const LEAST_A = 10; // that an axis shows

const amperes = (values) => values.map((value) => (value === null ? null : value / 10));

// A value holds until the next one: a slope between two would show a car above its offer.
const steps = () => stepped({ align: 1 });

// One series: its key, its name in the legend, and how it is drawn.
const phase = (name) => ({ key: name, name, line: () => ({ stroke: color(LINES[name]), width: 1.5, paths: steps() }) });

export class DayChart {
  #chart;
  #legend = h("ul", { class: "legend" });
  #values = new Map();
  #columns = [];
  #parts;
  #format;
  element;

  // prefix: of the columns of the phases. more: series beside the phases, {key, name, line, behind}. time(x): a moment in words.
  constructor({ prefix, more, format, time, timed, picked }) {
    this.#format = format;
    const phases = PHASES.map(phase);
    this.#parts = [...more.filter(({ behind }) => behind), ...phases, ...more.filter(({ behind }) => !behind)];
    this.prefix = prefix;
    for (const { key, name } of [...phases, ...more]) {
      const value = h("b", { class: "number" });
      this.#values.set(key, value);
      this.#legend.append(h("li", {}, h("i", { class: `swatch line-${key}` }), name, " ", value));
    }
    this.element = h("div", { class: "chart", role: "img" });
    this.#chart = new Chart(this.element, () => this.#options(time, timed), picked);
  }

  get legend() {
    return this.#legend;
  }

  #options(time, timed) {
    return {
      height: matchMedia("(min-width: 48rem)").matches ? 240 : 190,
      scales: {
        x: { time: timed() },
        y: { range: (_, low, high) => [Math.min(0, Math.floor(low)), Math.max(LEAST_A, high * 1.08)] },
      },
      axes: [
        axis({ size: 28, space: 56, incrs: INCREMENTS, values: (_, splits) => splits.map(time) }),
        axis({ size: AXIS_PX, space: 36, values: (_, splits) => splits.map((value) => `${this.#format.number(value)} A`) }),
      ],
      series: [{}, ...this.#parts.map(({ line }) => ({ spanGaps: false, points: { show: false }, ...line() }))],
    };
  }

  // times: of each row from `first` on. column(key): what a series beside the phases has, in dA.
  set(times, columns, first, column) {
    const found = this.#parts.map(({ key }) => (PHASES.includes(key) ? columns[`${this.prefix}_${key}`] : column(key)));
    this.#columns = found.map((values) => amperes(values.slice(first)));
    this.#chart.set([times, ...this.#columns]);
  }

  label(words) {
    this.element.setAttribute("aria-label", words);
  }

  // Points at a row, or at none; the legend says the values of `shown`.
  pick(index, shown) {
    this.#chart.pick(index);
    this.#parts.forEach(({ key }, place) => text(this.#values.get(key), this.#format.amps(this.#columns[place]?.[shown])));
  }

  // The values of the phases at a row, in words.
  words(index) {
    return PHASES.map((name, place) => `${name} ${this.#format.amps(this.#columns[place]?.[index])}`).join(", ");
  }

  // Draws anew, where the axes have become others.
  redraw() {
    this.#chart.redraw();
  }

  close() {
    this.#chart.close();
  }
}

// What is drawn beside the phases of the mains and of the car.
export const mainsLines = (t) => [
  { key: "peak", name: t("history.peak"), behind: true, line: () => ({ stroke: color("muted"), width: 1, paths: steps() }) },
  { key: "limit", name: t("history.the_limit"), line: () => ({ stroke: color("bad"), width: 2, dash: [6, 4], paths: steps() }) },
];
export const carLines = (t) => [
  { key: "offer", name: t("history.offer"), line: () => ({ stroke: color("car"), width: 2, dash: [4, 3], paths: steps() }) },
];
