// What flows where, in W: as meters say it, or from their currents. What cannot be known is null, never 0.

const VOLTS = 230; // of a meter that measures no power

const total = ({ L1, L2, L3 }) => L1 + L2 + L3;

// {watts, about} of a meter; `about`: reckoned from its currents.
function metered({ power_w: watts, currents }) {
  if (watts !== null) return { watts, about: false };
  return currents && { watts: Math.round(total(currents) * VOLTS), about: true };
}

// An open contactor is known to let nothing through, also without a meter.
const open = ({ contactor1, faults }) => contactor1 === false && !faults.some(({ code }) => code === "welded");

// Power of mains (negative: export), car, home battery (positive: it is charged), and what is left: the house, and
// where that is negative the sun.
export function flows(state) {
  const mains = metered(state.meters.mains);
  const car = metered(state.meters.ev) ?? (open(state) ? { watts: 0, about: false } : null);
  const battery = state.home_battery_a === null ? null : { watts: Math.round(state.home_battery_a * VOLTS), about: true };
  const house = mains && car && {
    watts: mains.watts - car.watts - (battery?.watts ?? 0), about: mains.about || car.about || battery !== null,
  };
  return { mains, car, battery, house };
}

// Why what a meter should measure is not known: "silent", "none", or "" when it is known.
export function trouble(meter, kind) {
  if (meter.currents !== null || meter.power_w !== null) return "";
  return kind === "Disabled" || (kind === undefined && meter.where === null && meter.age_s === null) ? "none" : "silent";
}
