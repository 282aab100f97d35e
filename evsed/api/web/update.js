// The page /update: which version runs, the form, the upload, and how far the installer is through the daemon's restart.

import { Trouble, ask } from "./lib/ask.js";
import { h, text } from "./lib/dom.js";
import { dateTime, number } from "./lib/format.js";
import { begin, load, t } from "./lib/i18n.js";
import { begin as beginSaying } from "./lib/say.js";
import { translated } from "./lib/sentence.js";
import { sure } from "./lib/sure.js";
import { FOREIGN, unlock } from "./lib/unlock.js";

const LOOK_MS = 1500;
const STEPS = ["receiving", "handed", "installing", "checking", "done"];
const AT_WORK = ["receiving", "handed", "installing", "checking", "going_back"];
const NAME = /^evsed_([A-Za-z0-9.+~-]+)_([a-z0-9]+)\.deb$/;
const LONGEST_SIGNATURE = 1024;
const FOR_ROOT = / \(sudo evsed-update --downgrade takes it\)/;

const place = (id) => document.getElementById(id);
const inWords = (told) => translated(told.replace(FOR_ROOT, ""));
const megabytes = (bytes) => number(bytes / 1e6, 1);

let now = null; // what GET /api/v1/update answered last
let sending = null; // the upload that is under way
let refused = ""; // why this page's own upload was not taken
let mine = false; // an update that this page has handed over, or has seen at work
let lost = false;

// ---- the form ----

// The name without what a browser puts in when it saves a file a second time, as in "x (1).deb".
const withoutCount = (name) => name.replace(/\s*\(\d+\)(?=\.deb$)/, "");

// What is wrong with the package's name and size, in words; empty when nothing is. The charger judges again.
function wrongPackage(file) {
  const found = NAME.exec(file.name);
  const plain = withoutCount(file.name);
  if (!found && NAME.test(plain)) return t("update.second_name", { name: file.name, without: file.name.slice(plain.length - 4, -4), wanted: plain });
  if (!found) return t("update.wrong_name", { name: file.name, wanted: wantedName() });
  const [, version, architecture] = found;
  if (now?.architecture && architecture !== now.architecture) {
    return t("update.wrong_architecture", { given: architecture, wanted: now.architecture });
  }
  if (now?.release && !version.split("+").includes(now.release)) return t("update.wrong_release", { wanted: now.release });
  if (now && file.size > now.most_bytes) return t("update.too_long", { most: megabytes(now.most_bytes) });
  return file.size ? "" : t("update.empty");
}

function wrongSignature(file) {
  if (file.size > LONGEST_SIGNATURE || !file.size) return t("update.no_signature", { name: file.name });
  const packageName = place("file").files[0]?.name;
  return packageName && file.name.endsWith(".sig") && file.name.replace(/\s*\(\d+\)/, "") !== `${packageName}.sig`
    ? t("update.other_signature", { name: file.name, wanted: `${packageName}.sig` }) : "";
}

const wantedName = () => `evsed_<version>${now?.release ? `+${now.release}` : ""}_${now?.architecture ?? "<architecture>"}.deb`;

function judge(id, wrong) {
  const [file] = place(id).files;
  const words = file ? wrong(file) : "";
  text(place(`${id}-wrong`), words);
  place(id).setAttribute("aria-invalid", words ? "true" : "false");
  return !words;
}

const judgeBoth = () => [judge("file", wrongPackage), judge("signature", wrongSignature)].every(Boolean);

// ---- what is shown ----

function keyLine(key) {
  return h("span", {}, `${key.name} (${t(`update.key_${key.kind}`)}) `, h("code", {}, key.fingerprint.slice(0, 16)));
}

function showState() {
  text(place("version"), now.version);
  if (now.keys.length) place("keys").replaceChildren(...now.keys.map(keyLine));
  else text(place("keys"), t("update.no_key"));
  text(place("broken"), now.broken_keys.length ? t("update.broken_keys", { which: now.broken_keys.join("; ") }) : "");
  text(place("why-not"), now.unavailable ? t("update.unavailable", { why: inWords(now.unavailable) })
    : now.keys.length ? "" : t("update.no_key_help"));
  text(place("file-help"), t("update.file_help", { name: wantedName() }));
}

function showSteps(state) {
  const at = state === "going_back" ? STEPS.indexOf("checking") : STEPS.indexOf(state);
  const names = state === "going_back" ? [...STEPS.slice(0, 4), "going_back"] : STEPS;
  const current = state === "going_back" ? 4 : at;
  place("steps").replaceChildren(...names.map((name, number_) => h("li", {
    class: number_ < current || state === "done" ? "past" : null,
    "aria-current": number_ === current && state !== "done" ? "step" : null,
  }, t(`update.step_${name}`))));
}

// Written anew only where it is another: a screen reader is not told the same again.
function outcome(kind, words, when = null) {
  const said = `${kind} ${words} ${when}`;
  if (place("outcome").dataset.said === said) return;
  place("outcome").dataset.said = said;
  place("outcome").replaceChildren(...[
    words && h("p", { class: kind || "help" }, words),
    when && h("p", { class: "when" }, dateTime(when)),
    kind === "done" && h("p", {}, h("a", { href: "/", class: "button primary" }, t("update.to_charger"))),
  ].filter(Boolean));
}

function showProgress() {
  const state = sending ? "receiving" : now.state;
  const ending = state === "receiving" && refused; // the charger has yet to notice that the upload is over
  const busy = AT_WORK.includes(state) && !ending;
  if (busy && state !== "receiving") [mine, refused] = [true, ""];
  place("progress").hidden = state === "idle" && !refused;
  place("sending").hidden = !sending;
  place("steps").hidden = !busy && (state !== "done" || refused || !mine);
  place("offer").hidden = busy; // nothing to choose meanwhile, and on a phone the steps are in sight
  if (!place("steps").hidden) showSteps(state);
  enable(!busy && !now.unavailable);
  if (busy) outcome("", now.state === state ? inWords(now.text) : "");
  else if (refused) outcome("failed", t("update.failed", { why: inWords(refused) }));
  else if (state === "done") outcome("done", t(mine ? "update.done" : "update.done_before", { said: inWords(now.text) }), now.at);
  else if (state === "failed") outcome("failed", t(mine ? "update.failed" : "update.failed_before", { why: inWords(now.text) }), now.at);
}

function enable(on) {
  for (const id of ["file", "signature", "go"]) place(id).disabled = !on;
}

// While the new version is installed nobody answers: that is expected, and said.
function showConnection() {
  const expected = AT_WORK.includes(now?.state);
  place("lost").hidden = !lost;
  place("lost").classList.toggle("expected", expected);
  if (lost) text(place("lost"), t(expected ? "update.restarting" : "update.lost"));
  text(place("link"), t(lost ? "common.not_live" : "common.live"));
}

async function look() {
  try {
    now = await ask.get("/api/v1/update");
    lost = false;
    showState();
    showProgress();
  } catch (trouble) {
    if (!(trouble instanceof Trouble)) throw trouble;
    lost = true;
  }
  showConnection();
}

async function watch() {
  if (!document.hidden) await look();
  setTimeout(watch, LOOK_MS);
}

// ---- sending ----

// One POST of the form with its progress; the text of the answer. Raises Trouble, also one of status 403.
function upload(form) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    sending = request;
    place("sent").value = 0;
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      place("sent").value = total ? loaded / total : 0;
      text(place("sent-bytes"), t(loaded < total ? "update.sent_of" : "update.verifying", { sent: megabytes(loaded), all: megabytes(total) }));
    });
    request.addEventListener("load", () => {
      if (request.status === 200) return resolve(request.responseText);
      let said = request.responseText.replace(/^FAIL: /, "");
      try { said = JSON.parse(said).detail ?? said; } catch { /* it is text */ }
      if (request.status === 403 && !FOREIGN.test(said)) said = t("update.needs_installer");
      return reject(new Trouble(request.status, said || t("common.refused", { status: request.status })));
    });
    request.addEventListener("error", () => reject(new Trouble(0, t("update.cut"))));
    request.addEventListener("abort", () => reject(new Trouble(0, t("update.cancelled"))));
    request.open("POST", "/update");
    request.send(new FormData(form));
  });
}

// Logs in first where that is needed: else the whole package would be sent for nothing.
async function mayInstall() {
  const access = await ask.get("/api/v1/access");
  if (access.right !== "install") throw new Trouble(403, t("update.needs_installer"));
}

async function send(event) {
  event.preventDefault();
  if (!judgeBoth() || sending || place("go").disabled) return;
  place("go").disabled = true;
  refused = "";
  try {
    await unlock(mayInstall);
    const { name } = place("file").files[0];
    if (await sure({ title: t("update.sure_title"), what: t("update.sure", { name }), go: t("update.go"), kind: "primary" })) {
      await unlock(mayInstall); // that login may have ended while this was read
      const answer = upload(place("form")); // what is disabled is not sent: it is read before
      showProgress();
      await answer;
      place("form").reset();
      now.state = "handed";
    }
  } catch (trouble) {
    [mine, refused] = [false, trouble.message];
  }
  sending = null;
  showProgress();
  if (refused) place("outcome").scrollIntoView({ block: "nearest" });
}

// ---- begin ----

const WORDS = {
  skip: "common.skip", back: "update.back", title: "update.title", "version-is": "update.installed", "keys-are": "update.keys",
  "form-title": "update.form_title", "file-is": "update.file", "signature-is": "update.signature",
  "signature-help": "update.signature_help", "what-happens": "update.what_happens", go: "update.go",
  "progress-title": "update.progress_title", "sent-is": "update.sent", cancel: "common.cancel",
};

async function start() {
  begin();
  await load(["common", "update"]);
  beginSaying(place("say"));
  document.title = `${t("update.title")} · evsed`;
  for (const [id, key] of Object.entries(WORDS)) text(place(id), t(key));
  place("file").addEventListener("change", judgeBoth);
  place("signature").addEventListener("change", judgeBoth);
  place("form").addEventListener("submit", send);
  place("cancel").addEventListener("click", () => sending?.abort());
  addEventListener("beforeunload", (event) => sending && event.preventDefault());
  watch();
}

start();
