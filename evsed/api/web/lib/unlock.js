// Asks for the installer's PIN or the owner's password where the charger wants one, and does again what was refused.

import { Trouble, ask, send } from "./ask.js";
import { dialog, turn } from "./dialog.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { translated } from "./sentence.js";

export const FOREIGN = /^(Host|Origin) /; // so the charger refuses a page that is not its own, whoever asks

// kind: "pin" or "password". Raises Trouble; that a secret was not taken is said in the visitor's language.
export async function login(kind, secret) {
  const body = JSON.stringify({ [kind]: secret });
  try {
    await send("/api/v1/login", { method: "POST", headers: { "Content-Type": "application/json" }, body, login: true });
  } catch (trouble) {
    if (trouble.status === 401) trouble.message = t(`common.wrong_${kind}`);
    if (trouble.wait) trouble.message = t("common.wait", { seconds: trouble.wait });
    throw trouble;
  }
  document.dispatchEvent(new CustomEvent("accesschanged"));
}

const kindsOf = (access) => [["pin", access.installer_pin_set], ["password", access.password_set]].filter(([, set]) => set).map(([name]) => name);

// Resolves with true once the visitor has logged in, with false when he gives up.
function askWho(why, kinds) {
  const said = h("p", { id: "unlock-why" }, translated(why));
  const title = t("common.unlock_title");
  if (!kinds.length) return dialog({ title, parts: [said, h("p", {}, t("common.unlock_none"))], back: t("common.close") });
  const kind = h("select", {}, ...kinds.map((name) => h("option", { value: name }, t(`common.unlock_${name}`))));
  const secret = h("input", { type: "password", autocomplete: "off", required: true, "aria-describedby": "unlock-why" });
  const parts = [said, h("label", { class: "field" }, t("common.unlock_as"), kind), h("label", { class: "field" }, t("common.unlock_secret"), secret)];
  return dialog({ title, parts, go: t("common.unlock_go"), submit: () => login(kind.value, secret.value) });
}

// What action() resolves with; where the charger refuses it for want of a right, once more after a login. why: what is
// said then in place of the charger's own words. Raises the refusal when the visitor gives up, when he has left the view,
// and where the action is not wanted any more: still() says so.
export async function unlock(action, { why = null, still = () => true } = {}) {
  const began = turn();
  for (;;) {
    try {
      return await action();
    } catch (trouble) {
      if (!(trouble instanceof Trouble) || trouble.status !== 403 || FOREIGN.test(trouble.message)) throw trouble;
      const access = await ask.get("/api/v1/access");
      if (access.right === "install") throw trouble; // no login gives more
      const kinds = kindsOf(access);
      if (why && kinds.length) trouble.message = why;
      if (turn() !== began || !still() || !await askWho(trouble.message, kinds)) throw trouble;
    }
  }
}
