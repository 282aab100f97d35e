// Saving all that is set, bringing it back after a look at what that changes, erasing it, and a restart.

import { focusAgain } from "../lib/dialog.js";
import { h, text } from "../lib/dom.js";
import { saveFile } from "../lib/save.js";
import { bytesOf, chooser, postFile } from "./settings/file.js";
import { lock } from "./settings/lock.js";
import { changesTable } from "./settings/changes.js";
import { nameOf } from "./settings/controls.js";
import { withRight } from "./settings/store.js";
import { translated } from "../lib/sentence.js";
import { sure } from "../lib/sure.js";

export const areas = ["backup", "broker", "settings", "setting_words"];
export const css = true;

const card = (title, about, ...parts) => h("section", { class: "card" }, h("h2", {}, title), h("p", { class: "help" }, about), ...parts);
const warned = (told) => translated(told, (name, value) => (name === "key" ? nameOf(value) : value));
const alarm = () => h("p", { class: "error", role: "alert" });

// Does `action` once a press; what goes wrong stands in `wrong`.
async function pressed(button, wrong, action) {
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  text(wrong, "");
  try {
    await action();
  } catch (trouble) {
    text(wrong, warned(trouble.message));
  }
  button.disabled = false;
  button.removeAttribute("aria-busy");
}

function saving({ ask, t, say }, app) {
  const secrets = h("input", { type: "checkbox" });
  const wrong = alarm();
  const go = h("button", { type: "button", class: "button primary", onclick: () => pressed(go, wrong, save) }, t("backup.save"));
  async function save() {
    const path = `/api/v1/backup${secrets.checked ? "?secrets=true" : ""}`;
    const found = await withRight(app, t("backup.secrets_need"), () => ask.get(path));
    const name = `evsed-${found.serial || "backup"}-${found.created.slice(0, 10).replaceAll("-", "")}.json`;
    saveFile(name, `${JSON.stringify(found, null, 2)}\n`, "application/json");
    say(t("backup.saved", { name }));
  }
  return card(t("backup.save_title"), t("backup.save_about"),
    h("label", { class: "field tick" }, secrets, h("span", {}, t("backup.with_secrets"), " ", lock())),
    h("p", { class: "help" }, t("backup.secrets_help")), wrong, h("div", { class: "row" }, go));
}

class Restoring {
  #app;
  #file = null; // {name, bytes}
  #turn = 0;
  #settings = {}; // by key, for their units

  constructor(app) {
    const { t } = app;
    this.#app = app;
    this.picked = chooser(t("backup.choose"), ".json,application/json", (file) => this.#look(file));
    this.wrong = alarm();
    this.preview = h("div", { class: "preview", role: "status" });
    this.node = card(t("backup.restore_title"), t("backup.restore_about"), this.picked.node, this.wrong, this.preview);
  }

  async #look(file) {
    const { t } = this.#app;
    const turn = (this.#turn += 1);
    text(this.wrong, "");
    this.preview.replaceChildren(h("p", {}, t("backup.looking")));
    try {
      const bytes = await bytesOf(file, t("backup.no_backup", { name: file.name }));
      const found = await postFile("/api/v1/restore?dry_run=true", bytes, "application/json");
      this.#settings = await this.#app.ask.get("/api/v1/settings");
      if (turn !== this.#turn) return; // another file was chosen meanwhile
      this.#file = { name: file.name, bytes };
      this.#show(found);
    } catch (trouble) {
      if (turn !== this.#turn) return;
      this.preview.replaceChildren();
      this.picked.input.value = "";
      text(this.wrong, warned(trouble.message));
    }
  }

  #list(title, lines, kind) {
    return lines.length ? h("div", { class: kind }, h("h3", {}, title), h("ul", {}, ...lines.map((line) => h("li", {}, warned(line))))) : null;
  }

  #show(found) {
    const { t } = this.#app;
    const { changes, warnings, wrong } = found;
    const go = h("button", { type: "button", class: "button primary", onclick: () => pressed(go, this.wrong, () => this.#restore()) }, t("backup.restore"));
    const back = h("button", { type: "button", class: "button", onclick: () => this.#end() }, t(wrong.length || !changes.length ? "common.close" : "common.cancel"));
    this.preview.replaceChildren(...[
      h("h3", {}, t("backup.would", { name: this.#file.name })),
      changes.length ? changesTable(changes, t, this.#settings) : h("p", {}, wrong.length ? "" : t("backup.nothing")),
      this.#list(t("backup.wrong"), wrong, "wrong"), this.#list(t("backup.warnings"), warnings, "warnings"),
      h("div", { class: "row" }, wrong.length || !changes.length ? null : go, back)].filter(Boolean));
  }

  async #restore() {
    const { t, say } = this.#app;
    const { bytes } = this.#file;
    const found = await withRight(this.#app, t("backup.needs_installer"), () => postFile("/api/v1/restore", bytes, "application/json"));
    this.#end();
    const done = t("backup.restored", { count: found.changes.length });
    this.preview.replaceChildren(h("p", { class: "done" }, done), changesTable(found.changes, t, this.#settings), this.#list(t("backup.warnings"), found.warnings, "warnings") ?? "");
    say(done);
  }

  #end() {
    this.#turn += 1;
    this.#file = null;
    this.picked.input.value = "";
    text(this.wrong, "");
    this.preview.replaceChildren();
    focusAgain(this.picked.input); // what was pressed is gone
  }
}

function restarting({ ask, t, say }) {
  const wrong = alarm();
  const go = h("button", { type: "button", class: "button", onclick: () => pressed(go, wrong, restart) }, t("backup.restart"));
  async function restart() {
    if (!await sure({ title: t("backup.restart_sure"), what: t("backup.restart_what"), go: t("backup.restart") })) return;
    await ask.form("/reboot", {});
    say(t("backup.restarting"));
  }
  return card(t("backup.restart_title"), t("backup.restart_about"), wrong, h("div", { class: "row" }, go));
}

function erasing({ ask, t, say }, app) {
  const wrong = alarm();
  const go = h("button", { type: "button", class: "button danger", onclick: () => pressed(go, wrong, erase) }, t("backup.erase"), lock());
  async function erase() {
    if (!await sure({ title: t("backup.erase_sure"), what: t("backup.erase_what"), go: t("backup.erase") })) return;
    if (!await sure({ title: t("backup.erase_really"), what: t("backup.erase_really_what"), go: t("backup.erase"), tick: t("backup.erase_tick") })) return;
    const said = await withRight(app, t("backup.erase_needs"), () => ask.delete("/erasesettings"));
    if (said.erasesettings !== true) throw new Error(said.reason ?? said.erasesettings);
    say(t("backup.erased"));
  }
  return card(t("backup.erase_title"), t("backup.erase_about"), wrong, h("div", { class: "row" }, go));
}

export function create(place, app) {
  place.append(saving(app, app), new Restoring(app).node, restarting(app), erasing(app, app));
}
