// Brings more moments of a run to its clock. It stands in a fragment of its own with what moves: while a run plays, only that
// is drawn anew. The clock asks by the event `sgd-ask`; each chunk is told by the event `sgd-moments`.

const feeds = new WeakMap();

export default function ({ parentElement, data, setStateValue }) {
  let feed = feeds.get(parentElement);
  if (!feed) {
    feeds.set(parentElement, (feed = { hear: ({ detail }) => { if (detail.clock === feed.clock) feed.ask(detail); } }));
    document.addEventListener("sgd-ask", feed.hear);
  }
  Object.assign(feed, { clock: data.clock, ask: ({ clock, ...ask }) => setStateValue("ask", ask) });
  document.dispatchEvent(new CustomEvent("sgd-moments", { detail: data }));
  return () => { document.removeEventListener("sgd-ask", feed.hear); feeds.delete(parentElement); };
}
