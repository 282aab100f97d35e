// The settings that this view needs: limits, and which meters there are. They change seldom, and not with the state.

import { reading } from "../../lib/reading.js";

const AGAIN_MS = 30000;

// Calls `changed` when they were read. `values` is null until then. `close` ends it. What was known stays; without a
// connection the page says so.
export function watch({ ask }, changed) {
  const watched = { values: null };
  const show = (rows) => {
    watched.values = Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, row.value]));
    changed();
  };
  watched.close = reading(() => ask.get("/api/v1/settings"), show, () => {}, () => AGAIN_MS).close;
  return watched;
}
