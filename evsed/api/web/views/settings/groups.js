// In which group an owner looks for a setting, and why one does nothing as things are. Keys are those of the charger.

const CUSTOM_METER = [
  "byte_order", "data_type", "function", "voltage_register", "voltage_divisor", "current_register", "current_divisor",
  "power_register", "power_divisor", "energy_register", "energy_divisor",
];
const COLOURS = ["color_off", "color_normal", "color_smart", "color_solar", "color_custom"];

export const GROUPS = {
  charging: ["mode", "current_max", "current_min", "enable_C2", "phase_switches_per_hour", "closings_per_hour",
    "normal_without_meter", "restart_delay", "required_evccid"],
  solar: ["solar_start_current", "solar_stop_time", "solar_max_import"],
  limits: ["current_main", "current_max_sum_mains", "max_sum_mains_time", "current_max_circuit"],
  meters: ["mains_meter", "mains_meter_address", "mains_meter_host", "ev_meter", "ev_meter_address", "ev_meter_host",
    "circuit_meter", "circuit_meter_address", "circuit_meter_host", "grid", "sb2_wifi"],
  custom: CUSTOM_METER,
  charger: ["config", "lock", "cablelock", "rcmon", "switch", "temp_max", "derating", "set_up"],
  access: ["rfidreader", "login", "installer_pin", "lcd_pin", "lcdlock"],
  alerts: ["alert_mqtt", "alert_webhook"],
  light: ["led_mode", ...COLOURS],
  network: ["loadbl", "rotation_time", "mqtt_discovery", "rest_dialect"],
};

// The groups with the keys of `rows`; what no group names is in the last, so that nothing is out of reach.
export function grouped(rows) {
  const named = new Set(Object.values(GROUPS).flat());
  const others = Object.keys(rows).filter((key) => !named.has(key));
  const all = { ...GROUPS, ...(others.length && { other: others }) };
  return Object.entries(all).map(([name, keys]) => [name, keys.filter((key) => key in rows)]);
}

const OFF_THE_BUS = ["Disabled", "API", "Homewizrd", "Sensorbox"];
const NOT_ON_A_NODE = ["current_main", "current_min", "current_max_sum_mains", "max_sum_mains_time", "mains_meter", "circuit_meter",
  "mains_meter_address", "circuit_meter_address", "mains_meter_host", "circuit_meter_host", ...GROUPS.solar];

const WHY = {
  lock: (now) => now.config === "Fixed" && "socket",
  cablelock: (now) => now.config === "Fixed" && "socket",
  grid: (now) => now.mains_meter !== "Sensorbox" && "sensorbox",
  sb2_wifi: (now) => now.mains_meter !== "Sensorbox" && "sensorbox",
  current_max_circuit: (now) => now.loadbl !== "Master" && now.circuit_meter === "Disabled" && "circuit",
  current_main: (now) => now.mains_meter === "Disabled" && "mains_meter",
  current_min: (now) => now.mains_meter === "Disabled" && "mains_meter",
  normal_without_meter: (now) => now.mains_meter === "Disabled" && "mains_meter",
  current_max_sum_mains: (now) => (now.mains_meter === "Disabled" ? "mains_meter" : now.mode === "Normal" && "smart"),
  max_sum_mains_time: (now, rows) => now.current_max_sum_mains === rows.current_max_sum_mains.maximum && "sum",
  phase_switches_per_hour: (now) => now.enable_C2 !== "Auto" && "automatic",
  rotation_time: (now) => now.loadbl === "Disabled" && "sharing",
  color_normal: (now) => now.led_mode === "Public" && "public",
  color_smart: (now) => now.led_mode === "Public" && "public",
  color_solar: (now) => now.led_mode === "Public" && "public",
};
for (const key of GROUPS.solar) WHY[key] = (now) => now.mode !== "Solar" && "solar";
for (const key of CUSTOM_METER) {
  WHY[key] = (now) => ![now.mains_meter, now.ev_meter, now.circuit_meter].includes("Custom") && "custom";
}
for (const meter of ["mains_meter", "ev_meter", "circuit_meter"]) {
  WHY[`${meter}_address`] = (now) => OFF_THE_BUS.includes(now[meter]) && "address";
  WHY[`${meter}_host`] = (now) => now[meter] !== "Homewizrd" && "host";
}

// The code of why `key` does nothing as `rows` are, or why only the LCD hides it; null: neither.
export function idle(key, rows) {
  const now = Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, row.value]));
  if (NOT_ON_A_NODE.includes(key) && String(now.loadbl).startsWith("Node")) return "node";
  return WHY[key]?.(now, rows) || (rows[key].lcd_name && !rows[key].shown ? "lcd" : null);
}
