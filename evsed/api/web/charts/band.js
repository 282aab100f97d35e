// What the charger did as a band of colours below the charts, with the same time from left to right.

import { h, svg, text } from "../lib/dom.js";
import { KINDS, stretches } from "./doing.js";

const HEIGHT = 10; // of the picture's own units; how high it is on the screen says the style sheet

export class Band {
  #picture = svg("svg", { class: "band", preserveAspectRatio: "none", "aria-hidden": "true" });
  #mark = svg("line", { class: "mark", y1: 0, y2: HEIGHT, visibility: "hidden" });
  #legend = h("ul", { class: "legend" });
  #words;
  #times = new Map();
  #rows = 0;

  // words(kind): what a kind is called. picked(index): somebody points at this row.
  constructor(words, picked) {
    this.#words = words;
    const point = (event) => {
      const { left, width } = this.#picture.getBoundingClientRect();
      const index = Math.floor(((event.clientX - left) / width) * this.#rows);
      if (this.#rows) picked(Math.max(0, Math.min(this.#rows - 1, index)));
    };
    this.#picture.addEventListener("pointerdown", point);
    this.#picture.addEventListener("pointermove", point);
    this.#picture.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && picked(null));
    for (const kind of [...KINDS, "unknown"]) {
      this.#times.set(kind, h("b", { class: "number" }));
      this.#legend.append(h("li", { "data-kind": kind }, h("i", { class: `swatch kind-${kind}` }), words(kind), " ", this.#times.get(kind)));
    }
  }

  get elements() {
    return [this.#picture, this.#legend];
  }

  // Rows from `first` on; times: how long each kind lasted, in words, empty where it did not.
  set(columns, first, times) {
    this.#rows = columns.state.length - first;
    this.#picture.setAttribute("viewBox", `0 0 ${this.#rows} ${HEIGHT}`);
    const parts = stretches(columns, first).filter(({ kind }) => kind).map(({ from, to, kind }) => svg("rect", {
      class: `kind-${kind}`, x: from - first, y: 0, width: to - from, height: HEIGHT,
    }));
    this.#picture.replaceChildren(...parts, this.#mark);
    for (const item of this.#legend.children) {
      const { kind } = item.dataset;
      item.hidden = !times[kind];
      text(this.#times.get(kind), times[kind]);
    }
  }

  pick(index) {
    this.#mark.setAttribute("visibility", index === null ? "hidden" : "visible");
    for (const end of ["x1", "x2"]) this.#mark.setAttribute(end, (index ?? 0) + 0.5);
  }
}
