// The LCD as the unit shows it now, and its three buttons. What is on it is the charger's business; the buttons' presses
// are unit_buttons.js's, the PIN unit_pin.js's.

import { h, text, unique } from "../lib/dom.js";
import { Buttons, NAMES } from "./unit_buttons.js";
import { askForPin } from "./unit_pin.js";

export const areas = ["unit"];
export const css = true;

const LOOK_MS = 1000;
const LOOK_HELD_MS = 300;
const TAP_MS = 450; // what a finger holds for longer is no tap
const OWN_MS = 4000; // so long after a press a change of the screen is its doing
const QUIET_MS = 5000; // and by itself the screen is not read aloud more often

const words = (lcd) => lcd.lines.join(", ");
const withoutNumbers = (said) => said.replace(/[-\d.,:]+/g, "#"); // a countdown is no news

class Screen {
  constructor({ t }) {
    this.t = t;
    this.picture = h("img", { width: 128, height: 64, alt: "" });
    this.spoken = h("p", { class: "visually-hidden", role: "status" });
    this.trouble = h("p", { class: "error" });
    this.glass = h("div", { class: "glass" }, this.picture);
    this.said = "";
    this.saidAt = -Infinity;
    this.pressedAt = -Infinity;
  }

  show(lcd) {
    const picture = `data:image/png;base64,${lcd.png}`;
    if (this.picture.src !== picture) this.picture.src = picture;
    this.picture.alt = this.t("unit.lcd_says", { words: words(lcd) });
    this.glass.classList.toggle("lit", lcd.backlight_s > 0);
    this.glass.classList.remove("old");
    text(this.trouble, "");
    this.speak(lcd);
  }

  fail(trouble) {
    this.glass.classList.add("old");
    text(this.trouble, trouble.message);
  }

  // Reads out what is new: after a press all of it, by itself only other words, and not often.
  speak(lcd) {
    const now = performance.now();
    const said = words(lcd);
    const own = now - this.pressedAt < OWN_MS;
    if (this.said === "") this.said = said; // what is there at first is the picture's description
    const news = own ? said !== this.said : lcd.kind !== "flow" && withoutNumbers(said) !== withoutNumbers(this.said);
    if (!news || (!own && now - this.saidAt < QUIET_MS)) return;
    Object.assign(this, { said, saidAt: now });
    text(this.spoken, said);
  }
}

function keys(app, buttons) {
  const { t } = app;
  const helps = new Map();
  const row = h("div", { class: "keys", role: "group", "aria-label": t("unit.buttons") }, NAMES.map((name) => {
    const help = h("p", { class: "help", id: unique("key") });
    helps.set(name, help);
    return h("div", {}, buttons.node(name, t(`unit.${name}`), help.id), help);
  }));
  const explain = (lcd) => {
    const part = lcd.locked ? "locked" : lcd.kind === "menu" ? "menu" : "main";
    for (const [name, help] of helps) text(help, t(`unit.${part}_${name}`));
  };
  const enable = (may) => { for (const key of row.querySelectorAll("button")) key.disabled = !may; };
  return { row, explain, enable };
}

// What may be done with the buttons, and how to be let in.
function entry(app, letIn) {
  const { t } = app;
  const why = h("p", {});
  const link = h("a", { class: "button", href: "#/settings/lcd_pin" }, t("unit.to_settings"));
  const open = h("button", { type: "button", class: "button primary", onclick: () => letIn() }, t("unit.use"));
  const more = h("button", { type: "button", class: "button", onclick: () => letIn({ installer: true }) }, t("unit.as_installer"));
  const node = h("div", { class: "entry" }, why, h("div", { class: "row" }, link, open, more));
  const show = (lcd) => {
    const state = lcd.buttons === "open" ? (lcd.installer ? "open_installer" : "open") : lcd.buttons;
    text(why, t(`unit.buttons_${state}`));
    link.hidden = state !== "off";
    open.hidden = state !== "pin";
    more.hidden = state !== "open";
  };
  return { node, show };
}

function light(app, look) {
  const { t, format, ask, say, unlock } = app;
  const says = h("span", { class: "number" });
  const button = h("button", { type: "button", class: "button" });
  let lit = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await unlock(() => ask.form("/settings", { backlight: lit ? 0 : 1 }));
      await look();
    } catch (trouble) {
      say(trouble.message, "wrong");
    }
    button.disabled = false;
  });
  const show = (lcd) => {
    lit = lcd.backlight_s > 0;
    text(says, lit ? t("unit.light_on", { time: format.clock(lcd.backlight_s) }) : t("unit.light_off"));
    text(button, t(lit ? "unit.light_end" : "unit.light_begin"));
  };
  return { node: h("div", { class: "row light" }, says, button), show };
}

export function create(place, app) {
  const { t, ask, live, say } = app;
  const screen = new Screen(app);
  let lcd = null;
  let timer = 0;
  let closed = false;
  let turn = 0;

  const look = async () => {
    const mine = turn += 1;
    clearTimeout(timer);
    if (document.hidden || closed) return;
    try {
      const found = await ask.get("/lcd?format=json");
      if (closed || mine !== turn) return; // a later look tells more
      lcd = found;
      for (const part of parts) part(lcd);
    } catch (trouble) {
      if (mine === turn) screen.fail(trouble);
    }
    if (!closed && mine === turn) timer = setTimeout(look, buttons.held ? LOOK_HELD_MS : LOOK_MS);
  };

  const refused = (reason) => {
    buttons.release();
    say(reason, "wrong");
  };
  let pointed = 0; // since when a finger is on a key: a dialog that came up under it would lose the focus to where it lets go
  let asking = false;
  const buttons = new Buttons({
    may: () => {
      if (lcd?.buttons === "pin" && !pointed) letIn();
      return lcd?.buttons === "open" && live.connected;
    },
    answered: (answer, pressed) => {
      if (pressed && answer.reason) refused(answer.reason);
      screen.pressedAt = performance.now();
      look();
    },
    failed: (trouble) => refused(trouble.problem?.reason ?? trouble.message),
  });
  async function letIn(options) {
    buttons.release();
    if (asking) return;
    asking = true;
    const given = await askForPin(app, options);
    asking = false;
    if (given) await look();
  }

  const { row, explain, enable } = keys(app, buttons);
  const way = entry(app, letIn);
  const lamp = light(app, look);
  const parts = [(now) => screen.show(now), explain, way.show, lamp.show, (now) => enable(now.buttons !== "off")];
  enable(false);
  row.addEventListener("pointerdown", ({ timeStamp }) => { pointed = timeStamp; }, true);
  row.addEventListener("click", ({ detail }) => detail > 0 && lcd?.buttons === "pin" && letIn());
  const lifted = ({ timeStamp, type, pointerType }) => {
    const long = pointed && type === "pointerup" && pointerType !== "mouse" && timeStamp - pointed > TAP_MS;
    pointed = 0;
    if (long && lcd?.buttons === "pin") letIn(); // no click comes of that
  };
  for (const what of ["pointerup", "pointercancel"]) document.addEventListener(what, lifted);
  place.append(
    h("section", { class: "card", "aria-label": t("unit.title") }, screen.glass, screen.trouble, screen.spoken, row, lamp.node),
    h("section", { class: "card" }, h("h2", {}, t("unit.entry")), way.node, h("p", { class: "help" }, t("unit.hold"))));
  const seen = () => !document.hidden && look();
  document.addEventListener("visibilitychange", seen);
  const off = live.on(() => !live.connected && buttons.release());
  look();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      off();
      document.removeEventListener("visibilitychange", seen);
      for (const what of ["pointerup", "pointercancel"]) document.removeEventListener(what, lifted);
      buttons.close();
    },
  };
}
