// The last day: what the mains and the car drew, what was offered, and what the charger did. Grows while it is looked at.

import { Band } from "../charts/band.js";
import { Day } from "../charts/day.js";
import { DayChart, carLines, mainsLines } from "../charts/day_charts.js";
import { kindOf, shortly } from "../charts/doing.js";
import { table } from "../charts/hours.js";
import { span } from "../charts/span.js";
import { energy, peak, rowsOfKinds } from "../charts/sums.js";
import { h, text, unique } from "../lib/dom.js";

export const areas = ["history"];
export const css = true;

const RANGES = [24, 6, 1];
const AGAIN_MS = 15000;

class Page {
  constructor(place, app) {
    this.app = app;
    this.day = new Day();
    this.hours = RANGES[0];
    this.picked = null; // a row, counted from the first that is shown
    this.timed = null;
    this.closed = false;
    this.waiting = 0;
    this.time = (x) => (this.day.timed ? app.format.time(x) : app.t("history.ago", { span: span(app.t, -x) }));
    this.#make();
    place.append(this.note, this.all);
    this.fetch();
  }

  // ---- what it is made of ----

  #make() {
    const { t, format } = this.app;
    const shared = { format, time: this.time, timed: () => this.day.timed, picked: (index) => this.pick(index) };
    this.mains = new DayChart({ ...shared, prefix: "mains", more: mainsLines(t) });
    this.car = new DayChart({ ...shared, prefix: "ev", more: carLines(t) });
    this.band = new Band((kind) => t(`history.kind.${kind}`), (index) => this.pick(index));
    this.note = h("p", { class: "card", role: "status" }, t("history.loading"));
    this.all = h("div", { class: "all", hidden: true },
      this.#makeHead(), this.#makeChart("mains", this.mains), this.#makeChart("car", this.car), this.#makeDid(), this.#makeTable());
  }

  #makeHead() {
    const { t } = this.app;
    this.buttons = RANGES.map((hours) => h("button", {
      type: "button", class: "button", "aria-pressed": String(hours === this.hours), onclick: () => this.choose(hours),
      "aria-label": hours > 1 ? t("history.hours_long", { hours }) : t("history.hour_long"),
    }, t("history.hours", { hours })));
    this.sums = Object.fromEntries(["highest", "limit", "charged", "charging_for"].map((name) => [name, h("dd", {})]));
    const list = h("dl", {}, ...Object.entries(this.sums).flatMap(([name, value]) => [h("dt", {}, t(`history.${name}`)), value]));
    this.untimed = h("p", { class: "help" }, t("history.no_time"));
    return h("section", { class: "card head" }, h("h2", {}, t("history.title")),
      h("div", { class: "row ranges", role: "group", "aria-label": t("history.range") }, ...this.buttons), list, this.untimed);
  }

  #makeChart(name, chart) {
    const { t } = this.app;
    return h("section", { class: "card" }, h("h2", {}, t(`history.${name}`)), h("p", { class: "help" }, t(`history.${name}_help`)),
      chart.element, chart.legend);
  }

  #makeDid() {
    const { t } = this.app;
    const id = unique("read");
    this.moment = h("p", { class: "moment" });
    this.slider = h("input", { type: "range", id, min: 0, step: 1, oninput: () => this.pick(Number(this.slider.value)) });
    return h("section", { class: "card did" }, h("h2", {}, t("history.did")), ...this.band.elements, this.moment,
      h("label", { for: id }, t("history.read")), this.slider, h("p", { class: "help" }, t("history.read_help")));
  }

  #makeTable() {
    const { t } = this.app;
    this.table = h("div", { class: "table" });
    this.details = h("details", { ontoggle: () => this.#showTable() }, h("summary", {}, t("history.table")), this.table);
    return h("section", { class: "card" }, this.details,
      h("p", {}, h("a", { class: "button", href: "/api/v1/history.csv", download: "history.csv" }, t("history.csv"))),
      h("p", { class: "help" }, t("history.kept")));
  }

  // ---- what is in it ----

  async fetch() {
    clearTimeout(this.waiting);
    const { t, ask } = this.app;
    try {
      const before = this.day.number;
      if (!document.hidden && await this.day.fetch(ask) && !this.closed) this.#show(this.day.number - before);
    } catch (trouble) {
      if (!this.closed) this.#note(t("history.wrong", { why: trouble.message }));
    }
    if (!this.closed) this.waiting = setTimeout(() => this.fetch(), AGAIN_MS);
  }

  #note(words) {
    text(this.note, words);
    this.note.hidden = !words;
  }

  choose(hours) {
    this.hours = hours;
    RANGES.forEach((one, place) => this.buttons[place].setAttribute("aria-pressed", String(one === hours)));
    this.picked = null;
    if (this.day.columns) this.#show(0);
  }

  // moved: by so many rows what is shown has gone to the left.
  #show(moved) {
    const { t } = this.app;
    const { day } = this;
    const empty = day.columns === null;
    this.all.hidden = empty;
    this.#note(empty ? t("history.nothing") : "");
    if (empty) return;
    this.first = day.from(this.hours);
    this.rows = day.length - this.first;
    if (this.timed !== day.timed && this.timed !== null) {
      this.mains.redraw();
      this.car.redraw();
    }
    this.timed = day.timed;
    this.untimed.hidden = day.timed;
    const times = Array.from({ length: this.rows }, (_, row) => day.at(this.first + row));
    const highest = day.columns.mains_highest_L1.map((_, row) => peak(day.columns, row, row + 1)?.deciamps ?? null);
    this.mains.set(times, day.columns, this.first, (key) => (key === "peak" ? highest : day.columns.limit));
    this.car.set(times, day.columns, this.first, () => day.columns.offer);
    this.slider.max = this.rows - 1;
    this.#showSums();
    this.#showTable();
    const stays = this.picked !== null && this.picked - moved >= 0 && this.rows === (this.hours * 3600) / day.step;
    this.pick(stays ? this.picked - moved : null);
  }

  #showSums() {
    const { t, format } = this.app;
    const { day, first } = this;
    const highest = peak(day.columns, first, day.length);
    const limit = day.columns.limit.at(-1);
    const kinds = rowsOfKinds(day.columns, first, day.length);
    const words = {
      highest: highest ? t("history.highest_at", {
        amps: format.amps(highest.deciamps / 10), phase: highest.phase, time: this.time(day.at(highest.row)),
      }) : t("common.unknown"),
      limit: limit === null ? t("common.none") : format.amps(limit / 10),
      charged: format.kwh(energy(day.columns, first, day.length)),
      charging_for: span(t, kinds.charging * day.step),
    };
    for (const [name, value] of Object.entries(words)) text(this.sums[name], value);
    const said = Object.keys(words).map((name) => `${t(`history.${name}`)}: ${words[name]}.`);
    this.mains.label(t("history.mains_label", { text: said.slice(0, 2).join(" ") }));
    this.car.label(t("history.car_label", { text: said.slice(2).join(" ") }));
    this.band.set(day.columns, first, Object.fromEntries(
      Object.entries(kinds).map(([kind, rows]) => [kind, rows ? span(t, rows * day.step) : ""])));
  }

  #showTable() {
    if (this.details.open && this.day.columns) this.table.replaceChildren(table(this.day, this.first, this.app, this.time));
  }

  // What is shown of one moment: the row that somebody points at, else the newest.
  pick(index) {
    const { t } = this.app;
    this.picked = index;
    const shown = index ?? this.rows - 1;
    for (const chart of [this.mains, this.car]) chart.pick(index, shown);
    this.band.pick(index);
    this.slider.value = shown;
    const row = this.first + shown;
    const time = this.time(this.day.at(row));
    const did = this.#did(row);
    text(this.moment, `${index === null ? t("history.latest", { time }) : time}: ${did}`);
    this.slider.setAttribute("aria-valuetext", t("history.values", {
      time, mains: this.mains.words(shown), car: this.car.words(shown), did,
    }));
  }

  #did(row) {
    const { t, word } = this.app;
    const { state, reason } = this.day.columns;
    const kind = kindOf(state[row], reason[row]) ?? "unknown";
    return reason[row] === null ? t(`history.kind.${kind}`) : shortly(word, reason[row]);
  }

  close() {
    this.closed = true;
    clearTimeout(this.waiting);
    this.mains.close();
    this.car.close();
  }
}

export function create(place, app) {
  const page = new Page(place, app);
  return { close: () => page.close() };
}
