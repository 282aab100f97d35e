// One session: a line that says when and how much, and opens to all that is known of it.

import { h } from "../lib/dom.js";
import { region } from "../lib/i18n.js";
import { shortly } from "./doing.js";
import { span } from "./span.js";

const thisYear = (unix) => new Date(unix * 1000).getFullYear() === new Date().getFullYear();

// As the page writes a moment, with the year where it is another one.
const when = (unix, { format }) => (unix === null || thisYear(unix) ? format.dateTime(unix)
  : new Intl.DateTimeFormat(region(), { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }).format(new Date(unix * 1000)));

function ending(session, app) {
  if (session.open) return app.t("sessions.still");
  if (session.ended === "found_unplugged") return app.t("sessions.found_gone", { time: when(session.last_seen, app) });
  return when(session.end, app);
}

function solar(session, { t, format }) {
  if (session.solar_wh === null) return t("common.unknown");
  return session.solar_percent === null ? format.kwh(session.solar_wh)
    : t("sessions.solar_share", { kwh: format.kwh(session.solar_wh), percent: session.solar_percent });
}

const cards = (session, { t, format }) => session.cards.map((card) => t("sessions.part", {
  card: card.name || card.uid || t("sessions.no_card"), kwh: format.kwh(card.energy_wh),
})).join("; ");

const stops = (session, { t, word }) => session.stops.map(({ reason, count }) => (
  count === 1 ? shortly(word, reason) : t("sessions.times", { reason: shortly(word, reason), count })
)).join("; ");

const modes = (session, { word }) => session.modes.map((mode) => word("mode", mode, mode, "sessions")).join(", ");

// Name and value of each line; what a session does not have is left out.
function lines(session, app) {
  const { t, format } = app;
  return [
    ["start", when(session.start, app)],
    ["end", ending(session, app)],
    ["energy", format.kwh(session.energy_wh)],
    ["solar", solar(session, app)],
    ["charging_time", span(t, session.charging_s)],
    ["phases", session.phases.length ? session.phases.join(", ") : null],
    ["peak", format.amps(session.peak_a)],
    ["mode", modes(session, app)],
    ["card", cards(session, app)],
    ["stops", stops(session, app)],
    ["closings", t("sessions.closings_times", { count: session.contactor_closings })],
  ].filter(([, value]) => value);
}

const notes = (session, t) => [
  !session.open && session.energy_wh !== null && !session.energy_complete && t("sessions.note_open"),
  session.meter_exchanges > 0 && t("sessions.note_exchanged"),
].filter(Boolean).map((words) => h("p", { class: "help" }, words));

// The element of `session`; opened: it shows all at once. toggled(open): somebody has opened or closed it.
export function row(session, app, opened, toggled) {
  const { t, format } = app;
  const share = session.solar_percent === null ? "" : t("sessions.summary_solar", { percent: session.solar_percent });
  const line = h("summary", {},
    h("span", { class: "when" }, session.start === null ? t("sessions.no_date") : when(session.start, app)),
    h("span", { class: "share muted" }, session.open ? t("sessions.open") : share),
    h("span", { class: "much number" }, format.kwh(session.energy_wh)));
  const details = h("details", { class: "session", open: opened, "data-session": session.id }, line);
  let made = false;
  const make = () => {
    if (made) return;
    made = true;
    details.append(h("dl", {}, ...lines(session, app).flatMap(
      ([name, value]) => [h("dt", {}, t(`sessions.${name}`)), h("dd", {}, value)])), ...notes(session, t));
  };
  if (opened) make();
  details.addEventListener("toggle", () => {
    if (details.open) make();
    toggled(details.open);
  });
  return h("li", {}, details);
}
