// Texts on the visitor's clipboard.

// Whether it is there. Without TLS browsers have only the old way.
export async function copied(words) {
  if (navigator.clipboard && window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(words);
      return true;
    } catch { /* then the old way */ }
  }
  const field = document.createElement("textarea");
  field.className = "visually-hidden";
  field.readOnly = true;
  field.setAttribute("aria-hidden", "true");
  field.value = words;
  const before = document.activeElement;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  before?.focus();
  return done;
}
