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
const SEEN_MS = 2000; // by then the charger's word has come

export function create(app) {
  const { t, word, ask, live } = app;
  const wrong = h("p", { class: "error", role: "alert" });
  const timer = makeTimer(app, wrong);
  const buttons = Object.fromEntries(MODES.map((mode) => [mode, h("button", {
    type: "button", class: "button mode", "data-mode": mode, "aria-pressed": "false", onclick: () => press(mode),
  }, word("mode", mode.toLowerCase(), NAMES[mode]))]));
  const explained = h("p", { class: "help" });
  const node = h("p", { class: "help", hidden: true }, t("charge.mode_node"));
  const element = h("section", { class: "card modes-card", "aria-labelledby": "modes-title" },
    h("h2", { id: "modes-title" }, t("charge.mode")),
    h("div", { class: "modes", role: "group", "aria-labelledby": "modes-title" }, Object.values(buttons)),
    wrong, explained, node, timer.element);
  let busy = null; // the mode whose request is under way
  let forgetting = 0;
  let refused = null; // {mode, wish} that the charger did not take and was not in already

  function unmark() {
    clearTimeout(forgetting);
    forgetting = 0;
    for (const mode of MODES) if (mode !== busy) buttons[mode].removeAttribute("aria-busy");
  }

  const is = (mode, wish, state) => (wish ? state?.timer.mode : state?.mode) === mode;

  function request(mode, wish) {
    const name = NAMES[mode];
    return wish ? ask.put("/api/v1/timer", { mode: name, ...wish }) : ask.put("/api/v1/mode", { mode: name });
  }

  // The mark of a press stays until the state says so too, which may come before or after the answer.
  async function press(mode) {
    if (busy === mode || (busy && !STOPS.has(mode))) return;
    const wish = STOPS.has(mode) ? null : timer.wish();
    busy = mode;
    unmark();
    buttons[mode].setAttribute("aria-busy", "true");
    wrong.textContent = "";
    refused = null;
    let seen = true;
    try {
      await unlock(() => request(mode, wish));
      timer.reset();
      seen = is(mode, wish, live.state);
    } catch (trouble) {
      if (!(trouble instanceof Trouble)) throw trouble;
      if (!is(mode, wish, live.state)) refused = { mode, wish };
      wrong.textContent = `${buttons[mode].textContent}: ${refusal(trouble.message)}`;
    } finally {
      if (busy === mode) busy = null;
      if (seen) unmark();
      else forgetting = setTimeout(unmark, SEEN_MS);
    }
  }

  // The mode is what was wished after all: what was said against it is no more.
  function forgive(state) {
    if (refused === null || !is(refused.mode, refused.wish, state)) return;
    refused = null;
    text(wrong, "");
  }

  return {
    element,
    tick: timer.tick,
    update(state) {
      for (const mode of MODES) buttons[mode].setAttribute("aria-pressed", String(mode === state.mode));
      text(explained, t(state.timer.waiting ? "charge.mode_delayed" : `charge.mode_${state.mode.toLowerCase()}`));
      node.hidden = !state.power_share.startsWith("Node");
      timer.update(state);
      forgive(state);
      if (forgetting) unmark();
    },
    close: () => clearTimeout(forgetting),
  };
}
