// A chart in the page's colours: drawn anew when the scheme changes, as wide as its place, read by mouse and finger.
// Owns no data and no words.

import { h } from "../lib/dom.js";
import uPlot from "../vendor/uPlot.min.js";

// Its style sheet belongs to the library and comes with it; a chart that is drawn without one has no shape.
await new Promise((done) => {
  document.head.append(h("link", { rel: "stylesheet", href: "/web/vendor/uPlot.min.css", onload: done, onerror: done }));
});

export const bars = uPlot.paths.bars;
export const stepped = uPlot.paths.stepped;
export const AXIS_PX = 46; // of the numbers at the left
export const RIGHT_PX = 12;

// The value of a variable of base.css, such as color("mains").
export const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const FONT = "12px system-ui, sans-serif";

// An axis in the page's colours; `more` as uPlot has it.
export const axis = (more) => ({
  font: FONT,
  stroke: color("muted"),
  grid: { stroke: color("line"), width: 1 },
  ticks: { stroke: color("line"), width: 1, size: 4 },
  gap: 4,
  ...more,
});

// Puts the cursor under a finger too; a finger that goes up or down scrolls the page.
function followFinger(over, move) {
  const follow = (event) => {
    if (event.pointerType === "mouse") return;
    move({ left: event.clientX - over.getBoundingClientRect().left, top: over.clientHeight / 2 });
  };
  over.addEventListener("pointerdown", follow);
  over.addEventListener("pointermove", follow);
}

export class Chart {
  #place;
  #options;
  #picked;
  #data = null;
  #plot = null;
  #width = 0;
  #quiet = false;
  #resized = new ResizeObserver(() => this.#fit());
  #themed = new MutationObserver(() => this.#draw());

  // place: an element as wide as the chart shall be. options(): uPlot's, without the width. picked(index): a value is
  // pointed at, or with null none is any more.
  constructor(place, options, picked = () => {}) {
    this.#place = place;
    this.#options = options;
    this.#picked = picked;
    this.#resized.observe(place);
    this.#themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  // Columns as uPlot has them: the first is x.
  set(data) {
    this.#data = data;
    if (this.#plot) this.#plot.setData(data);
    else this.#draw();
  }

  // Points at the value of this index, as if a finger did; null: at none.
  pick(index) {
    const plot = this.#plot;
    if (!plot) return;
    this.#quiet = true;
    plot.setCursor(index === null ? { left: -10, top: -10 } : { left: plot.valToPos(this.#data[0][index], "x"), top: 10 });
    this.#quiet = false;
  }

  // Draws all anew: the options have changed.
  redraw() {
    this.#draw();
  }

  close() {
    this.#resized.disconnect();
    this.#themed.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
  }

  #fit() {
    const width = Math.floor(this.#place.clientWidth);
    if (!width || width === this.#width) return;
    this.#width = width;
    if (this.#plot) this.#plot.setSize({ width, height: this.#plot.height });
    else this.#draw();
  }

  #draw() {
    if (!this.#data || !this.#width) return;
    this.#plot?.destroy();
    const options = { legend: { show: false }, padding: [10, RIGHT_PX, 0, 0], ...this.#options(), width: this.#width };
    options.cursor = { y: false, drag: { x: false, y: false }, points: { size: 7 }, ...options.cursor };
    options.hooks = { setCursor: [(plot) => this.#quiet || this.#picked(plot.cursor.idx ?? null)] };
    this.#plot = new uPlot(options, this.#data, this.#place);
    followFinger(this.#plot.over, (where) => this.#plot.setCursor(where));
  }
}
