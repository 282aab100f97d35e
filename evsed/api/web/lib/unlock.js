// Asks for the installer's PIN or the owner's password where the charger wants one, and does again what was refused.

import { Trouble, ask, send } from "./ask.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";

function login(kind, secret) {
  const body = JSON.stringify({ [kind]: secret });
  return send("/api/v1/login", { method: "POST", headers: { "Content-Type": "application/json" }, body, login: true });
}

function secretField() {
  return h("input", { type: "password", autocomplete: "off", required: true, "aria-describedby": "unlock-why" });
}

// A dialog; resolves with true once the visitor has logged in, with false when he gives up.
function dialog(why, access) {
  const kinds = [["pin", access.installer_pin_set], ["password", access.password_set]].filter(([, set]) => set);
  const kind = h("select", {}, ...kinds.map(([name]) => h("option", { value: name }, t(`common.unlock_${name}`))));
  const secret = secretField();
  const wrong = h("p", { class: "error", role: "alert" });
  const cancel = h("button", { type: "button", class: "button" }, t(kinds.length ? "common.cancel" : "common.close"));
  const go = h("button", { class: "button primary" }, t("common.unlock_go"));
  const fields = kinds.length
    ? [h("label", { class: "field" }, t("common.unlock_as"), kind), h("label", { class: "field" }, t("common.unlock_secret"), secret)]
    : [h("p", {}, t("common.unlock_none"))];
  const form = h("form", { method: "dialog" },
    h("h2", {}, t("common.unlock_title")), h("p", { id: "unlock-why" }, why), ...fields, wrong,
    h("div", { class: "row end" }, cancel, kinds.length ? go : null));
  const box = h("dialog", { class: "card" }, form);
  document.body.append(box);
  return new Promise((resolve) => {
    const end = (done) => { box.remove(); resolve(done); };
    cancel.addEventListener("click", () => end(false));
    box.addEventListener("cancel", () => end(false));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      go.disabled = true;
      wrong.textContent = "";
      try {
        await login(kind.value, secret.value);
        end(true);
      } catch (trouble) {
        wrong.textContent = trouble.message;
        secret.value = "";
        secret.focus();
      }
      go.disabled = false;
    });
    box.showModal();
  });
}

// What action() resolves with; where the charger refuses it for want of a right, once more after a login.
// Raises the refusal when the visitor gives up, and where it is not wanted any more: still() says so.
export async function unlock(action, { still = () => true } = {}) {
  for (;;) {
    try {
      return await action();
    } catch (trouble) {
      if (!(trouble instanceof Trouble) || trouble.status !== 403) throw trouble;
      const access = await ask.get("/api/v1/access");
      if (!still() || !await dialog(trouble.message, access)) throw trouble;
      document.dispatchEvent(new CustomEvent("accesschanged"));
    }
  }
}
