// The shell of the page: which view is shown, the bar of tabs, and the word on the connection.

import { ask } from "./lib/ask.js";
import { endDialogs } from "./lib/dialog.js";
import * as connection from "./lib/connection.js";
import { h, text } from "./lib/dom.js";
import * as format from "./lib/format.js";
import { begin, load, t, word } from "./lib/i18n.js";
import { live } from "./lib/live.js";
import { begin as beginSaying, say } from "./lib/say.js";
import { unlock } from "./lib/unlock.js";
import { differs, now, say as sayTime } from "./views/charge/clock.js";

// Each view by the tab that it is under. "reads": it is of use without a connection too; "times": it tells the browser's.
const VIEWS = {
  charge: { tab: "charge" },
  history: { tab: "history", reads: true, times: true },
  sessions: { tab: "history", reads: true, times: true },
  settings: { tab: "settings" },
  broker: { tab: "settings" },
  access: { tab: "settings" },
  cards: { tab: "settings" },
  backup: { tab: "settings" },
  unit: { tab: "unit" },
  meters: { tab: "unit" },
  log: { tab: "unit", reads: true, times: true },
  about: { tab: "unit", reads: true },
};
const TABS = ["charge", "history", "settings", "unit"];

const place = (id) => document.getElementById(id);
const app = { t, word, format, ask, live, say, unlock };
let shown = { name: null, view: null, turn: 0 };

const named = () => {
  const name = location.hash.replace(/^#\/?/, "").split("/")[0];
  return Object.hasOwn(VIEWS, name) ? name : "charge";
};

const address = (name) => (name === "charge" ? "#/" : `#/${name}`);

function link(name, words, current) {
  return h("a", { href: address(name), "aria-current": current && "page" }, h("span", {}, words));
}

const clocks = h("p", { class: "help", hidden: true });

// Where the charger's clock shows another time, that is said beside the times of this browser's.
function showClocks() {
  clocks.hidden = !VIEWS[shown.name]?.times || !differs(live);
  if (!clocks.hidden) text(clocks, t("common.two_clocks", { time: sayTime(now(live), now(live)) }));
}

const showConnection = () => connection.show(Boolean(VIEWS[shown.name]?.reads));

function showBars(name) {
  const { tab } = VIEWS[name];
  place("tabs").replaceChildren(...TABS.map((one) => link(one, t(`common.tab_${one}`), one === tab)));
  const beside = Object.keys(VIEWS).filter((one) => VIEWS[one].tab === tab);
  place("subnav").hidden = beside.length < 2;
  place("subnav").replaceChildren(...beside.map((one) => link(one, t(`common.view_${one}`), one === name)));
}

function styled(name) {
  const path = `/web/views/${name}.css`;
  if (document.querySelector(`link[href="${path}"]`)) return null;
  return new Promise((done) => {
    document.head.append(h("link", { rel: "stylesheet", href: path, onload: done, onerror: done }));
  });
}

async function show() {
  const name = named();
  if (name === shown.name) return;
  const turn = shown.turn + 1;
  const first = shown.name === null;
  endDialogs();
  shown.view?.close?.();
  shown = { name, view: null, turn };
  showBars(name);
  showConnection(); // the views differ in what they are without one
  try {
    const view = await import(`./views/${name}.js`);
    const sheets = [...(view.styles ?? []), ...(view.css ? [name] : [])];
    await Promise.all([load(view.areas ?? []), ...sheets.map(styled)]);
    if (shown.turn !== turn) return; // somebody has gone on already
    const main = h("div", { class: `view view-${name}` });
    place("main").replaceChildren(clocks, main);
    showClocks();
    shown.view = view.create(main, app) ?? {};
    if (live.state) shown.view.update?.(live.state);
    document.title = `${t(`common.view_${name}`)} · evsed`;
    if (!first) place("main").focus();
  } catch (error) {
    if (shown.turn !== turn) return;
    shown.name = null;
    place("main").replaceChildren(h("p", { class: "card error", role: "alert" }, t("common.view_broken", { why: error.message })));
  }
}

// With login Off an owner who is logged in may as much as anybody: there is nothing to leave.
async function showAccess() {
  try {
    const access = await ask.get("/api/v1/access");
    place("logout").hidden = access.login === "Off" && access.right !== "install";
    place("login").hidden = !place("logout").hidden || !(access.installer_pin_set || access.password_set);
  } catch { /* the banner says that there is no connection */ }
}

async function logOut() {
  try {
    await ask.post("/api/v1/logout");
    location.reload();
  } catch (trouble) {
    say(trouble.message, "wrong");
  }
}

async function start() {
  begin();
  live.begin();
  const view = import(`./views/${named()}.js`).then(({ areas }) => load(areas ?? [])).catch(() => null); // show() tells
  await Promise.all([load(["common", "words", named()]), view]); // each has texts of its own name, which need not wait for it
  beginSaying(place("say"));
  text(place("skip"), t("common.skip"));
  text(place("login"), t("common.log_in"));
  text(place("logout"), t("common.log_out"));
  place("tabs").setAttribute("aria-label", t("common.tabs"));
  place("subnav").setAttribute("aria-label", t("common.subnav"));
  place("logout").addEventListener("click", logOut);
  place("skip").addEventListener("click", (event) => {
    event.preventDefault();
    place("main").focus();
  });
  document.addEventListener("accesschanged", showAccess);
  addEventListener("hashchange", show);
  await show();
  let before = live.connected;
  live.on(() => {
    if (live.connected && !before && shown.name === null) show(); // it could not be loaded while there was no connection
    before = live.connected;
    showConnection();
    showClocks();
    if (live.connected) shown.view?.update?.(live.state);
  });
  if (live.state) shown.view?.update?.(live.state);
  showConnection();
  await showAccess();
  setInterval(() => !document.hidden && live.connected && showAccess(), 10000);
}

start();
