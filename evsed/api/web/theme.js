// Light or dark, before anything is painted: what the visitor has chosen, else what the device says.
(() => {
  const device = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let chosen = null;
    try { chosen = localStorage.getItem("theme"); } catch { /* no storage: the device decides */ }
    const dark = chosen === "dark" || (chosen !== "light" && device.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  };
  device.addEventListener("change", apply);
  document.addEventListener("themechosen", apply);
  apply();
})();
