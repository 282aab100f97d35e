// The word on the connection: what the banner says, and whether what is shown may be pressed. A blip disturbs nobody:
// meanwhile nothing but a stop is sent, the rest waits for its end, and whoever typed goes on where he was.

import { unless } from "./ask.js";
import { text } from "./dom.js";
import * as format from "./format.js";
import { t } from "./i18n.js";
import { live } from "./live.js";

const BLIP_MS = 3000; // a stream that is back within this was never missed

const place = (id) => document.getElementById(id);
let goneAt = null; // performance.now() of the end of the stream
let waiting = 0;
let left = null; // who had the focus when the page was locked, and where in it

function isLost() {
  if (live.connected) return false;
  if (live.trouble) return true;
  return live.state !== null && performance.now() - goneAt >= BLIP_MS;
}

// The caret too, where a field has one; null where not.
function remember(main) {
  const field = document.activeElement;
  if (!field || field === main || !main.contains(field)) return null;
  const { selectionStart: from = null, selectionEnd: to = null } = field;
  return { field, from, to };
}

function giveBack() {
  const free = !document.activeElement || document.activeElement === document.body;
  if (left && free && left.field.isConnected) {
    left.field.focus({ preventScroll: true });
    if (left.from !== null) left.field.setSelectionRange(left.from, left.to);
  }
  left = null;
}

function lock(inert) {
  const main = place("main");
  if (main.inert === inert) return;
  if (inert) left = remember(main);
  main.inert = inert;
  if (!inert) giveBack();
}

// Shows it. reads: what is shown is of use without a connection too.
export function show(reads) {
  clearTimeout(waiting);
  if (live.connected) goneAt = null;
  else goneAt ??= performance.now();
  const lost = isLost();
  if (!live.connected && !lost) waiting = setTimeout(() => show(reads), BLIP_MS);
  document.body.classList.toggle("lost", lost);
  lock(lost && !reads);
  place("lost").hidden = !lost;
  if (lost && live.trouble) text(place("lost"), t("common.trouble", { why: live.trouble }));
  else if (lost) text(place("lost"), t("common.lost", { time: format.time((Date.now() - live.silentFor * 1000) / 1000) }));
  text(place("link"), t(live.connected ? "common.live" : lost ? "common.not_live" : "common.connecting"));
}

// What people choose, as the page has it.
const chosen = () => JSON.stringify([live.state.mode, live.state.timer, live.state.override_a]);

// Why nothing may be sent: what the charger does is not seen, or is not what was seen when it was pressed. At once, or at
// the end of a blip.
function refusal() {
  if (live.connected || live.state === null) return "";
  const before = chosen();
  return new Promise((done) => {
    const look = () => {
      if (!live.connected && !isLost()) return;
      clearInterval(looking);
      end();
      if (!live.connected) done(t("common.no_connection"));
      else done(chosen() === before ? "" : t("common.changed"));
    };
    const looking = setInterval(look, BLIP_MS / 10);
    const end = live.on(look);
  });
}

unless(refusal);
