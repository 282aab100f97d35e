// Something that a view reads of the charger: tried again after some seconds where that failed, and when a connection that
// was lost is back. Owns that an answer which came too late is not shown.

import { Trouble } from "./ask.js";
import { live } from "./live.js";

const AGAIN_MS = 5000;

// read(): asks, and raises Trouble. show(what was read); wrong(Trouble). after(what was read): when to read again, in ms;
// 0 is with the connection, null (as where nothing is said) is never. look() reads now, close() ends it.
export function reading(read, show, wrong, after = () => null) {
  let turn = 0;
  let timer = 0;
  let busy = false;
  let next = AGAIN_MS; // as `after` says
  let connected = live.connected;
  let ended = false;

  async function look() {
    if (ended) return;
    clearTimeout(timer);
    const mine = turn += 1;
    busy = true;
    try {
      const found = await read();
      if (mine !== turn) return; // another look is newer, or the view was left
      next = after(found);
      show(found);
    } catch (trouble) {
      if (mine !== turn) return;
      if (!(trouble instanceof Trouble)) throw trouble;
      next = AGAIN_MS;
      wrong(trouble);
    }
    busy = false;
    if (next) timer = setTimeout(later, next);
  }

  // A tab that nobody looks at reads nothing.
  function later() {
    if (document.hidden) timer = setTimeout(later, AGAIN_MS);
    else look();
  }

  const off = live.on(() => {
    const back = live.connected && !connected;
    connected = live.connected;
    if (back && !busy && next !== null) look();
  });
  look();
  return {
    look,
    close() {
      ended = true;
      turn += 1;
      clearTimeout(timer);
      off();
    },
  };
}
