// The one stream of the charger's state. Owns whether there is a connection: a charger that is not heard is lost. Where
// all places for streams are taken the state is asked for instead.

import { ask } from "./ask.js";

const SILENT_MS = 12000; // the charger speaks every 5 s
const AGAIN_MS = 2000;
const SOON_MS = 100; // where a stream that was well has ended: the charger ends those of who logs in

class Live {
  state = null;
  receivedAt = 0; // performance.now() of state
  version = null;
  connected = false;
  trouble = ""; // the charger answers, but not its control loop
  #heardAt = performance.now();
  #openedAt = 0;
  #listeners = new Set();
  #source = null;
  #again = 0;
  #spoke = false; // this stream
  #asked = false; // the charger answered when it was asked last
  #turn = 0; // what was asked for before something newer was heard tells nothing

  begin() {
    setInterval(() => this.#watch(), 1000);
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#close() : this.#open()));
    if (!document.hidden) this.#open();
  }

  // Called at each state and each change of the connection; the function that is returned ends that.
  on(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // Since when nothing was heard, in s.
  get silentFor() {
    return (performance.now() - this.#heardAt) / 1000;
  }

  #tell() {
    for (const listener of [...this.#listeners]) listener();
  }

  #open() {
    clearTimeout(this.#again);
    if (this.#source) return;
    if (this.connected && this.silentFor * 1000 > SILENT_MS) this.#miss(); // what is shown is from before
    const source = new EventSource("/api/v1/events");
    this.#source = source;
    this.#openedAt = performance.now();
    this.#spoke = false;
    source.addEventListener("charger", (event) => this.#hello(JSON.parse(event.data)));
    source.addEventListener("state", (event) => this.#told(JSON.parse(event.data), ""));
    source.addEventListener("trouble", (event) => this.#told(this.state, JSON.parse(event.data).detail));
    source.addEventListener("error", () => this.#lose());
  }

  #close() {
    clearTimeout(this.#again);
    this.#source?.close();
    this.#source = null;
  }

  #hello({ version }) {
    if (this.version !== null && this.version !== version) location.reload(); // this page is the old one's
    this.version = version;
  }

  #told(state, trouble) {
    this.#spoke = true;
    this.#turn += 1;
    this.#hear(state, trouble);
  }

  #hear(state, trouble) {
    this.#heardAt = performance.now();
    if (!trouble) this.receivedAt = this.#heardAt;
    Object.assign(this, { state, trouble, connected: !trouble });
    this.#tell();
  }

  // Silence counts from the stream's beginning: what was said before a tab was hidden is long ago, and no fault.
  #watch() {
    if (document.hidden || !this.#source) return;
    const silent = performance.now() - this.#heardAt;
    const open = performance.now() - this.#openedAt;
    if (Math.min(silent, open) > SILENT_MS) this.#lose();
    else if (this.connected && silent > SILENT_MS) this.#miss();
  }

  #miss() {
    this.connected = false;
    this.#tell();
  }

  // Begins a new stream a little later.
  #lose() {
    const wasWell = this.#spoke && performance.now() - this.#openedAt > AGAIN_MS;
    this.#close();
    if (!document.hidden) {
      this.#again = setTimeout(() => {
        this.#ask();
        this.#open();
      }, wasWell ? SOON_MS : AGAIN_MS);
    }
    if (this.#spoke || !this.#asked || this.silentFor * 1000 > SILENT_MS) this.#miss();
  }

  // Asks for the state itself, in case the stream is refused; a 401 shows the login page.
  async #ask() {
    const turn = this.#turn += 1;
    const state = await ask.get("/api/v1/state").catch(() => null);
    if (turn !== this.#turn) return;
    this.#asked = state !== null;
    if (this.#asked) this.#hear(state, "");
    else this.#miss();
  }
}

export const live = new Live();
