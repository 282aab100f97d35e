// The login page: posts the password or PIN, then shows what was asked for.

const place = (id) => document.getElementById(id);

place("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ [place("kind").value]: place("secret").value });
  place("secret").value = "";
  try {
    const answer = await fetch("/api/v1/login", {
      method: "POST", body, headers: { "Content-Type": "application/json" }, signal: AbortSignal.timeout(10000),
    });
    if (!answer.ok) throw new Error((await answer.json()).detail);
    if (location.pathname === "/login") location.replace("/");
    else location.reload();
  } catch (problem) {
    place("answer").textContent = problem.message;
  }
});
