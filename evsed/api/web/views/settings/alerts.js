// How the ways of alerting do, what was told last, and a test of them. The switches themselves are settings.

import { h, text } from "../../lib/dom.js";
import { language } from "../../lib/i18n.js";
import { sentence, translated } from "../../lib/sentence.js";

const PATH = "/api/v1/alerts";
const WAYS = ["webhook", "mqtt"];

export class AlertWays {
  #app;
  #switches = "";

  constructor(app, store) {
    const { t } = app;
    this.#app = app;
    this.ways = h("dl", {});
    this.last = h("p", { class: "help" });
    this.result = h("ul", { class: "result", role: "status" });
    this.wrong = h("p", { class: "error", role: "alert" });
    this.press = h("button", { type: "button", class: "button", onclick: () => this.#test() }, t("settings.alert_test"));
    this.node = h("div", { class: "ways" }, h("h3", {}, t("settings.alert_ways")), this.ways, this.last,
      h("p", { class: "help" }, t("settings.alert_test_help")), h("div", { class: "row" }, this.press), this.result, this.wrong);
    const look = (rows) => {
      const now = JSON.stringify([rows.alert_mqtt?.value, rows.alert_webhook?.value]);
      if (now === this.#switches) return;
      this.#switches = now;
      this.#read();
    };
    store.on(look);
    look(store.rows);
  }

  async #read() {
    try {
      this.#show(await this.#app.ask.get(PATH));
      text(this.wrong, "");
    } catch (trouble) {
      this.#switches = ""; // again with the next look at the settings
      text(this.wrong, trouble.message);
    }
  }

  #way({ on, sent, lost, waiting, last }) {
    const { t } = this.#app;
    if (!on) return t("settings.alert_off");
    return [t("settings.alert_counts", { sent, lost, waiting }), last && t("settings.alert_last_try", { said: translated(last) })].filter(Boolean).join("; ");
  }

  // An alert's text; of a fault it is that of the reason for not charging.
  #told({ code, text: english }) {
    if (language() === "en") return english;
    return sentence(english) ?? this.#app.word("reason", code, english);
  }

  #show(now) {
    const { t, format } = this.#app;
    this.ways.replaceChildren(...WAYS.flatMap((way) => [h("dt", {}, t(`settings.alert_${way}`)), h("dd", {}, this.#way(now[way]))]));
    const { last_alert: last } = now;
    const when = last?.time ? format.dateTime(Date.parse(last.time) / 1000) : "";
    text(this.last, last ? t("settings.alert_last", { text: this.#told(last), when }) : t("settings.alert_none"));
    this.press.disabled = !WAYS.some((way) => now[way].on);
  }

  async #test() {
    const { ask, t } = this.#app;
    this.press.disabled = true;
    this.press.setAttribute("aria-busy", "true");
    text(this.wrong, "");
    this.result.replaceChildren(h("li", {}, t("settings.alert_trying")));
    try {
      const said = await ask.post(`${PATH}/test`);
      this.result.replaceChildren(...WAYS.filter((way) => said[way]).map((way) => h("li", {}, `${t(`settings.alert_${way}`)}: ${translated(said[way])}`)));
    } catch (trouble) {
      this.result.replaceChildren();
      text(this.wrong, translated(trouble.message));
    }
    this.press.removeAttribute("aria-busy");
    await this.#read();
  }
}
