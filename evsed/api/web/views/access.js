// Who may: what this browser may do now, the installer's PIN, the owner's password, tokens for programs, and whether
// everybody has to log in.

import { focusAgain } from "../lib/dialog.js";
import { h, text, unique } from "../lib/dom.js";
import { reading } from "../lib/reading.js";
import { secretForm } from "./settings/secret.js";
import { Row } from "./settings/row.js";
import { Store, saidOf, withRight } from "./settings/store.js";
import { sure } from "../lib/sure.js";
import { login } from "../lib/unlock.js";
import { TokenMaker } from "./settings/token.js";

export const areas = ["access", "settings", "setting_words"];
export const css = true;
export const styles = ["settings"];

const PATH = "/api/v1/access";

class Page {
  #app;
  #tokens = ""; // that are shown
  #ready = false;

  constructor(place, app) {
    place.classList.add("view-settings");
    this.#app = app;
    this.store = new Store(app);
    const { t } = app;
    this.may = h("p", { class: "may" });
    this.out = h("button", { type: "button", class: "button", onclick: () => this.#logOut() }, t("access.log_out"));
    this.pin = this.#secret("pin", /^[0-9]{4,8}$/, "numeric");
    this.password = this.#secret("password", /^.{8,128}$/);
    this.tokens = h("ul", { class: "tokens" });
    this.noTokens = h("p", { class: "muted" }, t("access.no_tokens"));
    this.wrong = h("p", { class: "error", role: "alert" });
    this.maker = new TokenMaker(app, (made) => this.#do("needs_owner", () => app.ask.post(`${PATH}/tokens`, made), false));
    this.rows = h("div", {});
    place.append(this.#now(), this.#card("login", this.rows), this.#card("pin", this.pin.node, h("p", { class: "help" }, t("access.pin_lost"))),
      this.#card("password", this.password.node), this.#card("tokens", this.tokens, this.noTokens, this.wrong, this.maker.node));
    const read = () => Promise.all([app.ask.get(PATH), this.store.read()]); // what one says hides no fault of the other
    this.close = reading(read, ([now]) => this.#begin(now), ({ message }) => text(this.may, message)).close;
  }

  #begin(now) {
    this.#show(now);
    this.#ready = true;
    const row = new Row("login", this.store);
    this.store.on(() => { row.update(); this.read().catch(() => {}); });
    this.rows.append(row.node);
  }

  #card(name, ...parts) {
    const { t } = this.#app;
    return h("section", { class: "card" }, h("h2", { tabindex: "-1", id: `access-${name}` }, t(`access.${name}_title`)), h("p", { class: "help" }, t(`access.${name}_about`)), ...parts);
  }

  async read() {
    this.#show(await this.#app.ask.get(PATH));
  }

  look() {
    if (this.#ready) this.store.look();
  }

  // Does something that only the owner or the installer may do, and shows what is set then. Raises Trouble.
  async #do(why, action, answers = true) {
    const found = await withRight(this.#app, this.#app.t(`access.${why}`), action);
    if (answers) this.#show(found);
    else await this.read();
    document.dispatchEvent(new CustomEvent("accesschanged"));
    return found;
  }

  // ---- now, logging in and out ----

  #now() {
    const { t } = this.#app;
    this.as = h("select", {});
    this.given = h("input", { type: "password", autocomplete: "off", required: true });
    this.refused = h("p", { class: "error", role: "alert" });
    this.go = h("button", { class: "button primary" }, t("access.log_in"));
    this.form = h("form", { hidden: true }, h("label", { class: "field" }, t("common.unlock_as"), this.as),
      h("label", { class: "field" }, t("common.unlock_secret"), this.given), this.refused, h("div", { class: "row" }, this.go));
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.#logIn(); });
    return h("section", { class: "card" }, h("h2", {}, t("access.now_title")), this.may, this.form, h("div", { class: "row" }, this.out));
  }

  #show(now) {
    const { t } = this.#app;
    const open = now.login === "Off" && now.right === "operate";
    text(this.may, t(open ? "access.may_open" : `access.may_${now.right}`));
    const kinds = [["pin", now.installer_pin_set], ["password", now.password_set]].filter(([, set]) => set).map(([name]) => name);
    if (kinds.join() !== [...this.as.options].map((each) => each.value).join()) {
      this.as.replaceChildren(...kinds.map((name) => h("option", { value: name }, t(`common.unlock_${name}`))));
    }
    this.form.hidden = !kinds.length || now.right === "install";
    this.out.hidden = open;
    this.pin.show(now.installer_pin_set);
    this.pin.locked(!now.installer_pin_set && now.right !== "install", t("access.pin_first"));
    this.password.show(now.password_set);
    this.noTokens.hidden = now.tokens.length > 0;
    this.#showTokens(now.tokens);
  }

  // Built anew only where they are others: the keyboard's focus stays.
  #showTokens(tokens) {
    const shown = JSON.stringify(tokens);
    if (shown === this.#tokens) return;
    this.#tokens = shown;
    this.tokens.replaceChildren(...tokens.map((token) => this.#token(token)));
  }

  async #logIn() {
    const { t, say } = this.#app;
    this.go.disabled = true;
    text(this.refused, "");
    const { value } = this.given;
    this.given.value = "";
    try {
      await login(this.as.value, value);
      await this.read();
      say(t("access.logged_in"));
    } catch (trouble) {
      text(this.refused, trouble.message);
      this.given.focus();
    }
    this.go.disabled = false;
  }

  async #logOut() {
    try {
      await this.#app.ask.post("/api/v1/logout");
      location.reload();
    } catch (trouble) {
      this.#app.say(trouble.message, "wrong");
    }
  }

  // ---- PIN, password, tokens ----

  #secret(name, form, inputmode) {
    const { ask, t, say } = this.#app;
    const why = name === "pin" ? "needs_installer" : "needs_owner";
    return secretForm({
      name, form, inputmode, t,
      set: async (value) => {
        await this.#do(why, () => ask.put(`${PATH}/${name}`, { [name]: value }));
        say(t(`access.${name}_kept`));
      },
      remove: async () => {
        const title = t(`access.${name}_remove`);
        if (!await sure({ title, what: t(`access.${name}_remove_what`), go: t("settings.clear") })) return;
        await this.#do(why, () => ask.delete(`${PATH}/${name}`));
        say(t(`access.${name}_gone`));
      },
      said: (trouble) => saidOf(trouble, `/${name}`),
    });
  }

  #token({ name, right, created }) {
    const { t, format } = this.#app;
    const id = unique("token");
    const remove = h("button", { type: "button", class: "button danger", "aria-describedby": id, onclick: () => this.#removeToken(name) }, t("access.token_delete"));
    return h("li", {}, h("span", { id }, h("strong", {}, name),
      h("span", { class: "help" }, `${t(`access.right_${right}`)} · ${t("access.since", { when: format.dateTime(Date.parse(created) / 1000) })}`)), remove);
  }

  async #removeToken(name) {
    const { ask, t, say } = this.#app;
    text(this.wrong, "");
    if (!await sure({ title: t("access.token_delete_title", { name }), what: t("access.token_delete_what"), go: t("access.token_delete") })) return;
    try {
      await this.#do("needs_owner", () => ask.delete(`${PATH}/tokens/${encodeURIComponent(name)}`));
      say(t("access.token_gone", { name }));
      focusAgain(document.getElementById("access-tokens"));
    } catch (trouble) {
      text(this.wrong, trouble.message);
    }
  }
}

export function create(place, app) {
  const page = new Page(place, app);
  return { update: () => page.look(), close: page.close };
}
