// The live log: the last lines and what comes, by level and text. Owns how lines look, and how many are kept.

import { copied } from "../lib/copy.js";
import { h, text, unique } from "../lib/dom.js";
import { saveFile } from "../lib/save.js";
import { LogStream } from "./logstream.js";

export const areas = ["log"];
export const css = true;

const LEVELS = ["debug", "info", "warning", "error"];
const MOST = 1000; // lines on the page
const FIRST = 200;
const READ_ALOUD = 3; // lines at once; of more only the number is said
const TYPING_MS = 400;
const NEAR_END = 40; // pixels

const two = (value) => String(value).padStart(2, "0");
const clock = (at) => [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
// No clock that is right is earlier than this program; a Raspberry Pi without a battery begins its day in some old year.
const RIGHT_FROM = Date.UTC(2026, 0, 1);
const timed = (line) => line.at >= RIGHT_FROM;
const stamp = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(at)}`;
const source = (line) => line.logger.replace(/^evsed\./, "");

// As it is copied and saved: what `evsed log` prints; untimed: what stands in place of a time that is not known.
const plain = (line, untimed) => (line.note
  ? `--- ${stamp(new Date(line.at))} ${line.note}`
  : `${timed(line) ? stamp(new Date(line.at)) : untimed} ${line.level.toUpperCase().padEnd(7)} ${source(line)}: ${line.text.replaceAll("\n", "\n    ")}`);

class LogView {
  #app;
  #t;
  #lines = []; // what is shown, the oldest first
  #held = []; // what came while it was paused
  #paused = false;
  #day = "";
  #stream = null;
  #typing = 0;

  constructor(place, app) {
    this.#app = app;
    this.#t = app.t;
    this.#build(place);
    this.#listen();
  }

  close() {
    clearTimeout(this.#typing);
    this.#stream.close();
  }

  #button(key, press) {
    return h("button", { type: "button", class: "button", onclick: press }, this.#t(`log.${key}`));
  }

  #build(place) {
    const about = unique("log-help");
    this.level = h("select", { "aria-describedby": about, onchange: () => this.#listen() },
      ...LEVELS.map((level) => h("option", { value: level, selected: level === "info" }, this.#t(`log.from_${level}`))));
    this.filter = h("input", { type: "search", maxlength: 100, autocomplete: "off", spellcheck: "false", oninput: () => this.#typed() });
    this.pause = this.#button("pause", () => this.#hold(!this.#paused));
    this.pause.setAttribute("aria-pressed", "false");
    this.newest = this.#button("newest", () => this.#toNewest());
    this.newest.classList.add("primary", "newest");
    this.newest.hidden = true;
    this.list = h("div", { class: "lines", role: "log", tabindex: "0", "aria-label": this.#t("log.title"), onscroll: () => this.#scrolled() });
    this.none = h("p", { class: "muted none" }, this.#t("log.nothing"));
    this.told = h("p", { class: "visually-hidden", role: "status" });
    place.append(
      h("section", { class: "card" }, h("h2", {}, this.#t("log.title")),
        h("div", { class: "choices" },
          h("label", { class: "field" }, this.#t("log.level"), this.level),
          h("label", { class: "field" }, this.#t("log.filter"), this.filter)),
        h("div", { class: "row" }, this.pause, this.#button("copy", () => this.#copy()), this.#button("download", () => this.#download()))),
      h("section", { class: "card window" }, this.none, this.list, this.newest, this.told),
      h("p", { class: "help", id: about }, this.#t("log.about")));
  }

  #typed() {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#listen(), TYPING_MS);
  }

  // Begins anew with what is chosen now.
  #listen() {
    this.#stream?.close();
    this.#lines = [];
    this.#held = [];
    this.#day = "";
    this.list.replaceChildren();
    this.none.hidden = false;
    this.#hold(false);
    const query = { level: this.level.value, last: FIRST, ...(this.filter.value ? { text: this.filter.value } : {}) };
    this.#stream = new LogStream(query, (told) => this.#hear(told));
  }

  #hear({ lines, gap, lost, found }) {
    if (lines) this.#add(lines);
    else if (gap) this.#note(gap === "restarted" ? "restarted" : "gap");
    else if (found) this.#note("found");
    else this.#note("lost", lost ? ` (${lost})` : "");
  }

  #note(key, why = "") {
    this.#add([{ note: this.#t(`log.${key}`) + why, kind: key, at: Date.now() }]);
  }

  #add(lines) {
    if (this.#paused) {
      this.#held = [...this.#held, ...lines].slice(-MOST);
      this.#showNewest();
      return;
    }
    const stays = this.#atEnd();
    this.list.setAttribute("aria-live", lines.length > READ_ALOUD ? "off" : "polite");
    this.#lines.push(...lines);
    this.list.append(...lines.slice(-MOST).flatMap((line) => this.#shown(line)));
    while (this.#lines.length > MOST) this.#lines.shift();
    while (this.list.childElementCount > MOST) this.list.firstElementChild.remove();
    this.none.hidden = true;
    if (lines.length > READ_ALOUD) text(this.told, this.#t("log.many", { count: lines.length }));
    if (stays) this.list.scrollTop = this.list.scrollHeight;
    this.#showNewest();
  }

  // The elements of a line; before the first of a day, that day.
  #shown(line) {
    const at = new Date(line.at);
    const sure = timed(line);
    const day = sure ? this.#app.format.date(line.at / 1000) : this.#t("log.no_time");
    const before = day === this.#day ? [] : [h("p", { class: "day" }, day)];
    this.#day = day;
    const when = sure ? h("time", { datetime: at.toISOString(), class: "number" }, clock(at)) : h("span", { class: "visually-hidden" }, day);
    const shown = line.note
      ? h("p", { class: `line note is-${line.kind}` }, when, " ", line.note)
      : h("p", { class: `line is-${line.level}` }, when, " ", h("span", { class: "level" }, this.#t(`log.level_${line.level}`)), " ",
        h("span", { class: "words", lang: "en" }, h("span", { class: "muted" }, `${source(line)}: `), line.text));
    return [...before, shown];
  }

  // ---- where one looks ----

  #atEnd() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR_END;
  }

  #scrolled() {
    this.#showNewest();
  }

  #showNewest() {
    const held = this.#held.length;
    this.newest.hidden = !held && this.#atEnd();
    text(this.newest, held ? this.#t("log.newest_held", { count: held }) : this.#t("log.newest"));
  }

  #hold(paused) {
    this.#paused = paused;
    this.pause.setAttribute("aria-pressed", String(paused));
    if (paused || !this.#held.length) return;
    const held = this.#held;
    this.#held = [];
    this.#add(held);
  }

  #toNewest() {
    this.#hold(false);
    this.list.scrollTop = this.list.scrollHeight;
    this.list.focus();
  }

  // ---- as text ----

  #text() {
    return `${this.#lines.map((line) => plain(line, this.#t("log.no_time"))).join("\n")}\n`;
  }

  async #copy() {
    const done = await copied(this.#text());
    this.#app.say(done ? this.#t("log.copied", { count: this.#lines.length }) : this.#t("log.not_copied"), done ? "done" : "wrong");
  }

  #download() {
    saveFile(`evsed-log-${stamp(new Date()).replace(/[ :]/g, "-")}.txt`, this.#text(), "text/plain");
  }
}

export const create = (place, app) => new LogView(place, app);
