// Asks for the LCD PIN, and for the installer's where his settings are to be changed with the buttons too.

import { dialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";

function pinField(label, name, required) {
  return h("label", { class: "field" }, label,
    h("input", { name, type: "password", inputmode: "numeric", autocomplete: "off", required, autofocus: required, pattern: "[0-9]*" }));
}

// Resolves with true once the charger has taken the PIN, with false when the visitor gives up.
export function askForPin({ t, ask, unlock }, { installer = false } = {}) {
  const more = h("details", { open: installer }, h("summary", {}, t("unit.pin_installer_title")),
    h("p", { class: "help" }, t("unit.pin_installer_help")), pinField(t("unit.pin_installer"), "installer", false));
  return dialog({
    title: t("unit.pin_title"), go: t("unit.pin_go"),
    parts: [h("p", { class: "help" }, t("unit.pin_help")), pinField(t("unit.pin"), "password", true), more],
    submit: async (form) => {
      const fields = Object.fromEntries([...new FormData(form)].filter(([, value]) => value));
      const answer = await unlock(() => ask.form("/lcd-verify-password", fields));
      if (!answer.success) throw new Error(answer.reason); // the dialog has it in the visitor's language;
    },
  });
}
