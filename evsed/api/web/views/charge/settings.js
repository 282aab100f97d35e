// The settings that this view needs: limits, and which meters there are. They change seldom, and not with the state.

const AGAIN_MS = 30000;

// Calls `changed` when they were read. `values` is null until then. `close` ends it.
export function watch({ ask, live }, changed) {
  const watched = { values: null };
  let ended = false;
  const read = async () => {
    try {
      const rows = await ask.get("/api/v1/settings");
      if (ended) return;
      watched.values = Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, row.value]));
      changed();
    } catch { /* what was known stays; without a connection the page says so */ }
  };
  let connected = live.connected;
  const back = live.on(() => {
    if (live.connected && !connected) read();
    connected = live.connected;
  });
  const again = setInterval(() => !document.hidden && live.connected && read(), AGAIN_MS);
  watched.close = () => {
    ended = true;
    clearInterval(again);
    back();
  };
  read();
  return watched;
}
