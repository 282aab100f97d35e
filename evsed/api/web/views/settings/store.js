// The settings as the charger has them: read again now and then, saved one by one, and never over what somebody else
// has changed meanwhile.

const PATH = "/api/v1/settings";
const AGAIN_MS = 8000;

// Runs what an installer (or, for who may log in, the owner) has to ask for; `why` is said where a login helps.
export const withRight = (app, why, action) => app.unlock(action, { why });

// What the charger says of the part `pointer` of what was sent, else all it says.
export const saidOf = (trouble, pointer) => trouble.problem?.errors?.find((each) => each.pointer === pointer)?.detail ?? trouble.message;

export class Store {
  rows = {};
  #app;
  #listeners = new Set();
  #readAt = -Infinity;
  #reading = null;

  constructor(app) {
    this.#app = app;
  }

  on(listener) {
    this.#listeners.add(listener);
  }

  // The charger's word of now. Raises Trouble.
  read() {
    this.#reading ??= this.#app.ask.get(PATH).then((rows) => this.#take(rows)).finally(() => { this.#reading = null; });
    return this.#reading;
  }

  // The same, where the last look is a while ago; what goes wrong is told by the page's banner.
  look() {
    if (performance.now() - this.#readAt > AGAIN_MS) this.read().catch(() => {});
  }

  // Saves `value` over the one that was `seen`. False: somebody has changed it meanwhile, and nothing was saved.
  async save(key, value, seen, why) {
    this.#take(await this.#app.ask.get(PATH));
    if (this.rows[key].value !== seen) return false;
    this.#take(await withRight(this.#app, why, () => this.#app.ask.patch(PATH, { [key]: value })));
    return true;
  }

  #take(rows) {
    this.#readAt = performance.now();
    this.rows = rows;
    for (const listener of this.#listeners) listener(rows);
  }
}
