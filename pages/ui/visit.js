// When the connection to the server is back after it was lost, ask for the whole page: Streamlit would wait for somebody to press
// something, and a server that was restarted knows nothing of this page's parts. If another visit answers then, the server was
// restarted, or another process has taken over: say what that means.

const state = () => document.querySelector("[data-test-connection-state]");

function watch(seen) {
  const look = () => {
    const connected = state()?.dataset.testConnectionState === "CONNECTED";
    if (connected && seen.lost) seen.again?.();
    seen.lost = !connected;
  };
  new MutationObserver(look).observe(state(), { attributes: true, attributeFilter: ["data-test-connection-state"] });
  return seen;
}

export default function ({ data, setTriggerValue }) {
  const seen = (window.sgdVisit ??= watch({ visit: data.visit, lost: false }));
  seen.again = () => setTriggerValue("again", true);
  if (seen.visit === data.visit) return;
  seen.visit = data.visit;
  document.querySelector(".sgd-kept")?.remove();
  const note = document.createElement("div"), button = document.createElement("button");
  note.className = "sgd-kept"; note.setAttribute("role", "status"); note.textContent = data.words;
  button.type = "button"; button.textContent = "OK"; button.onclick = () => note.remove();
  note.append(button); document.body.append(note);
}
