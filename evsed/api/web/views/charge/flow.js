// The picture of what flows between mains, house, car, sun and home battery. Direction and thickness follow the power.

import { h, svg, text } from "../../lib/dom.js";
import { drawn } from "./icons.js";
import { flows, trouble } from "./power.js";

const HUB = { x: 160, y: 112 };
const NODES = {
  mains: { x: 44, y: 112, from: [71, 112], label: [44, 154, "middle"] },
  car: { x: 276, y: 112, from: [249, 112], label: [276, 154, "middle"] },
  house: { x: 160, y: 30, from: [160, 57], label: [194, 26, "start"] },
  battery: { x: 160, y: 194, from: [160, 167], label: [194, 190, "start"] },
};
const STILL_W = 25; // less than this is no flow
const SUN_W = -100; // what is left of the house below this is the sun
const THICK_W = 11000;

const thickness = (watts) => 2 + 8 * Math.min(1, Math.abs(watts) / THICK_W);

function makeNode(name) {
  const { x, y, label: [at, line, anchor] } = NODES[name];
  const picture = svg("g", {}, drawn(name, x, y, 30));
  const title = svg("text", { x: at, y: line, "text-anchor": anchor, class: "name" });
  const value = svg("text", { x: at, y: line + 18, "text-anchor": anchor, class: "value number" });
  const path = svg("path", { class: "wire" });
  const arrow = svg("path", { class: "arrow", d: "M-7 -8 L8 0 L-7 8 Z" });
  const group = svg("g", { class: `node ${name}`, "data-node": name },
    path, svg("circle", { cx: x, cy: y, r: 26 }), picture, arrow, title, value);
  return { group, title, value, path, arrow, picture };
}

// Draws one wire: `watts` above 0 flow from `from` to `to`, below 0 back, null is unknown.
function draw(node, from, to, watts) {
  const flowing = watts !== null && Math.abs(watts) >= STILL_W;
  const [[x1, y1], [x2, y2]] = watts < 0 ? [to, from] : [from, to];
  node.group.dataset.flow = watts === null ? "unknown" : flowing ? "on" : "still";
  node.group.dataset.way = flowing ? (watts < 0 ? "from_hub" : "to_hub") : "";
  node.path.setAttribute("d", `M${x1} ${y1} L${x2} ${y2}`);
  node.path.setAttribute("stroke-width", flowing ? thickness(watts) : 2);
  const turn = Math.atan2(y2 - y1, x2 - x1) * 180 / Math.PI;
  node.arrow.setAttribute("transform", `translate(${(x1 + x2) / 2} ${(y1 + y2) / 2}) rotate(${turn}) scale(${0.8 + thickness(watts ?? 0) / 16})`);
}

export function create({ t, format }) {
  const nodes = Object.fromEntries(Object.keys(NODES).map((name) => [name, makeNode(name)]));
  const picture = svg("svg", { class: "flow", role: "img", "aria-labelledby": "flow-words" },
    Object.values(nodes).map(({ group }) => group), svg("circle", { cx: HUB.x, cy: HUB.y, r: 6, class: "hub" }));
  const words = h("p", { class: "visually-hidden", id: "flow-words" });
  const note = h("p", { class: "help", hidden: true });
  const element = h("section", { class: "card flow-card", "aria-labelledby": "flow-title" },
    h("h2", { id: "flow-title" }, t("charge.flow")), picture, words, note);
  let house = "house";

  const figure = (power, about) => (power
    ? t(power.about ? about : "charge.exact", { value: format.kw(Math.abs(power.watts)) })
    : t("common.unknown"));
  const amount = (power) => figure(power, "charge.about");

  function put(name, title, power, watts) {
    const node = nodes[name];
    text(node.title, title);
    text(node.value, typeof power === "string" ? power : figure(power, "charge.about_drawn"));
    draw(node, NODES[name].from, [HUB.x, HUB.y], watts);
  }

  // What remains belongs to the house, or with others to them too; below 0 it is the sun that is left over.
  function putHouse(state, { house: power }) {
    const sun = power !== null && power.watts < SUN_W;
    if (house !== (sun ? "sun" : "house")) {
      house = sun ? "sun" : "house";
      nodes.house.picture.replaceChildren(drawn(house, NODES.house.x, NODES.house.y, 30));
      nodes.house.group.setAttribute("class", `node ${house}`);
    }
    const shared = state.chargers.length > 1 || state.power_share.startsWith("Node");
    const title = sun ? "sun_left" : shared ? "house_and_chargers" : "house";
    put("house", t(`charge.${title}`), power && (sun || power.watts >= 0) ? power : power && { ...power, watts: 0 },
      power && (sun || power.watts > 0 ? -power.watts : 0));
    return sun;
  }

  function sentence(state, found, sun) {
    const { mains, car, battery, house: rest } = found;
    const parts = [
      mains ? t(mains.watts < 0 ? "charge.say_export" : "charge.say_import", { power: amount(mains) }) : t("charge.say_mains_unknown"),
      state.connected === false ? t("charge.say_no_car") : car ? t("charge.say_car", { power: amount(car) }) : t("charge.say_car_unknown"),
      rest ? t(sun ? "charge.say_sun" : "charge.say_house", { power: amount(sun ? rest : { ...rest, watts: Math.max(0, rest.watts) }) }) : t("charge.say_house_unknown"),
    ];
    if (battery) parts.push(t(battery.watts < 0 ? "charge.say_battery_gives" : "charge.say_battery_takes", { power: amount(battery) }));
    return parts.join(" ");
  }

  function showNote(state, found, settings) {
    const why = found.car ? "" : trouble(state.meters.ev, settings?.ev_meter);
    note.hidden = !why;
    if (why) text(note, t(`charge.car_meter_${why}`));
  }

  return {
    element,
    update(state, settings) {
      const found = flows(state);
      const { mains, car, battery } = found;
      picture.setAttribute("viewBox", battery ? "0 0 320 224" : "0 0 320 180");
      nodes.battery.group.setAttribute("visibility", battery ? "visible" : "hidden");
      put("mains", t(mains && mains.watts <= -STILL_W ? "charge.mains_export" : "charge.mains"), mains, mains && mains.watts);
      const away = state.connected === false && !(car?.watts >= STILL_W);
      put("car", t("charge.car"), away ? t("charge.no_car") : car, car && -car.watts);
      nodes.car.group.classList.toggle("away", away);
      if (battery) put("battery", t(battery.watts < 0 ? "charge.battery_gives" : "charge.battery"), battery, -battery.watts);
      const sun = putHouse(state, found);
      text(words, sentence(state, found, sun));
      showNote(state, found, settings);
    },
  };
}
