// Requests to the charger. Owns how a refusal becomes words; who may ask is the charger's business.

import { t } from "./i18n.js";

const PATIENCE_MS = 15000;

// A request that was refused or did not get through: status 0 is "no answer". wait: seconds until the next may be sent.
export class Trouble extends Error {
  constructor(status, message, problem = null, wait = 0) {
    super(message);
    this.status = status;
    this.problem = problem;
    this.wait = wait;
  }
}

let refusal = () => "";

// From now on nothing but a login or a stop is changed at the charger while `check()`, or what it promises, is a reason why
// not: who sees no more what it does shall not steer it.
export function unless(check) {
  refusal = check;
}

// What is meant for this moment only (`now`) does not wait.
async function judge({ method, login, stops, now }) {
  if (!method || login || stops) return;
  const why = refusal();
  const said = now && typeof why !== "string" ? t("common.no_connection") : await why;
  if (said) throw new Trouble(0, said);
}

async function read(answer) {
  const body = await answer.text();
  try {
    return body ? JSON.parse(body) : null;
  } catch {
    return body;
  }
}

// Ends a request after `patience` ms, or with `other`.
function until(patience, other) {
  const late = AbortSignal.timeout(patience);
  if (!other) return late;
  const both = new AbortController();
  for (const each of [late, other]) each.addEventListener("abort", () => both.abort(each.reason));
  if (other.aborted) both.abort(other.reason);
  return both.signal;
}

// Sends one request; the JSON (or text) of its answer. Raises Trouble. Who is not let in any more sees the login page.
export async function send(path, options = {}, patience = PATIENCE_MS) {
  let answer;
  let found;
  await judge(options);
  try {
    answer = await fetch(path, { ...options, signal: until(patience, options.signal) });
    found = await read(answer);
  } catch (error) {
    const late = error.name === "TimeoutError" || error.name === "AbortError";
    throw new Trouble(0, t(late ? "common.no_answer" : "common.no_connection"));
  }
  if (answer.ok) return found;
  if (answer.status === 401 && !options.login) {
    location.reload();
    return new Promise(() => {}); // nothing is said any more of what was shown
  }
  const said = found?.detail ?? (typeof found === "string" && found ? found : t("common.refused", { status: answer.status }));
  throw new Trouble(answer.status, said, found, Number(answer.headers.get("Retry-After")) || 0);
}

const withBody = (method) => (path, body, options = {}) => send(path, {
  ...options, method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}),
});

export const ask = {
  get: (path) => send(path),
  put: withBody("PUT"),
  patch: withBody("PATCH"),
  post: withBody("POST"),
  delete: (path, options = {}) => send(path, { ...options, method: "DELETE" }),
  // A form as the firmware's clients post it; its echo.
  form: (path, fields) => send(path, { method: "POST", body: new URLSearchParams(fields) }),
};
