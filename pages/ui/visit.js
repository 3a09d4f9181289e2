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

function anew() {
  if (performance.getEntriesByType("navigation")[0]?.type !== "reload" || performance.now() > AGAIN) location.reload();
}

// Or what was set on a page that was left comes after the next one was asked for, and ends its run: then the old page stays, or none.
let wrong = 0; // seconds for which the page at rest has not been the address's

function look() {
  const rests = document.querySelector("[data-test-script-state=notRunning]") && state()?.dataset.testConnectionState === "CONNECTED";
  const { page, pages } = window.sgdVisit ?? {}, asked = location.pathname.split("/").pop();
  wrong = rests && page !== asked && pages?.includes(asked) ? wrong + 1 : 0;
  if (wrong > 1) anew();
}

// Streamlit sends what is set within one task as one message, and if any of it belongs to a fragment, to that alone: a press on what
// stands outside, a section or a control of the sidebar, changes nothing then. Where a clock tells its moment or a field is left in
// the same task as something is pressed, the whole page is asked for, too. (A link to another page has a message of its own.)
let telling = false, missed = false;

function heed() {
  telling = true;
  setTimeout(() => { if (missed) window.sgdVisit?.again?.(); telling = missed = false; });
}

// While the server draws a page anew, what it takes away may be gone before the rest has come. The page is shorter then for a moment,
// and whoever reads near its end is moved up and not back. So it keeps its height until it rests.
const SETTLES = 700; // milliseconds until late charts have their height
let release, drawn = location.pathname;
let scrolled = 0; // as last heard: to ask for it while the page is drawn would have it laid out at once

function hold() {
  const block = document.querySelector("[data-testid=stMainBlockContainer]");
  const runs = /^r/.test(state()?.dataset.testScriptState);
  clearTimeout(release);
  if (!runs) release = setTimeout(() => block?.style.removeProperty("min-height"), SETTLES);
  else if (location.pathname !== drawn) block?.style.removeProperty("min-height");
  else if (scrolled > 0 && block) block.style.minHeight = `${block.offsetHeight}px`;
  drawn = location.pathname;
}

if (!window.sgdMends) {
  window.sgdMends = true;
  new MutationObserver(hold).observe(state(), { attributes: true, attributeFilter: ["data-test-script-state"] });
  addEventListener("scroll", ({ target }) => { if (target.dataset?.testid === "stMain") scrolled = target.scrollTop; }, { capture: true, passive: true });
  addEventListener("sgd-told", heed);
  addEventListener("focusout", heed);
  const outside = (target) => target.closest?.("[class*='_section'], [data-testid=stSidebar]") && !target.closest("a");
  for (const name of ["click", "keydown"]) addEventListener(name, ({ target }) => { missed ||= telling && Boolean(outside(target)); }, true);
  const broke = (words) => { if (/delta path/i.test(words)) anew(); };
  addEventListener("error", (event) => broke(event.message));
  addEventListener("unhandledrejection", (event) => broke(String(event.reason)));
  setInterval(look, 1000);
}

export default function ({ data, setTriggerValue }) {
  const seen = (window.sgdVisit ??= watch({ visit: data.visit, lost: false }));
  Object.assign(seen, { page: data.page, pages: data.pages, again: () => setTriggerValue("again", true) });
  if (seen.visit === data.visit) return;
  seen.visit = data.visit;
  document.querySelector(".sgd-kept")?.remove();
  const note = document.createElement("div"), button = document.createElement("button");
  note.className = "sgd-kept"; note.setAttribute("role", "status"); note.textContent = data.words;
  button.type = "button"; button.textContent = "OK"; button.onclick = () => note.remove();
  note.append(button); document.body.append(note);
}
