// The stream of log lines: kept open while the page is seen, begun again where it ended. Owns what was heard last.

const SILENT_MS = 40000; // the charger gives a sign of life every 15 s
const AGAIN_MS = 2000;

// Calls take({name, data}) for each event of the text that comes in pieces, and id(text) for each id.
export function reading(take, id) {
  let left = "";
  return (piece) => {
    const blocks = (left + piece).split("\n\n");
    left = blocks.pop();
    for (const block of blocks) {
      const event = Object.fromEntries(block.split("\n").map((line) => {
        const at = line.indexOf(": ");
        return [line.slice(0, at), line.slice(at + 2)];
      }));
      if (event.id) id(event.id);
      if (event.event && event.data) take({ name: event.event, data: JSON.parse(event.data) });
    }
  };
}

export class LogStream {
  #query;
  #tell;
  #after = "";
  #request = null;
  #timer = 0;
  #heardAt = 0;
  #lost = false;

  // query: level, text and last. tell is called with {lines}, {gap}, {lost: reason}, {found: true}.
  constructor(query, tell) {
    this.#query = query;
    this.#tell = tell;
    this.seen = () => (document.hidden ? this.#end() : this.#begin());
    document.addEventListener("visibilitychange", this.seen);
    this.watch = setInterval(() => this.#request && performance.now() - this.#heardAt > SILENT_MS && this.#request.abort(), 5000);
    if (!document.hidden) this.#begin();
  }

  close() {
    document.removeEventListener("visibilitychange", this.seen);
    clearInterval(this.watch);
    this.#end();
  }

  #end() {
    clearTimeout(this.#timer);
    const request = this.#request;
    this.#request = null; // what comes of it now is nobody's business
    request?.abort();
  }

  async #begin() {
    if (this.#request) return;
    clearTimeout(this.#timer);
    const request = new AbortController();
    this.#request = request;
    this.#heardAt = performance.now();
    let why = "";
    try {
      why = await this.#listen(request);
    } catch { /* it broke off, or nobody answers */ }
    if (this.#request !== request) return;
    this.#request = null;
    if (!this.#lost) this.#tell({ lost: why });
    this.#lost = true;
    this.#timer = setTimeout(() => this.#begin(), AGAIN_MS);
  }

  // Listens until the stream ends; the charger's words where it refuses.
  async #listen(request) {
    const query = new URLSearchParams({ ...this.#query, ...(this.#after ? { after: this.#after } : {}) });
    const answer = await fetch(`/api/v1/log?${query}`, { headers: { Accept: "text/event-stream" }, signal: request.signal });
    if (!answer.ok) {
      if (answer.status === 401) location.reload();
      return (await answer.json()).detail;
    }
    if (this.#lost) this.#tell({ found: true });
    this.#lost = false;
    let lines = [];
    const read = reading(({ name, data }) => {
      if (name === "line") lines.push(data);
      if (name !== "gap") return;
      if (lines.length) this.#tell({ lines });
      lines = [];
      this.#tell({ gap: data.why });
    }, (id) => { this.#after = id; });
    const pieces = answer.body.getReader();
    const letters = new TextDecoder();
    for (;;) {
      const { done, value } = await pieces.read();
      if (done || this.#request !== request) return "";
      this.#heardAt = performance.now();
      lines = [];
      read(letters.decode(value, { stream: true }));
      if (lines.length) this.#tell({ lines });
    }
  }
}
