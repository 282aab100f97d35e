// Texts in the visitor's language. Owns which language that is; the texts are in /web/locale, a folder a language.

// As in locale/languages.json, for which no page has to wait.
const NAMES = { en: "English", nl: "Nederlands", de: "Deutsch" };
const AGAIN_MS = 2000;
const texts = new Map();
const fetched = new Map();
let chosen = "en";

const stored = () => {
  try { return localStorage.getItem("language"); } catch { return null; }
};

// Without its texts nothing can be shown, not even why: while nobody answers, or the charger cannot, it is asked again.
// null: there is no such file, or it is not given.
async function json(path) {
  for (;;) {
    try {
      const answer = await fetch(path);
      if (answer.ok) return await answer.json();
      if (answer.status < 500) return null;
    } catch { /* it is asked again */ }
    await new Promise((later) => { setTimeout(later, AGAIN_MS); });
  }
}

async function read(area) {
  const languages = chosen === "en" ? ["en"] : ["en", chosen]; // what is not translated yet is said in English
  const found = await Promise.all(languages.map((language) => json(`/web/locale/${language}/${area}.json`)));
  for (const [key, value] of Object.entries(Object.assign({}, ...found))) texts.set(`${area}.${key}`, value);
  if (found.includes(null)) fetched.delete(area); // the next view that needs it asks again
}

// Chooses the language: the visitor's own choice, else the first of the browser's that there is, else English.
export function begin() {
  const wanted = [stored(), ...navigator.languages.map((language) => language.split("-")[0])];
  chosen = wanted.find((language) => language && Object.hasOwn(NAMES, language)) ?? "en";
  document.documentElement.lang = chosen;
}

export const language = () => chosen;

// The same as the visitor's region writes numbers and dates, such as "en-GB" where the page is English.
export const region = () => navigator.languages.find((one) => one.split("-")[0] === chosen) ?? chosen;

export const languages = () => NAMES;

// The page begins anew in this language.
export function choose(name) {
  try { localStorage.setItem("language", name); } catch { /* then for this visit only the browser decides */ }
  location.reload();
}

// Reads these areas once: "charge" is /web/locale/<language>/charge.json.
export const load = (areas) => Promise.all(areas.map((area) => {
  if (!fetched.has(area)) fetched.set(area, read(area));
  return fetched.get(area);
}));

// The text of "area.key" with each {name} put in; the key itself where there is none.
export function t(key, values = {}) {
  const found = texts.get(key) ?? key;
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

// All ["area.key", text] that were read.
export const allTexts = () => [...texts];

// What a code of the charger's means, such as word("reason", "no_car", "No car connected"): English is its own.
export const word = (kind, code, english, area = "words") => texts.get(`${area}.${kind}.${code}`) ?? english;
