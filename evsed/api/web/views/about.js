// Which charger this is, what it runs on and since when, what was counted, and how this browser shows the page.

import { h, text } from "../lib/dom.js";
import { choose, language, languages } from "../lib/i18n.js";
import { reading } from "../lib/reading.js";
import { THEMES, chooseTheme, theme } from "../lib/theme.js";

export const areas = ["about"];
export const css = true;

const LOOK_MS = 30000;
const LINKS = [["docs", "/docs"], ["metrics", "/metrics"], ["json", "/api/v1/state"], ["licence_uplot", "/web/vendor/uPlot.LICENSE"]];

function span({ t }, seconds) {
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days) return t("about.days", { days, hours });
  if (hours) return t("about.hours", { hours, minutes });
  return minutes || !seconds ? t("about.minutes", { minutes }) : t("about.seconds", { seconds });
}

// A card of facts: rows are [key, function of what was read]. A text, or a list of elements; null is unknown.
function facts({ t, format }, title, rows) {
  const values = rows.map(([name]) => h("dd", { id: `about-${name}` }));
  const list = h("dl", {}, rows.map(([name], at) => h("div", {}, h("dt", {}, t(`about.${name}`)), values[at])));
  const node = h("section", { class: "card" }, h("h2", {}, t(`about.${title}`)), list);
  const show = (read) => rows.forEach(([, value], at) => {
    const found = value(read);
    if (Array.isArray(found)) values[at].replaceChildren(...found);
    else text(values[at], format.known(found, (sure) => sure));
  });
  return { node, show };
}

const charger = (app) => facts(app, "this", [
  ["version", ({ about }) => about.version],
  ["serial", ({ about }) => String(about.serial)],
  ["urls", ({ about }) => (about.urls.length ? about.urls.map((url) => h("a", { href: url }, url)) : null)],
  ["board", ({ about }) => app.t(`about.board_${about.board ?? "none"}`)],
  ["model", ({ about }) => about.machine.model],
  ["system", ({ about }) => about.machine.system],
  ["python", ({ about }) => `${about.machine.python}, ${about.machine.architecture}`],
  ["licence", ({ about }) => about.licence ?? app.t("about.no_licence")],
]);

function wall({ t, format }, clock) {
  const moment = `${clock.local_time.slice(0, 10)} ${clock.local_time.slice(11, 16)}`;
  const away = clock.utc_offset_s / 3600;
  const utc = `UTC${away < 0 ? "−" : "+"}${format.number(Math.abs(away), away % 1 ? 1 : 0)}`;
  return t(clock.right ? "about.clock_right" : "about.clock_wrong", { moment, zone: clock.time_zone ?? clock.abbreviation, utc });
}

const running = (app) => facts(app, "runs", [
  ["uptime", ({ about }) => span(app, about.uptime_s)],
  ["started", ({ about }) => app.t(`about.started_${about.started ?? "unknown"}`)],
  ["machine_uptime", ({ about }) => span(app, about.machine.uptime_s)],
  ["clock", ({ about }) => wall(app, about.clock)],
  ["lateness", ({ counters }) => app.t("about.milliseconds", { ms: app.format.number(counters.control_loop_worst_lateness_ms) })],
  ["refused", ({ counters }) => app.format.number(counters.refused_inputs)],
  ["streams", ({ counters }) => app.format.number(counters.event_streams)],
]);

const counted = (app) => facts(app, "counted", [
  ["sessions", ({ counters }) => app.format.number(counters.kept.sessions)],
  ["energy", ({ counters }) => app.format.kwh(counters.kept.energy_wh)],
  ["charging", ({ counters }) => span(app, counters.kept.charging_s)],
  ["powered", ({ counters }) => app.t("about.only_hours", { hours: app.format.number(counters.kept.powered_h) })],
  ["closings1", ({ counters }) => app.format.number(counters.kept.contactor1_closings)],
  ["closings2", ({ counters }) => app.format.number(counters.kept.contactor2_closings)],
]);

function looks({ t, say }) {
  const tongue = ([code, name]) => h("option", { value: code, lang: code, selected: code === language() }, name);
  const tongues = h("select", { onchange: () => choose(tongues.value) }, Object.entries(languages()).map(tongue));
  const pick = (name) => !chooseTheme(name) && say(t("about.not_kept"), "wrong");
  const themes = THEMES.map((name) => h("label", { class: "tick" },
    h("input", { type: "radio", name: "theme", value: name, checked: name === theme(), onchange: () => pick(name) }),
    t(`about.theme_${name}`)));
  return h("section", { class: "card" }, h("h2", {}, t("about.looks")),
    h("label", { class: "field" }, t("about.language"), tongues),
    h("fieldset", {}, h("legend", {}, t("about.theme")), h("div", { class: "row" }, themes)),
    h("p", { class: "help" }, t("about.looks_help")));
}

const further = ({ t }) => h("section", { class: "card" }, h("h2", {}, t("about.more")),
  h("div", { class: "row" }, h("a", { class: "button", href: "/update" }, t("about.update")),
    h("a", { class: "button", href: "#/backup" }, t("about.restart"))),
  h("ul", { class: "links" }, LINKS.map(([name, href]) => h("li", {}, h("a", { href }, t(`about.${name}`))))));

export function create(place, app) {
  const { t, ask } = app;
  const cards = [charger(app), running(app), counted(app)];
  const trouble = h("p", { class: "error", role: "alert" });
  place.append(trouble, cards[0].node, cards[1].node, cards[2].node, looks(app), further(app));
  const read = () => Promise.all([ask.get("/api/v1/about"), ask.get("/api/v1/counters")]);
  const show = ([about, counters]) => {
    for (const card of cards) card.show({ about, counters });
    text(trouble, "");
  };
  const wrong = ({ message }) => text(trouble, t("about.trouble", { why: message }));
  return reading(read, show, wrong, () => LOOK_MS); // after a loss too: it may have been started anew
}
