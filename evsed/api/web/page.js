// The status page: reads /api/v1/state once a second, posts the mode to /settings. What is not known shows "unknown".

const place = (id) => document.getElementById(id);
const show = (id, text) => { place(id).textContent = text; };
const known = (value, text) => (value === null || value === undefined ? "unknown" : text(value));

function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${String(minutes).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
}

function showCurrents(row, currents) {
  for (const phase of ["L1", "L2", "L3"]) {
    show(`${row}-${phase}`, known(currents, (amps) => `${amps[phase].toFixed(1)} A`));
  }
}

// A node's meters are read by its master.
function showHealth(id, meter, node) {
  if (node && meter.where === null) {
    show(id, meter.currents === null ? "no values" : "values arrive");
  } else if (meter.where === null) {
    show(id, meter.age_s === null ? "none" : "values are posted");
  } else {
    show(id, meter.answering ? `${meter.where}: answers` : `${meter.where}: ${meter.last_error}`);
  }
}

function row(name, ...texts) {
  const line = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  line.append(head, ...texts.map((text) => {
    const cell = document.createElement("td");
    cell.textContent = text;
    return cell;
  }));
  return line;
}

// A master shows its nodes, and itself among them.
function showChargers(chargers) {
  place("group").hidden = chargers.length < 2;
  place("chargers").replaceChildren(...chargers.map((charger) => row(
    charger.charger === 0 ? "Master" : `Node ${charger.charger}`,
    charger.state_text,
    charger.offer_a ? `${charger.offer_a.toFixed(1)} A` : "nothing",
  )));
}

// What nobody but a person can know is to be looked at.
function showSteps(steps) {
  place("setup").hidden = steps.length === 0;
  place("steps").replaceChildren(...steps.map((step) => {
    const item = document.createElement("li");
    item.dataset.done = known(step.done, (done) => (done ? "done" : "not yet"));
    item.textContent = `${step.text} (${step.done === null ? "to be looked at" : item.dataset.done})`;
    return item;
  }));
}

function showState(state) {
  show("state", state.state_text);
  const reason = state.not_charging;
  const wait = reason && reason.seconds_left ? ` (${clock(reason.seconds_left)})` : "";
  show("reason", reason ? `${reason.text}${wait}` : "");
  showSteps(state.set_up?.steps ?? []);
  place("error").hidden = state.error_id === 0;
  show("error", state.error);
  for (const button of document.querySelectorAll("#modes button")) {
    button.setAttribute("aria-pressed", String(button.dataset.name === state.mode));
  }
  showCurrents("mains", state.meters.mains.currents);
  showCurrents("ev", state.meters.ev.currents);
  show("offer", state.offer_a ? `${state.offer_a.toFixed(1)} A on ${state.phases} phase${state.phases > 1 ? "s" : ""}` : "nothing");
  show("limit", state.limited_by === "outside limit" && state.outside_limit.seconds_left
    ? `outside limit (${clock(state.outside_limit.seconds_left)})` : state.limited_by ?? "");
  show("charged", known(state.charged_wh, (energy) => `${(energy / 1000).toFixed(1)} kWh`));
  show("pilot", known(state.pilot.high_v, (volts) => `${volts.toFixed(1)} V, ${state.pilot.duty_percent.toFixed(1)} %`));
  const welded = state.faults.some((fault) => fault.code === "welded");
  show("contactor", welded ? "does not open" : known(state.contactor1, (closed) => (closed ? "closed" : "open")));
  show("temperature", known(state.temperature_c, (degrees) => `${degrees} °C`));
  const node = state.power_share.startsWith("Node");
  showHealth("mains-health", state.meters.mains, node);
  showHealth("ev-health", state.meters.ev, node);
  show("share", state.power_share);
  showChargers(state.chargers);
}

// Whoever is not let in any more is shown where to log in, at the address that he is at.
async function ask(path, options, wait) {
  const answer = await fetch(path, { ...options, signal: AbortSignal.timeout(wait) });
  if (answer.status !== 401) return answer;
  location.reload();
  return new Promise(() => {}); // nothing is said any more of what was shown
}

// With login Off an owner who is logged in may as much as anybody: there is nothing to leave.
async function showAccess() {
  try {
    const answer = await ask("/api/v1/access", {}, 3000);
    if (answer.ok) {
      const access = await answer.json();
      place("logout").hidden = access.login === "Off" && access.right !== "install";
      place("login").hidden = !place("logout").hidden;
    }
  } catch { /* refresh says that there is no connection */ }
  setTimeout(showAccess, 10000);
}

async function refresh() {
  try {
    const answer = await ask("/api/v1/state", {}, 3000);
    if (!answer.ok) throw new Error(`answer ${answer.status}`);
    showState(await answer.json());
    document.body.classList.remove("stale");
    show("link", "live");
  } catch (problem) {
    document.body.classList.add("stale");
    show("link", `no connection to the charger (${problem.message}); what is shown is old`);
  }
  setTimeout(refresh, 1000);
}

place("modes").addEventListener("click", async (event) => {
  const mode = event.target.dataset?.mode;
  if (mode === undefined) return;
  try {
    const answer = await ask(`/settings?mode=${mode}`, { method: "POST" }, 5000);
    const echo = await answer.json();
    show("answer", echo.mode === mode ? "" : `${event.target.textContent}: ${echo.mode ?? echo.detail}`);
  } catch (problem) {
    show("answer", `not done: ${problem.message}`);
  }
});

place("logout").addEventListener("click", async () => {
  try {
    await ask("/api/v1/logout", { method: "POST" }, 5000);
    location.reload();
  } catch (problem) {
    show("answer", `not logged out: ${problem.message}`);
  }
});

refresh();
showAccess();
