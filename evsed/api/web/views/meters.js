// How each meter does: what it says and how old that is, how it answers, and what to look at when it is silent. Owns the
// judgement of a meter's health in words; what it measures is the charger's business.

import { h, text } from "../lib/dom.js";

export const areas = ["meters"];
export const css = true;

const LOOK_MS = 2000;
const ROLES = ["mains", "ev", "circuit"];
const PHASES = ["L1", "L2", "L3"];
const FACTS = ["type", "place", "age", "power", "import", "export", "period", "answers", "last_error"];

// How a meter does: none, good, old (it answers, but what it says is too old), silent, or not heard of yet.
function health(meter) {
  if (meter.type === "Disabled") return "none";
  if (meter.fresh && meter.answering !== false) return "good";
  if (meter.answering === false) return "silent";
  if (meter.type === "API") return "silent"; // a program tells it, or nobody
  return meter.answering === null ? "unheard" : "old";
}

const way = (meter) => (meter.type === "API" ? "api" : meter.address === null ? "network" : "bus");

function ago({ t, format }, seconds) {
  return format.known(seconds, (sure) => (sure < 60 ? t("meters.seconds_ago", { seconds: Math.round(sure) })
    : t("meters.ago", { time: format.clock(sure) })));
}

function table({ t }) {
  const cells = Object.fromEntries(PHASES.map((phase) => [phase, h("td", {})]));
  const node = h("table", { class: "phases" }, h("caption", { class: "visually-hidden" }, t("meters.currents")),
    h("thead", {}, h("tr", {}, PHASES.map((phase) => h("th", { scope: "col" }, phase)))),
    h("tbody", {}, h("tr", {}, Object.values(cells))));
  return { node, cells };
}

class Card {
  constructor(app, role) {
    this.app = app;
    const { t } = app;
    this.state = h("p", { class: "health" });
    this.facts = Object.fromEntries(FACTS.map((name) => [name, h("dd", {})]));
    this.rows = FACTS.map((name) => h("div", {}, h("dt", {}, t(`meters.${name}`)), this.facts[name]));
    this.phases = table(app);
    this.advice = h("ul", {});
    this.help = h("div", { class: "advice" }, h("h3", {}, t("meters.what_to_do")), this.advice);
    this.body = h("div", {}, this.phases.node, h("dl", { class: "facts" }, this.rows));
    this.link = h("p", {}, h("a", { class: "button", href: `#/settings/${role}_meter` }, t("meters.to_settings")));
    this.node = h("section", { class: "card", id: `meter-${role}`, "aria-label": t(`meters.${role}`) },
      h("h2", {}, t(`meters.${role}`)), this.state, this.help, this.body, this.link);
    this.role = role;
    this.meter = null;
    this.seenAt = 0;
  }

  show(meter) {
    this.meter = meter;
    this.seenAt = performance.now();
    const { t, format } = this.app;
    const now = health(meter);
    this.node.dataset.health = now;
    this.body.hidden = now === "none";
    this.link.hidden = now !== "none";
    for (const phase of PHASES) text(this.phases.cells[phase], format.known(meter.currents, (found) => format.amps(found[phase])));
    this.phases.node.classList.toggle("unknown", !meter.currents);
    const { type, place, power, import: bought, export: sold, period, answers, last_error: wrong } = this.facts;
    text(type, meter.type);
    text(place, this.place(meter));
    text(power, format.kw(meter.power_w));
    text(bought, format.kwh(meter.import_wh));
    text(sold, format.kwh(meter.export_wh));
    text(period, format.known(meter.period_s, (sure) => t("meters.seconds", { seconds: format.number(sure, 1) })));
    text(answers, format.known(meter.answers, (count) => t("meters.answers_of", {
      answers: format.number(count), errors: format.number(meter.errors),
    })));
    text(wrong, meter.last_error ?? t("common.none"));
    wrong.lang = meter.last_error ? "en" : "";
    for (const row of [period, answers, wrong]) row.parentNode.hidden = way(meter) === "api";
    period.parentNode.hidden ||= this.role !== "mains"; // of the others nobody learns it
    this.advise(now, meter);
    this.tick();
  }

  place(meter) {
    const { t } = this.app;
    if (way(meter) === "api") return t("meters.by_api");
    if (way(meter) === "network") return meter.where ?? meter.host ?? t("meters.by_mdns");
    return t("meters.at_address", { address: meter.address });
  }

  advise(now, meter) {
    this.help.hidden = now !== "silent" && now !== "unheard" && now !== "old";
    const kind = way(meter);
    if (this.help.hidden || this.advice.dataset.kind === kind) return;
    this.advice.dataset.kind = kind;
    const { t } = this.app;
    const lines = [1, 2, 3, 4].map((number) => t(`meters.${kind}_${number}`, { address: meter.address }));
    this.advice.replaceChildren(...lines.map((line) => h("li", {}, line)));
  }

  // The age goes on between two looks.
  tick() {
    if (!this.meter) return;
    const age = this.meter.age_s === null ? null : this.meter.age_s + (performance.now() - this.seenAt) / 1000;
    text(this.facts.age, ago(this.app, age));
    const now = health(this.meter);
    const { t, format } = this.app;
    const silent = age === null ? t("meters.is_silent_always") : t("meters.is_silent", { time: format.clock(age) });
    text(this.state, now === "silent" || now === "old" ? silent : t(`meters.is_${now}`));
  }
}

function others(app) {
  const { t, format } = app;
  const devices = h("ul", { class: "plain" });
  const battery = h("p", {});
  let said = null;
  let seenAt = 0;
  const node = h("section", { class: "card" }, h("h2", {}, t("meters.devices")), devices,
    h("h2", {}, t("meters.battery")), battery);
  const device = ({ name, works, errors }) => h("li", { "data-works": String(works) },
    h("span", {}, name.startsWith("bus_") ? t("meters.bus", { number: name.slice(4) }) : t(`meters.${name}`)),
    h("span", {}, t(works === null ? "meters.untried" : works ? "meters.works" : "meters.broken")),
    h("span", { class: "muted" }, t("meters.errors", { errors: format.number(errors) })));
  const tick = () => {
    if (!said) return text(battery, t("meters.no_battery"));
    const age = ago(app, said.age_s + (performance.now() - seenAt) / 1000);
    const does = said.current > 0 ? "charges" : said.current < 0 ? "gives" : "rests";
    const kind = said.counts ? `battery_${does}` : "battery_old";
    return text(battery, t(`meters.${kind}`, { current: format.amps(Math.abs(said.current)), age }));
  };
  const show = (found) => {
    said = found.home_battery;
    seenAt = performance.now();
    const rows = found.devices.map(device);
    devices.replaceChildren(...(rows.length ? rows : [h("li", {}, t("meters.no_devices"))]));
    tick();
  };
  return { node, show, tick };
}

export function create(place, app) {
  const { t, ask } = app;
  const cards = Object.fromEntries(ROLES.map((role) => [role, new Card(app, role)]));
  const rest = others(app);
  const trouble = h("p", { class: "error", role: "alert" });
  place.append(trouble, ...ROLES.map((role) => cards[role].node), rest.node);
  let closed = false;
  let timer = 0;

  async function look() {
    clearTimeout(timer);
    if (document.hidden || closed) return;
    try {
      const [meters, devices] = await Promise.all([ask.get("/api/v1/meters"), ask.get("/api/v1/devices")]);
      for (const role of ROLES) cards[role].show(meters[role]);
      rest.show(devices);
      text(trouble, "");
    } catch (wrong) {
      text(trouble, t("meters.trouble", { why: wrong.message }));
    }
    if (!closed) timer = setTimeout(look, LOOK_MS);
  }

  const ticking = setInterval(() => {
    for (const card of Object.values(cards)) card.tick();
    rest.tick();
  }, 1000);
  document.addEventListener("visibilitychange", look);
  look();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      clearInterval(ticking);
      document.removeEventListener("visibilitychange", look);
    },
  };
}
