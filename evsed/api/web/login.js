// The login page: posts the password or PIN, then shows what was asked for. It has only what may be read without a login:
// this, the colours, and the texts of its own.

import { begin, load, t } from "./lib/i18n.js";

const PATIENCE_MS = 15000;
const TEXTS = ["title", "as", "owner", "installer", "go", "back"];

const place = (id) => document.getElementById(id);
const isPin = () => place("kind").value === "pin";

function label() {
  place("which").textContent = t(isPin() ? "login.pin" : "login.password");
  place("forgotten").textContent = t(isPin() ? "login.forgotten_pin" : "login.forgotten_password");
  place("secret").inputMode = isPin() ? "numeric" : "text";
  place("secret").autocomplete = isPin() ? "off" : "current-password";
}

// Why it was refused, in words of the visitor's language where the status says it all.
async function why(answer) {
  const wait = answer.headers.get("Retry-After");
  if (answer.status === 429 && wait) return t("login.wait", { seconds: wait });
  if (answer.status === 401) return t(isPin() ? "login.wrong_pin" : "login.wrong_password");
  try {
    return (await answer.json()).detail;
  } catch {
    return t("login.refused", { status: answer.status });
  }
}

async function logIn() {
  const body = JSON.stringify({ [place("kind").value]: place("secret").value });
  const headers = { "Content-Type": "application/json" };
  let answer;
  try {
    answer = await fetch("/api/v1/login", { method: "POST", body, headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    return t("login.no_connection");
  }
  if (!answer.ok) return why(answer);
  if (location.pathname === "/login") location.replace("/");
  else location.reload();
  return "";
}

async function start() {
  begin();
  await load(["login"]);
  document.title = `${t("login.title")} · evsed`;
  for (const name of TEXTS) place(name).textContent = t(`login.${name}`);
  place("back").hidden = location.pathname !== "/login";
  label();
}

place("kind").addEventListener("change", label);
place("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  place("go").disabled = true;
  place("answer").textContent = "";
  place("answer").textContent = await logIn();
  place("secret").value = "";
  place("go").disabled = false;
  place("secret").focus();
});
start();
