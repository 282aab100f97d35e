// The mode that was wished for last. Owns that nothing older comes after a stop: what is under way is called off, and
// where it has reached the charger after all, the stop is sent again. That goes on when the view is left.

import { ask } from "../../lib/ask.js";
import { t } from "../../lib/i18n.js";
import { live } from "../../lib/live.js";
import { say } from "../../lib/say.js";
import { unlock } from "../../lib/unlock.js";

export const NAMES = { OFF: "Off", NORMAL: "Normal", SMART: "Smart", SOLAR: "Solar", PAUSE: "Pause" };
export const STOPS = new Set(["OFF", "PAUSE"]);
const LATE_MS = 10000; // so long what was called off may still come out of the network

let current = null; // the wish whose request is under way
let stopped = null; // the stop that was the last wish
let answeredAt = Infinity; // performance.now() of the charger's answer to it
let late = []; // what was called off by it

// The mode whose request is under way; null: none.
export const wished = () => current?.mode ?? null;

// Whether the charger does what was wished for; delay: {start, stop, daily}, null for now.
export const does = ({ mode, delay }, state) => (delay ? state?.timer.mode : state?.mode) === mode;

function request({ mode, delay, call }) {
  const body = { mode: NAMES[mode], ...delay };
  return ask.put(delay ? "/api/v1/timer" : "/api/v1/mode", body, { signal: call.signal, ...(STOPS.has(mode) && { stops: true, keepalive: true }) });
}

function callOff(wish) {
  late.push(wish);
  setTimeout(() => { late = late.filter((each) => each !== wish); }, LATE_MS);
  wish.call.abort();
}

// Sends a wish over the one that is under way. True: the charger took it; false: a stop came after it. Raises Trouble.
export async function wishFor(mode, delay = null) {
  const wish = { mode, delay, call: new AbortController() };
  const before = current;
  current = wish;
  stopped = STOPS.has(mode) ? wish : null;
  answeredAt = Infinity;
  if (before) callOff(before);
  try {
    await unlock(async () => {
      if (current !== wish) throw new Error("called off");
      return request(wish);
    }, { still: () => current === wish });
    return current === wish;
  } catch (trouble) {
    if (current === wish) throw trouble;
    return false;
  } finally {
    if (current === wish) {
      current = null;
      answeredAt = performance.now();
    }
  }
}

live.on(() => {
  if (!stopped || current || live.receivedAt <= answeredAt || !late.some((wish) => does(wish, live.state))) return;
  const { mode } = stopped;
  wishFor(mode).then(
    (taken) => taken && say(t("charge.stopped_again", { mode: NAMES[mode] }), "wrong"),
    (trouble) => say(`${NAMES[mode]}: ${trouble.message}`, "wrong"));
});
