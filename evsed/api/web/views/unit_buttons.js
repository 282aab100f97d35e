// The three buttons under the LCD, pressed from afar. Owns that each press is followed by its release, whatever happens to
// the finger, the key or the page meanwhile. What a press does is the charger's business.

import { Trouble, send } from "../lib/ask.js";
import { h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";

export const NAMES = ["left", "middle", "right"];
const SIGNS = { left: "<", middle: "o", right: ">" };
const KEYS = [" ", "Enter"];
const LOST_MS = 9900; // the charger takes a longer press for one whose release was lost
const STILL_MS = 1000; // the charger forgets who is silent for three times as long
const LATE_MS = 1000; // a press that could not leave by then is none any more
const TAP_MS = 150; // of a press without a length, such as a screen reader's

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

// answered(echo) hears what the charger says to each press, failed(trouble) what went wrong. may(): whether a press may
// be sent now; it has said why where not.
export class Buttons {
  #client = crypto.getRandomValues(new Uint32Array(2)).join("-"); // two pages of one browser are two people
  #queue = Promise.resolve();
  #down = new Map(); // by name: since when, and the clocks that end it and say that it still is
  #nodes = new Map();
  #told;

  constructor(told) {
    this.#told = told;
    this.#outside = [
      [document, "visibilitychange", () => document.hidden && this.release()],
      [window, "pagehide", () => this.release(true)],
      [window, "blur", () => this.release()],
    ];
    for (const [where, what, then] of this.#outside) where.addEventListener(what, then);
  }

  #outside;

  get held() {
    return this.#down.size > 0;
  }

  // The button of this name; label is how it is called, describedby says what it does.
  node(name, label, describedby) {
    const up = () => this.#up(name);
    const node = h("button", {
      type: "button", class: "button key", "aria-label": label, "aria-describedby": describedby,
      onpointerdown: (event) => this.#pointer(name, event), onpointerup: up, onpointercancel: up, onlostpointercapture: up,
      onkeydown: (event) => this.#key(name, event), onkeyup: (event) => KEYS.includes(event.key) && up(), onblur: up,
      onclick: (event) => event.detail === 0 && !this.#byKey && this.#tap(name),
      oncontextmenu: (event) => event.preventDefault(),
    }, SIGNS[name]);
    this.#nodes.set(name, node);
    return node;
  }

  // Lets go of all of them. leaving: the page goes away, and nothing that would have to wait is sent any more.
  release(leaving = false) {
    for (const name of [...this.#down.keys()]) this.#up(name, leaving);
  }

  close() {
    this.release();
    for (const [where, what, then] of this.#outside) where.removeEventListener(what, then);
  }

  #byKey = false; // a click follows the key that was pressed

  #pointer(name, event) {
    if (event.button !== 0 || !this.#told.may()) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    this.#press(name);
  }

  #key(name, event) {
    if (!KEYS.includes(event.key) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault(); // neither a click nor a scroll
    this.#byKey = true;
    if (!event.repeat && this.#told.may()) this.#press(name);
  }

  async #tap(name) {
    if (this.#down.has(name) || !this.#told.may()) return;
    this.#press(name);
    await pause(TAP_MS);
    this.#up(name);
  }

  #press(name) {
    if (this.#down.has(name)) return;
    this.#down.set(name, {
      since: performance.now(),
      ends: setTimeout(() => this.#up(name), LOST_MS),
      tells: setInterval(() => this.#sending === 0 && this.#send(name, 1, this.#length(name)), STILL_MS),
    });
    this.#nodes.get(name).classList.add("pressed");
    this.#send(name, 1);
  }

  #up(name, leaving = false) {
    this.#byKey = false;
    if (!this.#down.has(name)) return;
    const { ends, tells } = this.#down.get(name);
    const length = this.#length(name);
    clearTimeout(ends);
    clearInterval(tells);
    this.#down.delete(name);
    this.#nodes.get(name).classList.remove("pressed");
    if (leaving) navigator.sendBeacon("/lcd", this.#body(name, 0, length));
    else this.#send(name, 0, length);
  }

  #length(name) {
    return Math.round(performance.now() - this.#down.get(name).since);
  }

  #sending = 0;

  #body(button, pressed, length) {
    return new URLSearchParams({ button, pressed, client: this.#client, ...(length && { held_ms: length }) });
  }

  // One after the other: a release never comes before its press. It says how long the press was, however long it is under
  // way itself, and is repeated until it is heard; a press is for now or not at all.
  #send(button, pressed, length) {
    const body = this.#body(button, pressed, length);
    const until = performance.now() + (pressed ? 0 : LOST_MS);
    this.#sending += 1;
    this.#queue = this.#queue.then(async () => {
      try {
        if (pressed && performance.now() > until + LATE_MS) throw new Trouble(0, t("common.no_answer"));
        this.#told.answered(await this.#heard({ method: "POST", body, keepalive: true, now: true, stops: !pressed }, until), pressed);
      } catch (trouble) {
        this.#told.failed(trouble);
      }
      this.#sending -= 1;
    });
  }

  async #heard(options, until) {
    for (;;) {
      try {
        return await send("/lcd", options);
      } catch (trouble) {
        if (trouble.status !== 0 || performance.now() > until) throw trouble;
      }
      await pause(STILL_MS);
    }
  }
}
