// The cards that let cars charge: what the reader does with them, the list, and teaching new ones.

import { h, text } from "../lib/dom.js";
import { reading } from "../lib/reading.js";
import { CardFiles } from "./settings/cardfiles.js";
import { Row } from "./settings/row.js";
import { Store, saidOf } from "./settings/store.js";
import { sure } from "../lib/sure.js";

export const areas = ["cards", "settings", "setting_words"];
export const css = true;
export const styles = ["settings"];

const PATH = "/api/v1/cards";
const LOOK_MS = 2000;
const TEACHING = ["Learn", "Delete"];

class Page {
  #app;
  #looked = -Infinity;
  #before = null; // what the reader did before it was taught
  #shown = "";
  #ready = false;

  constructor(place, app) {
    place.classList.add("view-settings");
    this.#app = app;
    this.store = new Store(app);
    const { t } = app;
    this.rows = h("div", {});
    this.wrong = h("p", { class: "error", role: "alert" });
    this.count = h("p", { class: "muted" });
    this.list = h("ul", { class: "list" });
    this.title = h("h2", { tabindex: "-1" }, t("cards.list"));
    this.files = new CardFiles(app, () => this.read());
    place.append(
      h("section", { class: "card" }, h("h2", {}, t("cards.reader")), this.rows, this.#teaching()),
      h("section", { class: "card" }, this.title, h("p", { class: "help" }, t("cards.about")), this.count, this.wrong, this.list),
      h("section", { class: "card" }, h("h2", {}, t("cards.add")), this.#adding()),
      h("section", { class: "card" }, h("h2", {}, t("cards.files")), this.files.node));
    const read = () => Promise.all([this.store.read(), this.read()]);
    this.close = reading(read, () => this.#begin(), ({ message }) => text(this.wrong, message)).close;
  }

  #begin() {
    text(this.wrong, "");
    const row = new Row("rfidreader", this.store);
    this.store.on(() => { row.update(); this.#showTeaching(); });
    this.rows.append(row.node);
    this.#showTeaching();
    this.#ready = true;
  }

  async read(deed = null) {
    this.#looked = performance.now();
    this.#show(await this.#app.ask.get(PATH), deed);
  }

  // With each state: the reader's last word, and the list where it may have another card.
  update(state) {
    const said = this.#app.word("says", state.card.text, state.card.text, "cards");
    text(this.reader, this.#app.t("cards.reader_says", { text: said }));
    if (!this.#ready) return;
    this.store.look();
    if (performance.now() - this.#looked > LOOK_MS) this.read().catch(() => {});
  }

  // ---- teaching ----

  #teaching() {
    const { t } = this.#app;
    this.reader = h("p", { class: "muted", role: "status" });
    this.teach = h("button", { type: "button", class: "button", onclick: () => this.#reader("Learn") }, t("cards.learn"));
    this.forget = h("button", { type: "button", class: "button", onclick: () => this.#reader("Delete") }, t("cards.forget"));
    this.done = h("button", { type: "button", class: "button primary", onclick: () => this.#reader(this.#before ?? "EnableAll") }, t("cards.done"));
    this.hint = h("p", { class: "hint", role: "status" });
    this.refused = h("p", { class: "error", role: "alert" });
    return h("div", { class: "teaching" }, this.hint, this.reader, h("div", { class: "row" }, this.teach, this.forget, this.done), this.refused);
  }

  #showTeaching() {
    const now = this.store.rows.rfidreader.value;
    const teaching = TEACHING.includes(now);
    if (!teaching && now !== "DeleteAll") this.#before = now;
    text(this.hint, teaching ? this.#app.t(`cards.hint_${now}`) : "");
    this.teach.hidden = this.forget.hidden = teaching;
    this.done.hidden = !teaching;
  }

  async #reader(value) {
    const buttons = [this.teach, this.forget, this.done];
    for (const each of buttons) each.disabled = true;
    text(this.refused, "");
    try {
      await this.#app.ask.patch("/api/v1/settings", { rfidreader: value });
      await this.store.read();
    } catch (trouble) {
      text(this.refused, saidOf(trouble, "/rfidreader"));
    }
    for (const each of buttons) each.disabled = false;
    buttons.find((each) => !each.hidden).focus();
  }

  // ---- the list ----

  // deed: that of the button which has the focus then, unless it is somewhere else.
  #show(found, deed = null) {
    const { t } = this.#app;
    text(this.count, found.cards.length ? t("cards.count", { count: found.cards.length, most: found.most }) : t("cards.none"));
    const shown = JSON.stringify([found.cards, found.holder]);
    if (shown === this.#shown || this.list.querySelector("form, [aria-busy]")) return; // one is being renamed
    this.#shown = shown;
    const at = document.activeElement;
    const focused = at === document.body ? deed : this.list.contains(at) ? at.dataset.deed : null;
    this.list.replaceChildren(...found.cards.map((card) => this.#card(card, card.uid === found.holder)));
    if (focused) ([...this.list.querySelectorAll("[data-deed]")].find((each) => each.dataset.deed === focused) ?? this.title).focus();
  }

  #card(card, holds) {
    const { t, format } = this.#app;
    const name = card.name || t("cards.unnamed");
    const facts = [card.uid, card.added ? t("cards.since", { when: format.date(card.added) }) : null, holds ? t("cards.holds") : null];
    const may = h("input", { type: "checkbox", checked: card.enabled, "data-deed": `may ${card.uid}` });
    may.addEventListener("change", () => this.#change(card, { enabled: may.checked }, t(may.checked ? "cards.enabled" : "cards.disabled", { name })));
    const item = h("li", {}, h("div", { class: "who" }, h("strong", {}, name), h("span", { class: "help" }, facts.filter(Boolean).join(" · "))));
    const deed = (key, onclick, kind = "") => h("button", { type: "button", class: `button ${kind}`, onclick,
      "aria-label": `${t(key)}: ${name}`, "data-deed": `${key} ${card.uid}` }, t(key));
    item.append(h("label", { class: "tick" }, may, " ", t("cards.may")), h("div", { class: "row" },
      deed("cards.rename", () => this.#rename(item, card)), deed("cards.remove", () => this.#remove(card, name), "danger")));
    return item;
  }

  async #change(card, change, done, deed = null) {
    await this.#do(() => this.#app.ask.put(`${PATH}/${card.uid}`, change), done, deed);
  }

  async #do(action, done, deed) {
    text(this.wrong, "");
    try {
      const found = await action();
      this.#shown = "";
      this.#show(found, deed);
      this.#app.say(done);
      return true;
    } catch (trouble) {
      text(this.wrong, trouble.message);
      this.#shown = "";
      await this.read(deed).catch(() => {});
      return false;
    }
  }

  #rename(item, card) {
    const { t } = this.#app;
    const name = h("input", { value: card.name, maxlength: 32, autocomplete: "off" });
    const deed = `cards.rename ${card.uid}`;
    const back = () => {
      form.remove();
      this.#shown = "";
      this.read(deed).catch(() => {});
    };
    const form = h("form", { class: "rename" }, h("label", { class: "field" }, t("cards.name"), name),
      h("div", { class: "row" }, h("button", { class: "button primary" }, t("common.save")),
        h("button", { type: "button", class: "button", onclick: back }, t("common.cancel"))));
    form.addEventListener("keydown", (event) => { if (event.key === "Escape") back(); });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      form.remove();
      await this.#change(card, { name: name.value.trim() }, t("cards.renamed", { name: name.value.trim() || t("cards.unnamed") }), deed);
    });
    item.replaceChildren(form);
    name.focus();
  }

  async #remove(card, name) {
    const { ask, t } = this.#app;
    if (!await sure({ title: t("cards.remove_title", { name }), what: t("cards.remove_what"), go: t("cards.remove") })) return;
    await this.#do(() => ask.delete(`${PATH}/${card.uid}`), t("cards.removed", { name }), `cards.remove ${card.uid}`);
  }

  // ---- by number ----

  #adding() {
    const { ask, t } = this.#app;
    const uid = h("input", { autocomplete: "off", spellcheck: "false", autocapitalize: "characters", required: true });
    const name = h("input", { autocomplete: "off", maxlength: 32 });
    const wrong = h("p", { class: "error", role: "alert" });
    const go = h("button", { class: "button primary" }, t("cards.add_it"));
    const form = h("form", { novalidate: true }, h("p", { class: "help" }, t("cards.add_help")), h("label", { class: "field" }, t("cards.number"), uid),
      h("label", { class: "field" }, t("cards.name"), name), wrong, h("div", { class: "row" }, go));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const digits = uid.value.replace(/[\s:-]/g, "").toUpperCase();
      text(wrong, /^([0-9A-F]{12}|[0-9A-F]{14})$/.test(digits) ? "" : t("cards.wrong_number"));
      if (wrong.textContent) return;
      go.disabled = true;
      try {
        this.#shown = "";
        this.#show(await ask.put(`${PATH}/${digits}`, { name: name.value.trim() }));
        this.#app.say(t("cards.added", { name: name.value.trim() || digits }));
        uid.value = name.value = "";
      } catch (trouble) {
        text(wrong, trouble.message);
      }
      go.disabled = false;
    });
    return form;
  }
}

export function create(place, app) {
  const page = new Page(place, app);
  return { update: (state) => page.update(state), close: page.close };
}
