// Brings the rows of the section's charts, and more moments of a run while it plays. It stands in a fragment of its own: nothing
// else is run again then. The clock asks by the event `sgd-ask`; each chunk is told, to the clock and to the film, by the event
// `sgd-moments`. Charts read their rows from `document.body.value`, by the name of the clock (sgd_core/charts/fed.py).

const feeds = new WeakMap();

export default function ({ parentElement, data, setStateValue }) {
  let feed = feeds.get(parentElement);
  const isNew = !feed;
  if (isNew) {
    feeds.set(parentElement, (feed = { hear: ({ detail }) => { if (detail.clock === feed.clock) feed.ask(detail); } }));
    document.addEventListener("sgd-ask", feed.hear);
  }
  Object.assign(feed, { clock: data.clock, ask: ({ clock, ...ask }) => setStateValue("ask", ask) });
  // A clock that stands already may have asked too early: nobody heard it.
  if (isNew) document.dispatchEvent(new CustomEvent("sgd-feed", { detail: { clock: data.clock } }));
  if (data.frames) hand(feed, data.frames, data.stamps);
  if (data.rows) document.dispatchEvent(new CustomEvent("sgd-moments", { detail: data }));
  return () => { document.removeEventListener("sgd-ask", feed.hear); feeds.delete(parentElement); };
}

/** A column as Python packs it: numbers of 8 bytes, or codes of 4 that say which of its values. */
export function unpacked({ numbers, codes, values }) {
  const text = atob(numbers ?? codes), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return numbers === undefined ? Array.from(new Uint32Array(bytes.buffer), (code) => values[code]) : new Float64Array(bytes.buffer);
}

/** Add the rows of each moment to a frame, column by column; they are gathered when a moment is looked at. Of a frame that says
 * which rows are `drawn`, the others are there at their moment only. */
export function withPresent(frame) {
  const places = new Map();
  frame.moment?.forEach((moment, row) => places.has(moment) ? places.get(moment).push(row) : places.set(moment, [row]));
  const pick = (rows) => Object.fromEntries(Object.entries(frame).map(([name, column]) => [name, rows.map((row) => column[row])]));
  let last = null, found = {};
  const at = (_, t) => {
    if (t !== last) [last, found] = [t, pick(places.get(Number(t)) ?? [])];
    return found;
  };
  const always = frame.drawn ? pick(Array.from(frame.drawn.keys()).filter((row) => frame.drawn[row])) : frame;
  return Object.defineProperty(always, "sgd_present", { value: new Proxy({}, { get: at }) });
}

/** Put frames where the charts read them, by the stamps of those that may, and tell the charts, if they are others than before.
 * What was given before stays for the charts of before, until they have gone. */
function hand(feed, frames, stamps) {
  const raw = JSON.stringify([frames, stamps]);
  if (raw === feed.raw) return;
  feed.raw = raw;
  const columns = (frame) => withPresent(Object.fromEntries(Object.entries(frame).map(([name, column]) => [name, unpacked(column)])));
  const rows = frames.map(columns), before = feed.given;
  feed.given = Object.fromEntries(stamps.map((stamp) => [stamp, rows]));
  document.body.value = { ...document.body.value, [feed.clock]: { ...before, ...feed.given } };
  tell(feed.clock, stamps.length);
}

/** Let each chart look at its rows; while it plays in one frame after the other, since that takes most of a frame's time. */
export function tell(clock, charts, place = 0) {
  if (place >= charts) return;
  document.body.dispatchEvent(new Event(`sgd-fed-${clock}-${place}`));
  const next = () => tell(clock, charts, place + 1);
  document.body.classList.contains("sgd-plays") ? requestAnimationFrame(next) : next();
}
