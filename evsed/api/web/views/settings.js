// Every setting of the charger, in the groups in which an owner looks for it, found by any of its words.

import { h, text, unique } from "../lib/dom.js";
import { reading } from "../lib/reading.js";
import { AlertWays } from "./settings/alerts.js";
import { grouped } from "./settings/groups.js";
import { lock } from "./settings/lock.js";
import { Row } from "./settings/row.js";
import { Store } from "./settings/store.js";

export const areas = ["settings", "setting_words"];
export const css = true;

class Page {
  #app;
  #place;
  #store;
  #rows = new Map();
  #groups = [];
  #pin = false; // the installer has one
  #other = h("input", { type: "checkbox" });
  #look = null; // filters again

  constructor(place, app) {
    this.#place = place;
    this.#app = app;
    this.#store = new Store(app);
    const wrong = h("p", { class: "card error", role: "alert", hidden: true });
    place.append(wrong);
    const read = () => Promise.all([app.ask.get("/api/v1/access"), this.#store.read()]);
    this.close = reading(read, ([access]) => {
      wrong.remove();
      this.#pin = access.installer_pin_set;
      this.#begin();
    }, (trouble) => {
      wrong.hidden = false;
      text(wrong, trouble.message);
    }).close;
  }

  #begin() {
    this.#build(this.#app.t);
    this.#store.on(() => {
      for (const row of this.#rows.values()) row.update();
      if (this.#other.checked) this.#look();
    });
    this.openNamed();
  }

  // "#/settings/current_max" shows that setting.
  openNamed() {
    this.#open(location.hash.split("/")[2]);
  }

  #build(t) {
    const found = h("p", { class: "muted", role: "status" });
    const search = h("input", { type: "search", id: unique("search"), autocomplete: "off", spellcheck: "false" });
    this.#look = () => this.#filter(search.value, this.#other.checked, found);
    search.addEventListener("input", this.#look);
    this.#other.addEventListener("change", this.#look);
    this.#place.append(h("section", { class: "card search" },
      h("label", { class: "field" }, t("settings.search"), search),
      h("label", { class: "field tick" }, this.#other, " ", t("settings.only_other")), found,
      h("p", { class: "help" }, lock(), " ", t(this.#pin ? "settings.about_lock" : "settings.about_no_pin"))));
    for (const [name, keys] of grouped(this.#store.rows)) this.#group(name, keys, t);
  }

  #group(name, keys, t) {
    const rows = keys.map((key) => {
      const row = new Row(key, this.#store);
      this.#rows.set(key, row);
      return row;
    });
    const extra = name === "alerts" ? new AlertWays(this.#app, this.#store).node : null;
    const none = h("span", { class: "count muted" }, String(keys.length));
    const box = h("details", { class: "card group", "data-group": name },
      h("summary", {}, h("h2", {}, t(`settings.group_${name}`)), none),
      h("p", { class: "help" }, t(`settings.about_${name}`)), ...rows.map((row) => row.node), extra);
    this.#groups.push({ box, rows, extra });
    this.#place.append(box);
  }

  // Shows what has all the words in it; nothing asked for: all of it, closed.
  #filter(query, onlyOther, found) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const asked = words.length > 0 || onlyOther;
    let count = 0;
    for (const { box, rows, extra } of this.#groups) {
      let here = 0;
      for (const row of rows) {
        const fits = words.every((word) => row.words.includes(word)) && (!onlyOther || row.node.classList.contains("other"));
        row.node.hidden = !fits && !row.dirty;
        here += fits;
      }
      box.hidden = rows.every((row) => row.node.hidden);
      box.open = asked && here > 0;
      if (extra) extra.hidden = asked;
      count += here;
    }
    text(found, asked ? this.#app.t("settings.found", { count }) : "");
  }

  #open(key) {
    const row = this.#rows.get(key);
    if (!row) return;
    row.node.closest("details").open = true;
    row.node.scrollIntoView({ block: "center" });
    row.node.querySelector("input, select, button")?.focus();
  }

  look() {
    if (this.#rows.size) this.#store.look();
  }
}

export function create(place, app) {
  const page = new Page(place, app);
  const named = () => page.openNamed();
  addEventListener("hashchange", named);
  return { update: () => page.look(), close() {
    page.close();
    removeEventListener("hashchange", named);
  } };
}
