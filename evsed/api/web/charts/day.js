// The last day as the charger has recorded it: fetched once, then only what is new.

const DAY_ROWS = 2880;
const PLAIN = ["offer", "limit", "battery", "ev_wh"];
const PHASED = ["mains", "mains_highest", "ev"];
const PHASES = ["L1", "L2", "L3"];

const nothing = (length) => new Array(length).fill(null);

// An answer as flat columns; codes in words, because the numbers of reasons are those of one start of the daemon.
function columnsOf(answer) {
  const found = {};
  for (const name of PLAIN) found[name] = answer[name];
  for (const name of PHASED) for (const phase of PHASES) found[`${name}_${phase}`] = answer[name][phase];
  found.state = answer.state.map((place) => (place === null ? null : answer.states[place]));
  found.reason = answer.reason.map((place) => (place === null ? null : answer.reasons[place]));
  return found;
}

export class Day {
  columns = null;
  length = 0;
  step = 30;
  #first = 0;
  #cursor = null;
  #start = null;

  // Asks for what is new; true when there is any.
  async fetch(ask) {
    const answer = await ask.get(`/api/v1/history${this.#cursor ? `?since=${this.#cursor}` : ""}`);
    this.step = answer.step_s;
    if (!answer.rows) {
      if (!answer.continues) this.#forget();
      return this.columns === null;
    }
    const fresh = columnsOf(answer);
    const gap = answer.first - (this.#first + this.length);
    if (answer.continues && this.columns && gap >= 0) this.#append(fresh, gap);
    else {
      this.columns = fresh;
      this.#first = answer.first;
    }
    this.length = this.columns.offer.length;
    this.#cursor = answer.cursor;
    this.#start = answer.start === null ? null : answer.start - (answer.first - this.#first) * this.step;
    return true;
  }

  #forget() {
    this.columns = null;
    this.length = 0;
    this.#cursor = null;
  }

  #append(fresh, gap) {
    const lost = Math.max(0, this.length + gap + fresh.offer.length - DAY_ROWS);
    for (const [name, values] of Object.entries(fresh)) {
      this.columns[name] = [...this.columns[name], ...nothing(gap), ...values].slice(lost);
    }
    this.#first += lost;
  }

  // That of the row after the newest: it rises by the rows that come.
  get number() {
    return this.#first + this.length;
  }

  // Whether the charger knows the time of day.
  get timed() {
    return this.#start !== null;
  }

  // When this row began: Unix seconds, or where nobody knows the time, seconds before now (negative).
  at(row) {
    return this.timed ? this.#start + row * this.step : (row - this.length) * this.step;
  }

  // The first row of the last so many hours.
  from(hours) {
    return Math.max(0, this.length - (hours * 3600) / this.step);
  }
}
