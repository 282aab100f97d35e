// The mark of what belongs to the installation.

import { h, svg } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";

export const lock = () => h("span", { class: "lock" },
  svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" },
    svg("path", { d: "M5 7V5a3 3 0 0 1 6 0v2", fill: "none", stroke: "currentColor", "stroke-width": 1.6 }),
    svg("rect", { x: 3, y: 7, width: 10, height: 7, rx: 1.5, fill: "currentColor" })),
  h("span", { class: "visually-hidden" }, t("settings.installers")));
