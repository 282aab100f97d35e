// The five buttons. The one that is pressed is the charger's mode, not the wish; with a start time chosen below them
// a press delays. Off and Pause are never held up by another request.

import { h, text } from "../../lib/dom.js";
import { Trouble } from "../../lib/ask.js";
import { unlock } from "../../lib/unlock.js";
import { refusal } from "./said.js";
import { makeTimer } from "./timer.js";

const MODES = ["OFF", "NORMAL", "SMART", "SOLAR", "PAUSE"];
const STOPS = new Set(["OFF", "PAUSE"]);
const NAMES = { OFF: "Off", NORMAL: "Normal", SMART: "Smart", SOLAR: "Solar", PAUSE: "Pause" };
const SEEN_MS = 3000; // by then the charger's word has come

export function create(app) {
  const { t, word, ask, live } = app;
  const wrong = h("p", { class: "error", role: "alert" });
  const timer = makeTimer(app, wrong);
  const buttons = Object.fromEntries(MODES.map((mode) => [mode, h("button", {
    type: "button", class: "button mode", "data-mode": mode, "aria-pressed": "false", onclick: () => press(mode),
  }, word("mode", mode.toLowerCase(), NAMES[mode]))]));
  const explained = h("p", { class: "help" });
  const element = h("section", { class: "card modes-card", "aria-labelledby": "modes-title" },
    h("h2", { id: "modes-title" }, t("charge.mode")),
    h("div", { class: "modes", role: "group", "aria-labelledby": "modes-title" }, Object.values(buttons)),
    wrong, explained, timer.element);
  let busy = null;
  let done = 0;

  function rest() {
    clearTimeout(done);
    if (busy) buttons[busy].removeAttribute("aria-busy");
    busy = null;
  }

  function request(mode) {
    const wish = STOPS.has(mode) ? null : timer.wish();
    const name = NAMES[mode];
    if (wish) return ask.put("/api/v1/timer", { mode: name, ...wish });
    return ask.put("/api/v1/mode", { mode: name });
  }

  // The mark of a press in progress goes when the charger's state says so, which may be before or after its answer.
  async function press(mode) {
    if (busy && !STOPS.has(mode)) return;
    rest();
    busy = mode;
    buttons[mode].setAttribute("aria-busy", "true");
    wrong.textContent = "";
    try {
      await unlock(() => request(mode));
      timer.reset();
      if (busy !== mode) return;
      if (live.state.mode === mode) rest();
      else done = setTimeout(rest, SEEN_MS);
    } catch (trouble) {
      if (busy === mode) rest();
      if (!(trouble instanceof Trouble)) throw trouble;
      wrong.textContent = `${buttons[mode].textContent}: ${refusal(trouble.message)}`;
    }
  }

  return {
    element,
    tick: timer.tick,
    update(state) {
      for (const mode of MODES) buttons[mode].setAttribute("aria-pressed", String(mode === state.mode));
      text(explained, t(`charge.mode_${state.mode.toLowerCase()}`));
      timer.update(state);
      if (done) rest();
      done = 0;
    },
    close: () => clearTimeout(done),
  };
}
