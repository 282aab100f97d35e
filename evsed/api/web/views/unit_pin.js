// Asks for the LCD PIN, and for the installer's where his settings are to be changed with the buttons too.

import { h, unique } from "../lib/dom.js";

function pinField(label, name, required) {
  return h("label", { class: "field" }, label,
    h("input", { name, type: "password", inputmode: "numeric", autocomplete: "off", required, pattern: "[0-9]*" }));
}

// A dialog; resolves with true once the charger has taken the PIN, with false when the visitor gives up.
export function askForPin({ t, ask, unlock }, { installer = false } = {}) {
  const id = unique("pin");
  const wrong = h("p", { class: "error", role: "alert" });
  const cancel = h("button", { type: "button", class: "button" }, t("common.cancel"));
  const go = h("button", { class: "button primary" }, t("unit.pin_go"));
  const more = h("details", { open: installer }, h("summary", {}, t("unit.pin_installer_title")),
    h("p", { class: "help" }, t("unit.pin_installer_help")), pinField(t("unit.pin_installer"), "installer", false));
  const form = h("form", { method: "dialog" },
    h("h2", { id }, t("unit.pin_title")), h("p", { class: "help" }, t("unit.pin_help")),
    pinField(t("unit.pin"), "password", true), more, wrong, h("div", { class: "row end" }, cancel, go));
  const box = h("dialog", { class: "card", "aria-labelledby": id }, form);
  document.body.append(box);
  return new Promise((resolve) => {
    const end = (done) => { box.remove(); resolve(done); };
    cancel.addEventListener("click", () => end(false));
    box.addEventListener("cancel", () => end(false));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      go.disabled = true;
      wrong.textContent = "";
      const fields = Object.fromEntries([...new FormData(form)].filter(([, value]) => value));
      try {
        const answer = await unlock(() => ask.form("/lcd-verify-password", fields));
        if (answer.success) return end(true);
        wrong.textContent = answer.reason;
      } catch (trouble) {
        wrong.textContent = trouble.problem?.reason ?? trouble.message;
      }
      form.elements.password.value = "";
      form.elements.installer.value = "";
      form.elements.password.focus();
      go.disabled = false;
      return undefined;
    });
    box.showModal();
    form.elements.password.focus();
  });
}
