// What else is known of the charger, folded away: for the curious, and for whoever helps by telephone.

import { h, text } from "../../lib/dom.js";
import { limitText, said } from "./said.js";

const NAMES = ["offer", "limit", "pilot", "contactor1", "contactor2", "temperature", "cable", "lock", "card", "share", "program", "running"];

export function create({ t, word, format }) {
  const cells = Object.fromEntries(NAMES.map((name) => [name, h("dd", {})]));
  const rows = NAMES.map((name) => h("div", {}, h("dt", {}, t(`charge.detail_${name}`)), cells[name]));
  const element = h("details", { class: "card details" }, h("summary", {}, t("charge.details")), h("dl", {}, rows));
  const { known, number } = format;

  const contactor = (closed, state) => (state.faults.some(({ code }) => code === "welded")
    ? t("charge.does_not_open") : known(closed, (sure) => t(sure ? "charge.closed" : "charge.open")));

  function cardText({ text: english, last, name }) {
    const says = word("card", english.toLowerCase().replaceAll(" ", "_"), english);
    return [says, last && t("charge.card_last", { digits: last }), name].filter(Boolean).join(", ");
  }

  const reading = {
    offer: (state) => (state.offer_a ? t(state.phases === 1 ? "charge.on_1" : "charge.on_more", { amps: format.amps(state.offer_a), phases: state.phases }) : t("charge.nothing")),
    limit: (state) => (state.limited_by ? limitText(state.limited_by) : t("charge.nothing")),
    pilot: ({ pilot }) => known(pilot.duty_percent, (duty) => `${format.volts(pilot.high_v)}, ${number(duty, 1)} %`)
      + (pilot.by_hand ? ` (${t("charge.by_hand")})` : ""),
    contactor1: (state) => contactor(state.contactor1, state),
    contactor2: (state) => known(state.contactor2, (sure) => t(sure ? "charge.closed" : "charge.open")),
    temperature: (state) => format.celsius(state.temperature_c),
    cable: (state) => (state.cable_a === null ? (state.connected ? t("common.unknown") : t("charge.no_cable")) : format.amps(state.cable_a)),
    lock: (state) => (state.locked === null ? t("charge.no_lock") : t(state.locked ? "charge.locked" : "charge.unlocked")),
    card: (state) => cardText(state.card),
    share: (state) => said("share", state.power_share.toLowerCase(), state.power_share),
    program: ({ outside_limit: { current } }) => (current === null ? t("common.none") : format.amps(current)),
    running: (state) => runs(state.uptime_s),
  };

  function runs(seconds) {
    const [days, hours] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24];
    if (days) return t("charge.for_days", { days, hours });
    return t("charge.for_hours", { hours, minutes: Math.floor(seconds / 60) % 60 });
  }

  return {
    element,
    update(state) {
      for (const name of NAMES) text(cells[name], reading[name](state));
    },
  };
}
