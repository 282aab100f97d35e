// One setting: what it is, what it takes, its value, and the small Save beside it once that was changed. Enter saves,
// Escape puts back. A secret is never shown: it is set anew or taken away.

import { h, text, unique } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";
import { say } from "../../lib/say.js";
import { NotTaken, control, helpOf, nameOf, patch, rangeOf, shown } from "./controls.js";
import { idle } from "./groups.js";
import { lock } from "./lock.js";
import { saidOf } from "./store.js";

const button = (words, onclick, more = {}) => h("button", { type: "button", class: "button", onclick, ...more }, words);

export class Row {
  #key;
  #store;
  #row;
  #seen; // the charger's value when the visitor began to change it
  #busy = false;
  #open = false; // a secret's field

  constructor(key, store) {
    this.#key = key;
    this.#store = store;
    this.#row = store.rows[key];
    this.#seen = this.#row.value;
    this.#build(unique(key));
    this.control.show(this.#seen);
    this.update();
  }

  #build(id) {
    const row = this.#row;
    this.control = control(this.#key, row, { id, "aria-describedby": `${id}-help ${id}-error` });
    this.save = h("button", { class: "button primary" }, t("common.save"));
    this.back = button(t("settings.put_back"), () => this.#putBack());
    this.deeds = h("div", { class: "row", hidden: true }, this.save, this.back);
    this.error = h("p", { class: "error", id: `${id}-error`, role: "alert" });
    this.why = h("p", { class: "idle" });
    this.elsewhere = h("p", { class: "elsewhere", role: "status", hidden: true });
    const label = h("label", { for: id }, nameOf(this.#key), row.installer ? lock() : null);
    const about = h("p", { class: "help", id: `${id}-help` }, helpOf(this.#key, row));
    const facts = [row.lcd_name && t("settings.lcd_name", { name: row.lcd_name }), rangeOf(row),
      row.secret ? "" : t("settings.default", { value: shown(this.#key, row, row.default) })].filter(Boolean).join(" · ");
    this.entry = h("div", { class: "entry" }, this.control.node, this.#unit());
    this.node = h("form", { class: "setting", novalidate: true, "data-key": this.#key },
      h("div", {}, label, about, h("p", { class: "facts" }, patch(this.#key, row.default), facts), this.why),
      h("div", {}, row.secret ? this.#secret() : null, this.entry, this.elsewhere, this.error, this.deeds));
    this.node.addEventListener("submit", (event) => { event.preventDefault(); this.#send(); });
    this.node.addEventListener("keydown", (event) => this.#pressed(event));
    for (const kind of ["input", "change"]) this.control.node.addEventListener(kind, () => this.#changed());
  }

  #unit() {
    const unit = this.#row.type === "integer" && !this.#row.secret ? this.#row.unit : "";
    return unit ? h("span", { class: "unit" }, unit === "C" ? "°C" : unit) : null;
  }

  #secret() {
    this.now = h("span", { class: "now" });
    this.renew = button(t("settings.renew"), () => this.#openSecret());
    this.clear = button(t("settings.clear"), () => this.#save(this.#row.default));
    this.secret = h("div", { class: "row" }, this.now, this.renew, this.clear);
    return this.secret;
  }

  get dirty() {
    if (this.#row.secret) return this.#open;
    try {
      return this.control.read() !== this.#seen;
    } catch {
      return true;
    }
  }

  // Words that it is found by.
  get words() {
    const row = this.#row;
    const choices = (row.choices ?? []).map((choice) => `${choice} ${shown(this.#key, row, choice)}`);
    return [this.#key, nameOf(this.#key), helpOf(this.#key, row), row.lcd_name, row.description, ...choices].join(" ").toLowerCase();
  }

  // The charger's word of now. What the visitor is changing stays; that somebody else has changed it is told.
  update() {
    const row = this.#store.rows[this.#key];
    const stays = this.dirty || this.#busy;
    const other = stays && row.value !== this.#seen && !this.#busy;
    this.#row = row;
    if (other) {
      text(this.elsewhere, t("settings.elsewhere", { value: shown(this.#key, row, row.value) }));
      this.elsewhere.hidden = false;
    }
    if (!this.#busy) this.#seen = row.value;
    if (!stays) this.control.show(row.value);
    const why = idle(this.#key, this.#store.rows);
    text(this.why, why ? t(`settings.idle_${why}`) : "");
    this.node.classList.toggle("other", row.value !== row.default && !row.secret);
    if (row.secret) {
      text(this.now, shown(this.#key, row, row.value));
      this.clear.hidden = row.value !== null;
      text(this.renew, t(row.value === null ? "settings.renew" : "settings.set_it"));
    }
    this.#showDeeds();
  }

  #showDeeds() {
    const { dirty } = this;
    this.deeds.hidden = !dirty;
    this.node.classList.toggle("dirty", dirty);
    if (!this.#row.secret) return;
    this.entry.hidden = !this.#open;
    this.secret.hidden = this.#open;
  }

  #changed() {
    this.#wrong("");
    if (!this.dirty) this.elsewhere.hidden = true;
    this.#showDeeds();
  }

  #wrong(words) {
    text(this.error, words);
    this.control.node.toggleAttribute("aria-invalid", false);
    if (words) this.control.node.setAttribute("aria-invalid", "true");
  }

  #openSecret() {
    this.#open = true;
    this.#changed();
    this.control.node.focus();
  }

  #putBack() {
    this.#close();
    (this.#row.secret ? this.renew : this.control.node).focus();
  }

  #close() {
    this.#open = false;
    this.control.show(this.#row.value);
    this.#seen = this.#row.value;
    this.elsewhere.hidden = true;
    this.#changed();
  }

  #pressed(event) {
    if (event.key === "Escape" && this.dirty && !this.#busy) {
      event.preventDefault();
      this.#putBack();
    } else if (event.key === "Enter" && event.target.tagName === "SELECT" && this.dirty) {
      event.preventDefault();
      this.#send();
    }
  }

  #send() {
    if (!this.dirty) return;
    try {
      this.#save(this.control.read());
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error;
      this.#wrong(error.message);
      this.control.node.focus();
    }
  }

  #block(busy) {
    this.#busy = busy;
    for (const each of this.node.querySelectorAll("button, input, select")) each.disabled = busy;
    this.save.toggleAttribute("aria-busy", false);
    if (busy) this.save.setAttribute("aria-busy", "true");
  }

  async #save(value) {
    if (this.#busy) return;
    this.#wrong("");
    this.elsewhere.hidden = true;
    this.#block(true);
    let saved = false;
    try {
      const name = nameOf(this.#key);
      saved = await this.#store.save(this.#key, value, this.#seen,
        t(this.#key === "login" ? "settings.needs_owner" : "settings.needs_installer", { name }));
      if (saved) say(t("settings.saved", { name, value: shown(this.#key, this.#row, this.#store.rows[this.#key].value) }));
    } catch (trouble) {
      this.#wrong(saidOf(trouble, `/${this.#key}`));
    }
    this.#block(false);
    if (saved) this.#row = this.#store.rows[this.#key];
    if (saved) this.#close();
    this.update();
    const closed = this.#row.secret && !this.#open;
    if (document.activeElement === document.body) (closed ? this.renew : this.control.node).focus(); // it was disabled
  }
}
