// A secret that is set or not set, and is never shown: a field to set it, and a button to take it away.

import { h, text } from "../../lib/dom.js";

// `set(value)` and `remove()` do it and raise Trouble; `said(trouble)` is what the charger says of it.
export function secretForm({ name, form, inputmode, t, set, remove, said }) {
  const now = h("p", { class: "now" });
  const field = h("input", { type: "password", autocomplete: "new-password", inputmode, maxlength: 128 });
  const see = h("input", { type: "checkbox", onchange: () => { field.type = see.checked ? "text" : "password"; } });
  const wrong = h("p", { class: "error", role: "alert" });
  const keep = h("button", { class: "button primary" });
  const gone = h("button", { type: "button", class: "button" }, t("settings.clear"));
  const fields = h("div", {}, h("label", { class: "field" }, t(`access.${name}_new`), field),
    h("label", { class: "field tick" }, see, " ", t("access.see")));
  const why = h("p", { hidden: true });
  const deeds = h("div", { class: "row" }, keep, gone);
  const node = h("form", { novalidate: true }, now, why, fields, wrong, deeds);

  const run = async (action) => {
    keep.disabled = gone.disabled = true;
    text(wrong, "");
    try {
      await action();
      field.value = "";
    } catch (trouble) {
      text(wrong, said(trouble));
    }
    keep.disabled = gone.disabled = false;
    if (document.activeElement === document.body) keep.focus(); // what was pressed was disabled, or is gone
  };
  gone.addEventListener("click", () => run(remove));
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.test(field.value)) run(() => set(field.value));
    else text(wrong, t(`access.${name}_takes`));
  });
  return {
    node,
    show(isSet) {
      text(now, t(`access.${name}_${isSet ? "is_set" : "not_set"}`));
      text(keep, t(isSet ? "settings.renew" : "settings.set_it"));
      gone.hidden = !isSet;
    },
    // Nobody can set it here now, and `words` say where.
    locked(yes, words) {
      why.hidden = !yes;
      fields.hidden = deeds.hidden = yes;
      text(why, words);
    },
  };
}
