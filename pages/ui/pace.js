// What the clock decides, as functions of plain values (tested by themselves). clock.js begins with them.

/** Moments a second at moment `t`: `slow` at first, growing evenly to `fast` over `ramp` moments. */
export function pace({ slow, fast, ramp }, t) {
  return ramp > 0 && t < ramp ? slow * (fast / slow) ** (t / ramp) : fast;
}

/** How many moments Python should have recorded now, or 0: two seconds ahead, once less than one is left. */
export function wanted({ t, have, ended, playing, asked, hidden }, rate) {
  if (!playing || ended || asked || hidden || have - 1 - t >= rate) return 0;
  return Math.max(have, t + 1) + Math.max(2, Math.ceil(2 * rate));
}

/** Where `seconds` of playing lead: the new moment and what is left over of the next one. */
export function advance({ t, have, rest }, rate, seconds) {
  const gone = rest + rate * Math.min(seconds, 0.25); // a page that was busy does not leap
  const whole = Math.floor(gone);
  const next = Math.min(t + whole, have - 1);
  return { t: next, rest: next === t + whole ? gone - whole : 0 };
}

/** Add a chunk that begins at `first` to what is here; null if moments in between are missing. */
export function joined(here, first, chunk) {
  return first > here.length ? null : here.concat(chunk.slice(here.length - first));
}

export const AT_ONCE = { of: 1, beat: 16 };

/** In how many turns (`of`) charts beside the hero are moved: one more, three at most, where frames come late; `beat` is how many
 * milliseconds they have lately been apart, and a single late one (a chunk that has come) does not count for much. */
export function turns({ of, beat }, frame) {
  const now = beat + (Math.min(frame, 30) - beat) / 16;
  return now > 17.6 && of < 3 ? { of: of + 1, beat: 16 } : { of, beat: now };
}
