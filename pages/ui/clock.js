// The clock of a section: it holds the moment shown, `t`, and moves everything that shows it.
//
// Python sends moments (their numbers as text) in chunks; each chart has the parameter `t` bound to a range input, which
// the clock writes, and its rows by feed.js; the film (film.js) hears of `t` by an event. Python hears in three cases only:
//   ask    while it plays and less than a second of recorded moments is left ahead (by way of feed.js),
//   place  when it has come to rest at another moment, or an axis has to be drawn anew,
//   act    when one of the section's own buttons is pressed.

const ICON = {
  play: "M8 5v14l11-7z", pause: "M6 5h4v14H6zM14 5h4v14h-4z", back: "M6 5h2.5v14H6zM20 5v14L9.5 12z",
  step: "M15.5 5H18v14h-2.5zM4 5v14l10.5-7z", end: "M4 5v14l8-7zM12 5v14l8-7z",
  reset: "M12 5V1L7 6l5 5V7a6 6 0 1 1-6 6H4a8 8 0 1 0 8-8z",
};
const icon = (name) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICON[name]}"/></svg>`;

const clocks = new WeakMap();
// The clock that moves the charts: the newest. Where a section gives way to another, both stand on the page for a moment; two
// that wrote their moments into the same charts would answer each other for ever, and the page would stand still.
let current = null;
// How often Python has put each clock somewhere, as far as it was heard; a clock that is drawn anew goes on with that.
const jumps = new Map();

export default function (component) {
  const { parentElement } = component;
  let clock = clocks.get(parentElement);
  if (!clock) clocks.set(parentElement, (clock = new Clock(parentElement.querySelector(".sgd-clock"))));
  clock.receive(component.data, component);
  return () => { clock.end(); clocks.delete(parentElement); };
}

class Clock {
  constructor(root) {
    this.root = root; current = this;
    this.run = null; this.rows = []; this.t = 0; this.rest = 0; this.playing = false; this.want = 0; this.turn = 0; this.turns = AT_ONCE; this.pressed = -1000;
    this.find = (selector) => root.querySelector(selector);
    this.listeners = new AbortController();
    const on = (target, name, act, more) => target.addEventListener(name, act, { signal: this.listeners.signal, ...more });
    const does = {
      play: () => this.toggle(), back: () => this.go(this.t - 1), step: () => this.step(),
      end: () => this.go(this.rows.length - 1), reset: () => this.reset(), stop: () => this.toStop(),
    };
    root.querySelectorAll("[data-does]").forEach((button) => {
      on(button, "click", does[button.dataset.does]);
      if (!["play", "step", "stop"].includes(button.dataset.does)) button.innerHTML = icon(button.dataset.does);
    });
    const scrub = this.find(".scrub");
    on(scrub, "input", () => { this.playing = false; this.show(Math.min(+scrub.value, this.rows.length - 1)); });
    on(scrub, "change", () => this.settle());
    on(document, "keydown", (event) => this.key(event));
    for (const name of ["pointerup", "keydown"]) on(document, name, ({ target }) => { if (!root.contains(target)) this.pressed = performance.now(); }, { capture: true });
    // Who goes to another section at once has still come to rest here: that is told before the press is.
    on(document, "pointerdown", ({ target }) => { if (!root.contains(target)) this.report(); }, { capture: true });
    on(document, "visibilitychange", () => { this.before = null; });
    on(document, "sgd-hello", () => this.tell());
    on(document, "sgd-feed", ({ detail }) => { if (detail.clock === this.data?.clock) this.sent = null; });
    on(document, "sgd-moments", ({ detail }) => this.more(detail));
    // Charts come and go with each change of a setting: one that is new must show the present moment too.
    this.observer = new MutationObserver(() => this.move());
    this.observer.observe(document.body, { childList: true, subtree: true });
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.frame = requestAnimationFrame(this.tick = this.tick.bind(this));
  }

  end() { cancelAnimationFrame(this.frame); this.listeners.abort(); this.observer.disconnect(); clearTimeout(this.timer); }

  /** Take what Python has sent: another run, or more moments of this one. */
  receive(data, { setStateValue, setTriggerValue }) {
    this.data = data; this.setState = setStateValue; this.setTrigger = setTriggerValue;
    const other = this.run !== data.run;
    if (other) { this.run = data.run; this.rows = []; this.stops = new Set(); this.rest = 0; if (!data.keep) this.playing = false; }
    if (this.join(data)) this.begin(other);
  }

  /** Show what has been received. */
  begin(other, data = this.data) {
    // Another run goes on where the one before stood, unless Python says where to go.
    const heard = jumps.get(data.clock), jumped = heard !== data.jump;
    if (this.place === undefined || jumped || (other && !data.keep)) this.t = data.at;
    if (jumped && data.play && heard !== undefined) { this.playing = true; this.before = null; }
    jumps.set(data.clock, data.jump);
    Object.assign(this, { place: data.at, shown: null });
    this.furnish();
    this.show(Math.max(0, Math.min(this.t, this.rows.length - 1)));
    if (!this.playing && this.t !== this.place) this.settle();
  }

  /** Add a chunk to the moments that are here; if some in between are missing (the section is opened again), ask for them. */
  join({ first, rows, stops }) {
    const all = joined(this.rows, first, rows);
    if (!all) { this.lacks = true; this.ask(this.rows.length + 1); return false; }
    for (const stop of stops ?? []) this.stops.add(stop);
    this.rows = all; this.ask(0);
    return true;
  }

  /** Take more moments of the run that is played. */
  more({ clock, run, ended, last, redraw, ...chunk }) {
    if (clock !== this.data?.clock || run !== this.run || !this.join(chunk)) return;
    Object.assign(this.data, { ended, last });
    if (this.lacks) { this.lacks = false; this.begin(true); } else this.show(this.t);
    if (redraw) this.setState("place", { run, at: this.t, when: performance.now() });
  }

  get last() { return Math.max(this.data.ended ? 0 : this.data.last, this.rows.length - 1); }
  get atEnd() { return this.data.ended && this.t >= this.rows.length - 1; }

  /** Draw what changes with the settings only: speeds, the section's own buttons, the names of the numbers. */
  furnish() {
    const { data } = this, wish = JSON.stringify([data.speeds, data.actions, data.columns]);
    this.find("[data-does=step]").innerHTML = `${icon("step")} ${data.words.step}`;
    Object.assign(this.find("[data-does=stop]"), { hidden: !data.stops, textContent: data.words.stop });
    if (wish === this.furnished) return;
    this.furnished = wish;
    const speeds = this.find(".speeds"), actions = this.find(".actions"), numbers = this.find(".numbers");
    speeds.replaceChildren(...data.speeds.map((speed) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: speed.name });
      button.setAttribute("role", "radio");
      button.onclick = () => { this.speed = speed.name; this.rest = 0; this.markSpeed(); };
      return button;
    }));
    if (!data.speeds.some((speed) => speed.name === this.speed)) this.speed = data.speed;
    this.markSpeed();
    actions.replaceChildren(...data.actions.map(([name, label, help]) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: label, title: help });
      button.dataset.action = name;
      // A place that is still to be told goes with it: told after it, it would end the run that answers the press.
      button.onclick = () => { this.playing = false; this.face(); this.report(); this.setTrigger("act", { name, run: this.run, at: this.t }); };
      return button;
    }));
    numbers.replaceChildren(...data.columns.map((name) => {
      const cell = document.createElement("div"), small = document.createElement("small"), value = document.createElement("b");
      small.textContent = name; cell.append(small, value); return cell;
    }));
  }

  markSpeed() {
    for (const button of this.find(".speeds").children) button.setAttribute("aria-checked", String(button.textContent === this.speed));
  }

  /** Play on to the next stop, and rest there. */
  toStop() {
    if (!this.atEnd) { this.playing = this.stopping = true; this.before = null; this.face(); }
  }

  toggle() {
    this.stopping = false;
    if (this.playing) { this.playing = false; return this.settle(); }
    if (this.atEnd) { this.t = 0; this.rest = 0; this.show(0); }
    this.playing = true; this.before = null; clearTimeout(this.timer); this.face();
  }

  step() {
    this.playing = this.stopping = false;
    if (this.t + 1 < this.rows.length) this.go(this.t + 1);
    else if (!this.data.ended) { this.stepping = true; this.face(); this.ask(this.rows.length + 1); }
  }

  go(t) { this.playing = false; this.show(Math.max(0, Math.min(t, this.rows.length - 1))); this.settle(); }

  reset() {
    if (this.data.restart) this.setTrigger("act", { name: "reset", run: this.run, at: this.t });
    this.go(0);
  }

  key(event) {
    const inside = this.root.contains(event.target);
    if ((!inside && document.activeElement !== document.body) || event.ctrlKey || event.metaKey || event.altKey) return;
    const range = event.target.type === "range", button = event.target.tagName === "BUTTON";
    const acts = { ArrowRight: () => this.step(), ArrowLeft: () => this.go(this.t - 1), Home: () => this.go(0), End: () => this.go(this.rows.length - 1) };
    if (event.key === " " && !button) { event.preventDefault(); this.toggle(); }
    else if (acts[event.key] && !range) { event.preventDefault(); acts[event.key](); }
  }

  tick(now) {
    this.frame = requestAnimationFrame(this.tick);
    this.turn += 1;
    this.say(now);
    if (!this.data || !this.playing || document.hidden) { this.before = now; return; }
    this.turns = this.before == null ? AT_ONCE : turns(this.turns, now - this.before);
    const seconds = (now - (this.before ??= now)) / 1000;
    let moved = false;
    const speed = this.data.speeds.find((one) => one.name === this.speed), rate = pace(speed, this.t);
    const hold = this.still.matches ? 1 : 0; // reduced motion: one still picture a second
    if (seconds >= hold) {
      this.before = now;
      const next = advance({ ...this.ahead(), rest: this.rest }, hold ? Math.max(rate, this.last / 12) * 4 : rate, hold ? 0.25 : seconds);
      this.rest = next.rest;
      let stop = this.t + 1;
      while (this.stopping && stop < next.t && !this.stops.has(stop)) stop += 1;
      moved = next.t !== this.t; // a stop that it begins at is none
      if (moved) this.show(this.stopping ? Math.min(stop, next.t) : next.t);
      if (moved && this.stopping && this.stops.has(this.t)) { this.stopping = this.playing = false; this.settle(); return; }
      if (this.atEnd) { this.playing = false; this.settle(); return; }
    }
    if (!moved) this.move(); // charts whose turn it was not when the moment came
    const want = wanted({ ...this.ahead(), playing: this.playing, asked: this.want > 0, hidden: document.hidden }, rate);
    if (want) this.ask(want);
  }

  ahead() { return { t: this.t, have: this.rows.length, ended: this.data.ended }; }

  ask(want) { Object.assign(this, { want, sent: null }); }

  /** Whether Python is at work, or about to be: what is told to it meanwhile still holds the settings that it will replace. */
  get busy() {
    return performance.now() - this.pressed < 300 || /^r/.test(document.querySelector("[data-test-script-state]")?.dataset.testScriptState);
  }

  /** Tell Python what is asked for, as soon as it listens, and again if that was lost. */
  say(now) {
    if (!this.want || document.hidden) return;
    if (this.busy) { if (this.sent) this.sent = now; return; }
    if (this.sent && now - this.sent < 1000) return;
    this.sent = now;
    const at = this.place === undefined ? this.data.at : this.t, { run, want } = this, have = this.rows.length;
    document.dispatchEvent(new CustomEvent("sgd-ask", { detail: { clock: this.data.clock, run, have, want, at, when: now } }));
    dispatchEvent(new Event("sgd-told"));
  }

  /** Show moment `t` everywhere. */
  show(t) {
    if (this.stepping && t + 1 < this.rows.length) { this.stepping = false; t += 1; this.t = t; this.settle(); }
    this.t = t;
    if (this.shown !== t) { this.shown = t; this.write(); }
    this.move(); this.tell(); this.face();
  }

  write() {
    const row = this.rows[this.t] ?? [], cells = this.find(".numbers").children;
    for (let i = 0; i < cells.length; i++) cells[i].lastChild.textContent = row[i] ?? "";
    const card = this.find(".card"), note = row[cells.length];
    card.hidden = !this.data.card;
    const [tone, name, reason] = note ?? ["#7f8ba0", "", ""], bold = document.createElement("b");
    bold.textContent = name && `${name}. `; card.replaceChildren(bold, reason); card.title = reason;
    card.style.setProperty("--tone", tone);
  }

  /** Write the moment into each chart's range input; while it plays the hero has every frame; charts beside it take turns. */
  move() {
    if (!this.data || current !== this) return;
    const first = document.querySelector(".sgd-film") ? 0 : 1, { of } = this.turns;
    for (const [place, input] of document.querySelectorAll(".vega-bind input[name=t]").entries()) {
      if (input.sgdMoment === this.t || (this.playing && place >= first && place % of !== this.turn % of)) continue;
      input.sgdMoment = this.t; input.value = this.t;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  tell() { if (current === this) document.dispatchEvent(new CustomEvent("sgd-moment", { detail: { t: this.t, playing: this.playing, run: this.run } })); }

  face() {
    const { root, data } = this, scrub = this.find(".scrub"), play = this.find(".play");
    Object.assign(root.dataset, { moment: this.t, last: this.last, playing: this.playing, recorded: this.rows.length });
    document.body.classList.toggle("sgd-plays", this.playing); // what speaks of the moment at rest stands back
    scrub.max = this.last; scrub.value = this.t; scrub.style.setProperty("--done", `${(100 * this.t) / (this.last || 1)}%`);
    if (!this.playing) scrub.setAttribute("aria-valuetext", this.spoken()); // a screen reader speaks at rest
    const word = this.playing ? "Pause" : this.atEnd && this.last > 0 ? data.words.again : data.words.play;
    if (play.dataset.word !== word) { play.dataset.word = word; play.innerHTML = `${icon(this.playing ? "pause" : "play")} ${word}`; }
    this.find("[data-does=back]").disabled = this.t === 0;
    this.find("[data-does=end]").disabled = this.t >= this.rows.length - 1;
    this.find("[data-does=step]").disabled = this.find("[data-does=stop]").disabled = this.atEnd;
    this.find("[data-does=reset]").disabled = this.t === 0 && !data.restart;
  }

  spoken() { return this.data.columns.map((name, i) => `${name} ${(this.rows[this.t] ?? [])[i] ?? ""}`).join(", "); }

  /** At rest: say the numbers once, and tell Python where the clock stands, a moment after the last key press. */
  settle() {
    this.face(); this.tell(); clearTimeout(this.timer);
    this.timer = setTimeout(() => this.busy ? this.settle() : this.report(), 120);
  }

  report() {
    if (!this.timer || this.playing) return;
    clearTimeout(this.timer); this.timer = null;
    this.find(".said").textContent = this.spoken();
    if (this.place !== this.t) { this.place = this.t; this.setState("place", { run: this.run, at: this.t }); dispatchEvent(new Event("sgd-told")); }
  }
}
