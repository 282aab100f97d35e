// Small pictures of one line each, drawn in a square of 24.

import { svg } from "../../lib/dom.js";

const PATHS = {
  mains: ["M7 21 10.5 4h3L17 21M8 16.2 15.3 12M16 16.2 8.7 12M9.8 8 14.8 11.6M14.2 8 9.2 11.6M5 8h14M5 8v2M19 8v2"],
  house: ["M4 11.5 12 4l8 7.5M6 10v10h12V10M10 20v-5.5h4V20"],
  car: ["M3.5 17v-4l2-.8L7.4 7.5h9.2l1.9 4.7 2 .8v4zM6.5 12.2h11", "M7 17v2M17 17v2"],
  sun: ["M12 7.6a4.4 4.4 0 1 1 0 8.8 4.4 4.4 0 0 1 0-8.8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"],
  battery: ["M4 8h14v9H4zM18 10.5h2.5v4H18", "M8 12.5h6M11 9.8v5.4"],
  charging: ["M13 2.5 5 13.5h6l-1 8 8-11h-6z"],
  waiting: ["M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM12 7v5.2l3.4 2"],
  off: ["M12 3v8.5M7 6.2a8 8 0 1 0 10 0"],
  paused: ["M8 5v14M16 5v14"],
  fault: ["M12 3.5 22 20.5H2zM12 10v5M12 17.4v.6"],
  setup: ["M5 4.5h14v16H5zM9 3v3M15 3v3M8.5 11l1.3 1.3 2.4-2.6M14 11.2h2M8.5 16l1.3 1.3 2.4-2.6M14 16.2h2"],
  plug: ["M8 3v5M16 3v5M6 8h12v3.5a6 6 0 0 1-12 0zM12 17.5V22"],
};

// A picture of its name, in the colour of the text around it; nothing for a screen reader.
export const icon = (name, attributes = {}) => svg(
  "svg", { viewBox: "0 0 24 24", width: 24, height: 24, "aria-hidden": "true", class: "icon", ...attributes },
  ...PATHS[name].map((d) => svg("path", { d })),
);

// The same as a part of another picture, around x, y.
export const drawn = (name, x, y, size) => svg(
  "g", { class: "icon", transform: `translate(${x - size / 2} ${y - size / 2}) scale(${size / 24})` },
  ...PATHS[name].map((d) => svg("path", { d })),
);
