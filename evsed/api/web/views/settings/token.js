// Makes a token for a program, and shows it this once.

import { copied } from "../../lib/copy.js";
import { h, text } from "../../lib/dom.js";
import { saidOf } from "./store.js";

const RIGHTS = ["read", "operate", "install"];

export class TokenMaker {
  #app;
  #make;

  // `make({name, right})` resolves with the new token.
  constructor(app, make) {
    const { t } = app;
    this.#app = app;
    this.#make = make;
    this.name = h("input", { autocomplete: "off", maxlength: 32, required: true });
    this.right = h("select", {}, ...RIGHTS.map((right) => h("option", { value: right, selected: right === "operate" }, t(`access.right_${right}`))));
    this.wrong = h("p", { class: "error", role: "alert" });
    this.go = h("button", { class: "button primary" }, t("access.token_make"));
    this.made = h("div", { class: "made", role: "status" });
    const form = h("form", {}, h("h3", {}, t("access.token_new")), h("label", { class: "field" }, t("access.token_name"), this.name),
      h("label", { class: "field" }, t("access.token_right"), this.right), this.wrong, h("div", { class: "row" }, this.go));
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#send(); });
    this.node = h("div", {}, this.made, form);
  }

  async #send() {
    this.go.disabled = true;
    text(this.wrong, "");
    this.made.replaceChildren();
    try {
      const { name, token } = await this.#make({ name: this.name.value.trim(), right: this.right.value });
      this.name.value = "";
      this.#show(name, token);
    } catch (trouble) {
      text(this.wrong, saidOf(trouble, "/name"));
    }
    this.go.disabled = false;
  }

  #show(name, token) {
    const { t, say } = this.#app;
    const field = h("input", { readonly: true, value: token, class: "token", "data-token": true });
    const copy = h("button", { type: "button", class: "button primary", onclick: async () => {
      const done = await copied(token);
      if (!done) field.select();
      say(t(done ? "access.token_copied" : "access.token_by_hand"), done ? "done" : "wrong");
    } }, t("access.token_copy"));
    const close = h("button", { type: "button", class: "button", onclick: () => this.made.replaceChildren() }, t("access.token_kept"));
    this.made.replaceChildren(h("h3", {}, t("access.token_made", { name })), h("p", {}, t("access.token_once")),
      h("label", { class: "field" }, t("access.token"), field), h("div", { class: "row" }, copy, close));
    copy.focus();
  }
}
