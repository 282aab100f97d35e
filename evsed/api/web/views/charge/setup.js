// What is left to do on a charger that is not set up, in the order of work; what is done stays in the list.

import { h } from "../../lib/dom.js";
import { said } from "./said.js";

const MARKS = { done: "✓", to_do: "○", to_look: "?" };

const kindOf = (done) => (done === null ? "to_look" : done ? "done" : "to_do");

export function create({ t }) {
  const list = h("ol", { class: "steps" });
  const element = h("section", { class: "card setup", "aria-labelledby": "setup-title", hidden: true },
    h("h2", { id: "setup-title" }, t("charge.setup_title")), h("p", { class: "help" }, t("charge.setup_help")), list);
  let shown = "";

  const item = ({ step, text, done }) => {
    const kind = kindOf(done);
    return h("li", { class: kind, "data-step": step },
      h("span", { class: "tick", "aria-hidden": "true" }, MARKS[kind]),
      h("span", {}, said("step", step, text), " ", h("strong", {}, `(${t(`charge.${kind}`)})`)));
  };

  return {
    element,
    update({ set_up: setUp }) {
      const now = JSON.stringify(setUp);
      if (now === shown) return;
      shown = now;
      element.hidden = setUp === null;
      list.replaceChildren(...(setUp?.steps ?? []).map(item));
    },
  };
}
