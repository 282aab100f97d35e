// The list of cards as a file: saved, and brought back after a look at what that changes.

import { focusAgain } from "../../lib/dialog.js";
import { h, text } from "../../lib/dom.js";
import { saveFile } from "../../lib/save.js";
import { bytesOf, chooser, postFile } from "./file.js";

const PATH = "/api/v1/cards";

export class CardFiles {
  #app;
  #changed;
  #bytes = null; // of the chosen file
  #turn = 0; // of the looks: only the newest is shown

  // `changed()` is called when the list is another.
  constructor(app, changed) {
    const { t } = app;
    this.#app = app;
    this.#changed = changed;
    this.wrong = h("p", { class: "error", role: "alert" });
    this.picked = chooser(t("cards.bring"), ".csv,.json,.txt", (file) => this.#look(file));
    this.anew = h("input", { type: "checkbox", onchange: () => this.#preview() });
    this.preview = h("div", { class: "preview", role: "status" });
    const save = (kind) => h("button", { type: "button", class: "button", onclick: () => this.#save(kind) }, t(`cards.save_${kind}`));
    this.node = h("div", {}, h("p", { class: "help" }, t("cards.files_help")), h("div", { class: "row" }, save("csv"), save("json")),
      this.picked.node, h("label", { class: "field tick" }, this.anew, " ", t("cards.replace")), this.wrong, this.preview);
  }

  async #save(kind) {
    text(this.wrong, "");
    try {
      const found = await this.#app.ask.get(`${PATH}.${kind}`);
      const words = typeof found === "string" ? found : `${JSON.stringify(found, null, 2)}\n`;
      saveFile(`cards.${kind}`, words, kind === "csv" ? "text/csv" : "application/json");
    } catch (trouble) {
      text(this.wrong, trouble.message);
    }
  }

  async #look(file) {
    const turn = this.#begin();
    this.#bytes = null;
    try {
      const bytes = await bytesOf(file, this.#app.t("cards.no_list", { name: file.name }));
      if (turn !== this.#turn) return; // another file was chosen meanwhile
      this.#bytes = bytes;
    } catch (trouble) {
      if (turn !== this.#turn) return;
      this.picked.input.value = "";
      text(this.wrong, trouble.message);
      return;
    }
    await this.#preview();
  }

  // A look: nothing of an earlier one can be taken over any more.
  #begin() {
    text(this.wrong, "");
    this.preview.replaceChildren();
    return this.#turn += 1;
  }

  #send({ bytes, replace }, dryRun) {
    const type = /^\s*[{[]/.test(new TextDecoder().decode(bytes)) ? "application/json" : "text/csv";
    return postFile(`${PATH}/import?dry_run=${dryRun}&replace=${replace}`, bytes, type);
  }

  async #preview() {
    if (this.#bytes === null) return;
    const turn = this.#begin();
    const wanted = { bytes: this.#bytes, replace: this.anew.checked };
    try {
      const found = await this.#send(wanted, true);
      if (turn === this.#turn) this.#show(found, wanted);
    } catch (trouble) {
      if (turn !== this.#turn) return;
      this.picked.input.value = ""; // so that the same file, mended, is another
      const said = trouble.problem?.errors?.map((each) => each.detail) ?? [];
      text(this.wrong, said.length ? said.join("; ") : trouble.message);
    }
  }

  #line(card) {
    const { t } = this.#app;
    return [card.name || t("cards.unnamed"), card.uid, card.enabled ? null : t("cards.off")].filter(Boolean).join(" · ");
  }

  // wanted: what was looked at, which is what is taken over.
  #show(found, wanted) {
    const { t } = this.#app;
    const part = (key, lines) => (lines.length ? [h("h3", {}, t(`cards.${key}`, { count: lines.length })), h("ul", {}, ...lines.map((line) => h("li", {}, line)))] : []);
    const changed = found.changed.map(({ before, after }) => `${this.#line(before)} → ${this.#line(after)}`);
    const nothing = !found.added.length && !changed.length && !found.removed.length;
    const go = h("button", { type: "button", class: "button primary", onclick: () => this.#bring(go, wanted) }, t("cards.bring_it"));
    const back = h("button", { type: "button", class: "button", onclick: () => this.#end() }, t("common.cancel"));
    this.preview.replaceChildren(
      ...part("would_add", found.added.map((card) => this.#line(card))), ...part("would_change", changed),
      ...part("would_remove", found.removed.map((card) => this.#line(card))),
      h("p", {}, nothing ? t("cards.would_nothing") : t("cards.would_keep", { count: found.unchanged, total: found.total })),
      h("div", { class: "row" }, nothing ? null : go, back));
  }

  async #bring(go, wanted) {
    const { t, say } = this.#app;
    go.disabled = true;
    this.anew.disabled = this.picked.input.disabled = true;
    try {
      const found = await this.#send(wanted, false);
      this.#end();
      await this.#changed();
      say(t("cards.brought", { total: found.total }));
    } catch (trouble) {
      text(this.wrong, trouble.message);
      go.disabled = false;
    }
    this.anew.disabled = this.picked.input.disabled = false;
  }

  #end() {
    this.#begin();
    this.#bytes = null;
    this.picked.input.value = "";
    focusAgain(this.picked.input); // what was pressed is gone
  }
}
