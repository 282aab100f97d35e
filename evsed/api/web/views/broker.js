// The MQTT broker: who it is, whether it has us, and what Home Assistant finds there.

import { h, text } from "../lib/dom.js";
import { reading } from "../lib/reading.js";
import { lock } from "./settings/lock.js";
import { Row } from "./settings/row.js";
import { Store, saidOf, withRight } from "./settings/store.js";
import { postFile } from "./settings/file.js";

export const areas = ["broker", "settings", "setting_words"];
export const css = true;
export const styles = ["settings"];

const LOOK_MS = 2000;
const READ_MS = 10000; // what only the backup tells, such as the encryption
const FIELDS = { host: "text", port: "number", prefix: "text", username: "text", tls: "checkbox" };
const USUAL = { false: 1883, true: 8883 };

// The set-up is one document, as a backup has it, so that the host and whether it is encrypted change in one step.
class Page {
  #app;
  #saved = null; // a backup: its format, its schema and its broker
  #seen = null; // the broker when the visitor began
  #looked = -Infinity;
  #readAt = -Infinity;
  #busy = false;
  #saves = 0;
  #password = null; // null: stays, a text: from now on
  #set = false; // there is one

  constructor(place, app) {
    place.classList.add("view-settings");
    this.#app = app;
    this.store = new Store(app);
    this.state = h("p", { class: "state", role: "status" });
    this.detail = h("p", { class: "help" });
    this.fields = {};
    this.errors = {};
    place.append(h("section", { class: "card" }, this.state, this.detail), this.#form(), this.#home());
    const read = () => Promise.all([this.#readBroker(), this.store.read(), this.look(true)]);
    this.close = reading(read, () => this.#begin(), ({ message }) => text(this.wrong, message)).close;
  }

  #begin() {
    this.#fill();
    const row = new Row("mqtt_discovery", this.store);
    this.store.on(() => row.update());
    this.rows.append(row.node);
  }

  async #readBroker() {
    this.#saved = await this.#app.ask.get("/api/v1/backup");
    this.#readAt = performance.now();
    return this.#saved.broker;
  }

  // ---- the form ----

  #field(name) {
    const { t } = this.#app;
    const type = FIELDS[name];
    const port = { min: 1, max: 65535, step: 1, inputmode: "numeric" };
    const input = h("input", { type, name, autocomplete: "off", spellcheck: "false", autocapitalize: "none", ...(name === "port" && port) });
    this.fields[name] = input;
    this.errors[name] = h("p", { class: "error", role: "alert" });
    input.addEventListener("input", () => this.#changed(name));
    const words = t(`broker.${name}`);
    const label = type === "checkbox"
      ? h("label", { class: "field tick" }, input, " ", words, lock())
      : h("label", { class: "field" }, words, input);
    return [label, h("p", { class: "help" }, t(`broker.${name}_help`)), this.errors[name]];
  }

  #form() {
    const { t } = this.#app;
    this.secret = h("input", { type: "password", autocomplete: "off", maxlength: 256, oninput: () => this.#secretChanged() });
    this.now = h("span", { class: "now" });
    this.renew = h("button", { type: "button", class: "button", onclick: () => this.#openSecret() });
    this.clear = h("button", { type: "button", class: "button", onclick: () => this.#clearSecret() }, t("settings.clear"));
    this.entry = h("label", { class: "field", hidden: true }, t("broker.new_password"), this.secret);
    this.errors.password = h("p", { class: "error", role: "alert" });
    this.tlsFiles = h("p", { class: "help" });
    this.forgets = h("p", { class: "elsewhere", role: "status", hidden: true }, t("broker.forgets"));
    this.wrong = h("p", { class: "error", role: "alert" });
    this.told = h("p", { class: "help", role: "status" });
    this.save = h("button", { class: "button primary", disabled: true }, t("common.save"));
    this.back = h("button", { type: "button", class: "button", disabled: true, onclick: () => this.#fill() }, t("settings.put_back"));
    const form = this.form = h("form", { class: "card", novalidate: true }, h("h2", {}, t("broker.title")), h("p", { class: "help" }, t("broker.about")),
      ...["host", "port", "tls"].flatMap((name) => this.#field(name)), this.tlsFiles,
      ...["username"].flatMap((name) => this.#field(name)),
      h("h3", {}, t("broker.password")), h("div", { class: "row" }, this.now, this.renew, this.clear), this.entry, this.forgets,
      this.errors.password, h("p", { class: "help" }, t("broker.password_help")), ...this.#field("prefix"), this.wrong, this.told,
      h("div", { class: "row end" }, this.back, this.save));
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#send(); });
    form.addEventListener("keydown", (event) => { if (event.key === "Escape" && !this.#busy) this.#fill(); });
    return form;
  }

  // Puts in what the charger has.
  #fill() {
    if (!this.#saved) return; // nobody knows yet
    const { t } = this.#app;
    this.#seen = this.#saved.broker;
    this.#put(Object.keys(FIELDS));
    const files = ["ca", "certificate", "key"].filter((name) => this.#seen[name]).map((name) => this.#seen[name]);
    text(this.tlsFiles, files.length ? t("broker.files", { files: files.join(", ") }) : "");
    this.#password = null;
    this.secret.value = "";
    this.entry.hidden = true;
    for (const error of [this.wrong, ...Object.values(this.errors)]) text(error, "");
    this.#show();
  }

  #put(names) {
    for (const name of names) {
      if (name === "tls") this.fields.tls.checked = this.#seen.tls;
      else this.fields[name].value = this.#seen[name];
    }
  }

  // The charger's broker is `now`. Another than before is put in; what the visitor has changed stays, and he is told.
  // Whether it is another.
  #meet(now) {
    if (Object.keys(this.#seen).every((name) => now[name] === this.#seen[name])) return false;
    const changes = this.#changes();
    if (!Object.keys(changes).length && this.#password === null && this.entry.hidden) {
      this.#fill();
      return true;
    }
    this.#seen = now;
    this.#put(Object.keys(FIELDS).filter((name) => !(name in changes)));
    const { t } = this.#app;
    text(this.wrong, t("broker.elsewhere", { host: now.host || t("settings.empty") }));
    this.#show();
    return true;
  }

  #wanted() {
    const { host, port, prefix, username, tls } = this.fields;
    return { host: host.value.trim(), port: port.value.trim() === "" ? USUAL[tls.checked] : port.valueAsNumber,
      prefix: prefix.value.trim(), username: username.value, tls: tls.checked };
  }

  #changes() {
    return Object.fromEntries(Object.entries(this.#wanted()).filter(([name, value]) => value !== this.#seen[name]));
  }

  #changed(name) {
    if (!this.#seen) return;
    text(this.errors[name], "");
    const { port, tls } = this.fields;
    if (name === "tls" && port.valueAsNumber === USUAL[!tls.checked]) port.value = USUAL[tls.checked];
    this.#show();
  }

  #show() {
    const { t } = this.#app;
    const changes = this.#changes();
    const moves = "port" in changes || ("host" in changes && changes.host.toLowerCase() !== this.#seen.host.toLowerCase());
    this.forgets.hidden = !(moves && this.#set && this.#password === null);
    text(this.now, t(this.#password === "" ? "broker.password_goes" : this.#set ? "settings.set" : "settings.not_set"));
    text(this.renew, t(this.#set ? "settings.renew" : "settings.set_it"));
    this.clear.hidden = !this.#set || this.#password === "";
    this.renew.hidden = !this.entry.hidden;
    const none = !Object.keys(changes).length && this.#password === null;
    this.save.disabled = none || this.#busy;
    this.back.disabled = this.#busy || (none && this.entry.hidden);
  }

  #openSecret() {
    this.entry.hidden = false;
    this.#secretChanged();
    this.secret.focus();
  }

  #secretChanged() {
    this.#password = this.secret.value || null;
    this.#show();
  }

  #clearSecret() {
    this.entry.hidden = true;
    this.secret.value = "";
    this.#password = "";
    this.#show();
  }

  // ---- saving ----

  #mistake() {
    const { t } = this.#app;
    const { port } = this.#wanted();
    const right = Number.isInteger(port) && port >= 1 && port <= 65535;
    text(this.errors.port, right ? "" : t("broker.wrong_port"));
    return !right;
  }

  // Nothing is typed into a form that will be filled anew. The focus comes back where it can.
  #block(busy) {
    this.#busy = busy;
    if (busy) this.focused = document.activeElement;
    for (const each of this.form.querySelectorAll("input, button")) each.disabled = busy;
    this.save.toggleAttribute("aria-busy", false);
    if (busy) return this.save.setAttribute("aria-busy", "true");
    this.#show();
    if (document.activeElement === document.body && this.form.contains(this.focused)) this.focused.focus();
  }

  async #send() {
    const { t, say } = this.#app;
    if (this.#busy || this.save.disabled || this.#mistake()) return;
    for (const error of [this.wrong, ...Object.values(this.errors)]) text(error, "");
    text(this.told, "");
    this.#saves += 1;
    this.#block(true);
    try {
      const changes = this.#changes();
      if (this.#meet(await this.#readBroker())) return;
      const said = await this.#restore(changes);
      text(this.told, said.warnings.join(" "));
      await this.#readBroker();
      await this.look(true);
      this.#fill();
      say(t("broker.saved"));
    } catch (trouble) {
      this.#refused(trouble);
    } finally {
      this.#block(false);
    }
  }

  #restore(changes) {
    const { format, schema } = this.#saved;
    const secrets = this.#password === null ? {} : { mqtt_password: this.#password };
    const document = JSON.stringify({ format, schema, settings: {}, broker: changes, secrets });
    return withRight(this.#app, this.#app.t("broker.needs_installer"), () => postFile("/api/v1/restore", document, "application/json"));
  }

  #refused(trouble) {
    const [first] = trouble.problem?.errors ?? [];
    const name = first?.pointer?.split("/").pop();
    const place = name === "mqtt_password" ? this.errors.password : this.errors[name];
    text(place ?? this.wrong, place ? saidOf(trouble, first.pointer) : trouble.message);
  }

  // ---- how it is ----

  async look(now = false) {
    if (!now && performance.now() - this.#looked < LOOK_MS) return;
    this.#looked = performance.now();
    const { t } = this.#app;
    const { mqtt } = await this.#app.ask.get("/settings");
    this.#set = mqtt.password_set;
    const connected = mqtt.status === "Connected";
    text(this.state, t(!mqtt.host ? "broker.none" : connected ? "broker.connected" : "broker.disconnected"));
    this.state.classList.toggle("error", Boolean(mqtt.host) && !connected);
    text(this.detail, mqtt.host ? t(connected ? "broker.connected_help" : "broker.disconnected_help", { where: `${mqtt.host}:${mqtt.port}` }) : t("broker.none_help"));
    this.prefix.textContent = mqtt.topic_prefix;
    if (this.#seen) this.#show();
    await this.#compare(mqtt);
  }

  // Reads again what another browser may have set. What was asked before a save says nothing after it.
  async #compare({ host, port, username }) {
    const { host: seenHost, port: seenPort, username: seenName } = this.#seen ?? {};
    const same = host === seenHost && port === seenPort && username === seenName;
    if (!this.#seen || this.#busy || (same && performance.now() - this.#readAt < READ_MS)) return;
    const saves = this.#saves;
    const now = await this.#readBroker();
    if (saves === this.#saves) this.#meet(now);
  }

  #home() {
    const { t } = this.#app;
    this.prefix = h("code", {});
    this.rows = h("div", {});
    return h("section", { class: "card" }, h("h2", {}, t("broker.home")), h("p", {}, t("broker.home_about")),
      h("p", {}, t("broker.topics"), " ", this.prefix), this.rows);
  }
}

export function create(place, app) {
  const page = new Page(place, app);
  return { update: () => page.look().catch(() => {}), close: page.close };
}
