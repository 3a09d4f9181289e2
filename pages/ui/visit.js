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

// A part of a page that was left may still answer when the next page stands already: Streamlit's tree then breaks ("Bad delta path
// index", "Cannot set a node at a delta path"), and the page stays blank. All is in the address, so it is loaded anew; not again at
// once if that was just done.
const AGAIN = 10_000; // milliseconds since the page was loaded

function mend(words) {
  const anew = performance.getEntriesByType("navigation")[0]?.type === "reload";
  if (/delta path/i.test(words) && !(anew && performance.now() < AGAIN)) location.reload();
}

// Streamlit sends what is set within one task as one message, and if any of it belongs to a fragment, to that alone: a press on what
// stands outside, a section or a control of the sidebar, changes nothing then. Where a clock tells its moment or a field is left in
// the same task as something is pressed, the whole page is asked for, too.
let telling = false, missed = false;

function heed() {
  telling = true;
  setTimeout(() => { if (missed) window.sgdVisit?.again?.(); telling = missed = false; });
}

if (!window.sgdMends) {
  window.sgdMends = true;
  addEventListener("sgd-told", heed);
  addEventListener("focusout", heed);
  for (const name of ["click", "keydown"]) addEventListener(name, ({ target }) => { missed ||= telling && !target.closest?.(".sgd-clock"); }, true);
  addEventListener("error", (event) => mend(event.message));
  addEventListener("unhandledrejection", (event) => mend(String(event.reason)));
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
