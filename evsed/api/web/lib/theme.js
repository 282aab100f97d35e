// Which colours were chosen: light, dark, or as the device has them. theme.js, which runs before anything is painted, obeys.

export const THEMES = ["system", "light", "dark"];

export function theme() {
  try {
    const stored = localStorage.getItem("theme");
    return THEMES.includes(stored) ? stored : "system";
  } catch {
    return "system";
  }
}

// False where the browser keeps nothing: then the device decides.
export function chooseTheme(name) {
  try {
    if (name === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", name);
  } catch {
    return false;
  }
  document.dispatchEvent(new CustomEvent("themechosen"));
  return true;
}
