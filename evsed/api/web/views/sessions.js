// What was charged: sums, energy per day, each session, and the file for a spreadsheet.

import { Energy } from "../charts/energy.js";
import { said } from "../charts/heaps.js";
import { NAMES, bounds, query, sessionsOf, sums } from "../charts/periods.js";
import { row } from "../charts/session_row.js";
import { span } from "../charts/span.js";
import { h, text } from "../lib/dom.js";
import { region } from "../lib/i18n.js";
import { reading } from "../lib/reading.js";

export const areas = ["history", "sessions"];
export const css = true;

const SHOWN = 30; // sessions at once
const AGAIN_MS = 60000; // while a car is there
const SEPARATORS = ["comma", "semicolon", "tab"];

const intl = (options) => new Intl.DateTimeFormat(region(), options);
const SHORT = { true: { day: "numeric", month: "numeric" }, false: { month: "short", year: "2-digit" } };

// The same as app.format, and the names of days and months that stand at an axis.
const formats = (format) => ({
  ...format,
  short: (unix, day) => intl(SHORT[day]).format(new Date(unix * 1000)),
  month: (unix) => intl({ month: "long", year: "numeric" }).format(new Date(unix * 1000)),
});

// A spreadsheet that writes decimals with a comma takes semicolons between columns.
const usual = () => (new Intl.NumberFormat(region()).format(1.5).includes(",") ? "semicolon" : "comma");

class Page {
  constructor(place, app) {
    this.app = app;
    this.sessions = null;
    this.opened = new Set();
    this.most = SHOWN;
    this.seen = null; // of the charger: what a session changes with
    this.#make();
    place.append(this.head, this.note, this.chart, this.listed, this.file);
    this.reading = reading(() => sessionsOf(app.ask, this.period.value), (found) => {
      this.sessions = found;
      this.#show();
    }, ({ message }) => this.#note(app.t("sessions.wrong", { why: message })), (found) => (found.some(({ open }) => open) ? AGAIN_MS : 0));
  }

  #make() {
    const { t } = this.app;
    this.period = h("select", { onchange: () => this.choose() }, ...NAMES.map((name) => h("option", { value: name }, t(`sessions.${name}`))));
    this.sums = Object.fromEntries(["energy", "solar", "count", "charging_time"].map((name) => [name, h("dd", {})]));
    this.unknown = h("p", { class: "help", hidden: true });
    this.head = h("section", { class: "card head" }, h("h2", {}, t("sessions.title")),
      h("label", { class: "field" }, t("sessions.period"), this.period),
      h("dl", {}, ...Object.entries(this.sums).flatMap(([name, value]) => [h("dt", {}, t(`sessions.${name}`)), value])), this.unknown);
    this.note = h("p", { class: "card", role: "status" }, t("sessions.loading"));
    this.#makeChart();
    this.list = h("ul", { class: "list" });
    this.more = h("button", { type: "button", class: "button", onclick: () => this.#showMore() }, t("sessions.more"));
    this.listed = h("section", { class: "card", hidden: true }, h("h2", {}, t("sessions.list")), this.list, this.more);
    this.#makeFile();
  }

  #makeChart() {
    const { t, format } = this.app;
    this.energy = new Energy(formats(format), { none: t("sessions.bar_none"), bar: (heap, day) => this.#bar(heap, day) });
    this.title = h("h2", {});
    const part = (name) => h("li", {}, h("i", { class: `swatch ${name}` }), t(`sessions.${name}`));
    this.unsplit = part("unmeasured");
    this.chart = h("section", { class: "card", hidden: true }, this.title, h("p", { class: "help" }, "kWh. ", t("sessions.chart_help")),
      this.energy.element, h("ul", { class: "legend" }, part("solar"), part("grid"), this.unsplit), this.energy.read);
  }

  // A bar in words.
  #bar(heap, day) {
    const { t, format } = this.app;
    const { key, more } = said(heap);
    const words = t(`sessions.${key}`, { day, energy: format.kwh(heap.energy), solar: format.kwh(heap.solar), rest: format.kwh(heap.rest) });
    return more ? `${words}. ${t("sessions.incomplete", { count: heap.unknown })}` : words;
  }

  #makeFile() {
    const { t } = this.app;
    this.separator = h("select", { onchange: () => this.#link() }, ...SEPARATORS.map(
      (name) => h("option", { value: name, selected: name === usual() }, t(`sessions.${name}`))));
    this.csv = h("a", { class: "button primary", download: "sessions.csv" }, t("sessions.csv"));
    this.json = h("a", { class: "button", download: "sessions.json" }, t("sessions.json"));
    this.file = h("section", { class: "card file" }, h("h2", {}, t("sessions.save")), h("p", { class: "help" }, t("sessions.save_help")),
      h("label", { class: "field" }, t("sessions.separator"), this.separator), h("div", { class: "row" }, this.csv, this.json));
    this.#link();
  }

  #link() {
    const period = query(this.period.value);
    this.csv.href = `/api/v1/sessions.csv?${[period, `separator=${this.separator.value}`].filter(Boolean).join("&")}`;
    this.json.href = `/api/v1/sessions.json${period && `?${period}`}`;
  }

  choose() {
    this.most = SHOWN;
    this.opened.clear();
    this.#link();
    this.reading.look();
  }

  #note(words) {
    text(this.note, words);
    this.note.hidden = !words;
  }

  #show() {
    const { t } = this.app;
    const some = this.sessions.length > 0;
    this.#note(some ? "" : t("sessions.empty"));
    this.chart.hidden = this.listed.hidden = !some;
    this.#showSums();
    if (!some) return;
    this.energy.set(this.sessions, ...bounds(this.period.value, this.sessions));
    this.unsplit.hidden = !this.energy.unsplit;
    text(this.title, t(this.energy.days ? "sessions.per_day" : "sessions.per_month"));
    this.energy.label(t("sessions.chart_label", {
      title: this.title.textContent, energy: this.sums.energy.textContent, solar: this.sums.solar.textContent,
    }));
    this.#showList();
  }

  #showSums() {
    const { t, format } = this.app;
    const { energy, solar, split, seconds, unknown } = sums(this.sessions);
    text(this.sums.energy, this.sessions.length ? format.kwh(energy) : format.kwh(0));
    text(this.sums.solar, split ? t("sessions.solar_share", { kwh: format.kwh(solar), percent: Math.round((100 * solar) / split) })
      : format.kwh(this.sessions.length ? solar : 0));
    text(this.sums.count, format.number(this.sessions.length));
    text(this.sums.charging_time, span(t, seconds));
    this.unknown.hidden = !unknown;
    text(this.unknown, t("sessions.incomplete", { count: unknown }));
  }

  #showList() {
    this.list.replaceChildren(...this.sessions.slice(0, this.most).map((session) => row(
      session, this.app, this.opened.has(session.id), (open) => this.opened[open ? "add" : "delete"](session.id))));
    this.more.hidden = this.sessions.length <= this.most;
  }

  #showMore() {
    const next = this.most;
    this.most += SHOWN;
    this.#showList();
    this.list.children[next]?.querySelector("summary").focus();
  }

  // A session begins, ends, or goes on: the list is not what it was.
  update({ connected, charging }) {
    const seen = `${connected} ${charging}`;
    if (this.seen !== null && seen !== this.seen) this.reading.look();
    this.seen = seen;
  }

  close() {
    this.reading.close();
    this.energy.close();
  }
}

export function create(place, app) {
  const page = new Page(place, app);
  return { update: (state) => page.update(state), close: () => page.close() };
}
