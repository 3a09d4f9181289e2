// The browser's Back button goes back one deliberate change: Streamlit writes the address of a moved widget without an entry in
// the history, and that of a value without a widget with one for each write. Here an entry is made when a person begins to
// change something else than before, or the same thing again after a pause; the moment shown by the clock makes none.
if (!window.sgdAddress) {
  const PAUSE = 1500; // milliseconds
  const replace = history.replaceState.bind(history), push = history.pushState.bind(history);
  const state = (window.sgdAddress = { key: null, time: 0, touched: false });
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, () => { state.touched = true; }, true);
  addEventListener("popstate", () => { Object.assign(state, { key: null, touched: false }); }, true);

  const write = (native) => (data, title, url) => {
    const to = new URL(url ?? location.href, location.href);
    if (to.pathname !== location.pathname) { state.touched = false; return native(data, title, url); }
    const before = new URLSearchParams(location.search);
    const keys = [...new Set([...before.keys(), ...to.searchParams.keys()])]
      .filter((key) => before.get(key) !== to.searchParams.get(key) && !key.endsWith("_at"));
    if (!keys.length || !state.touched) return replace(data, title, url);
    const key = keys.join(), now = performance.now(), goesOn = key === state.key && now - state.time < PAUSE;
    Object.assign(state, { key, time: now });
    return goesOn ? replace(data, title, url) : push(data, title, url);
  };
  history.replaceState = write(replace);
  history.pushState = write(push);
}
