// The five buttons. The one that is pressed is the charger's mode, not the wish; with a start time chosen below them
// a press delays. Off and Pause are never held up by another request.

import { h, text } from "../../lib/dom.js";
import { Trouble } from "../../lib/ask.js";
import { translated } from "../../lib/sentence.js";
import { makeTimer } from "./timer.js";
import { NAMES, STOPS, does, wishFor, wished } from "./wish.js";

const MODES = Object.keys(NAMES);
const SEEN_MS = 2000; // by then the charger's word has come

export function create(app) {
  const { t, word, live } = app;
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
  let forgetting = 0;
  let refused = null; // {mode, delay} that the charger did not take and was not in already

  function unmark() {
    clearTimeout(forgetting);
    forgetting = 0;
    for (const mode of MODES) if (mode !== wished()) buttons[mode].removeAttribute("aria-busy");
  }

  // The mark of a press stays until the state says so too, which may come before or after the answer.
  async function press(mode) {
    if (wished() === mode || (wished() && !STOPS.has(mode))) return;
    wrong.textContent = STOPS.has(mode) ? "" : timer.why();
    if (wrong.textContent) return;
    const delay = STOPS.has(mode) ? null : timer.wish();
    refused = null;
    let seen = true;
    const done = wishFor(mode, delay);
    unmark();
    buttons[mode].setAttribute("aria-busy", "true");
    try {
      if (!await done) return;
      timer.reset();
      seen = does({ mode, delay }, live.state);
    } catch (trouble) {
      if (!(trouble instanceof Trouble)) throw trouble;
      if (!does({ mode, delay }, live.state)) refused = { mode, delay };
      wrong.textContent = `${buttons[mode].textContent}: ${translated(trouble.message)}`;
    } finally {
      if (seen) unmark();
      else forgetting = setTimeout(unmark, SEEN_MS);
    }
  }

  // The mode is what was wished after all: what was said against it is no more.
  function forgive(state) {
    if (refused === null || !does(refused, state)) return;
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
