// Maps of pixels in motion: draws the maps of the clock's moment on a canvas, and a readout under the pointer.
//
// A map is one byte a pixel, a colour index: 0 is -limit, 127 and 128 are zero, 255 is +limit. At rest the same maps stand as
// an Altair chart in exactly the same place; while the clock shows another moment that chart is hidden (data-moving).

const films = new WeakMap();

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  let film = films.get(parentElement);
  if (!film) films.set(parentElement, (film = new Film(parentElement.querySelector("canvas"))));
  film.receive(data, setStateValue);
  return () => { film.end(); films.delete(parentElement); };
}

/** The 256 colours between the stops of the palette, as ABGR words for a canvas. */
export function colours(stops) {
  const rgb = stops.map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  return Uint32Array.from({ length: 256 }, (_, code) => {
    const place = (code / 255) * (rgb.length - 1), low = Math.min(Math.floor(place), rgb.length - 2), part = place - low;
    const [r, g, b] = [0, 1, 2].map((i) => Math.round(rgb[low][i] + part * (rgb[low + 1][i] - rgb[low][i])));
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
}

class Film {
  constructor(canvas) {
    this.canvas = canvas; this.context = canvas.getContext("2d"); this.moments = []; this.t = 0; this.playing = false;
    this.readout = canvas.parentElement.querySelector(".readout");
    this.container = canvas.closest("[class*='_filmbox']");
    this.captions = canvas.parentElement.querySelector(".captions");
    this.listeners = new AbortController();
    const signal = { signal: this.listeners.signal };
    document.addEventListener("sgd-moment", (event) => { Object.assign(this, { t: event.detail.t, playing: event.detail.playing }); this.show(); }, signal);
    document.addEventListener("sgd-moments", ({ detail }) => { if (detail.film?.film === this.film) this.take(detail.film); }, signal);
    canvas.addEventListener("pointermove", (event) => this.read(event), signal);
    canvas.addEventListener("pointerleave", () => { this.readout.textContent = ""; }, signal);
  }

  end() { this.listeners.abort(); }

  receive(data, setStateValue) {
    if (this.film !== data.film) { this.film = data.film; this.moments = []; }
    this.setState = setStateValue;
    if (!this.take(data)) return;
    const { shape } = data;
    const look = JSON.stringify([shape, data.palette]);
    if (look !== this.look) { this.look = look; this.shape = shape; this.prepare(data.palette); }
    this.still = data.still; this.drawn = -1;
    // The chart of the resting moment needs a moment of its own to be drawn, unless it stays as it is.
    const { maps, limits } = this.moments[Math.min(data.still, this.moments.length - 1)], rests = `${look}${limits}${maps}`;
    if (rests !== this.rests) {
      this.rests = rests; this.ready = false;
      clearTimeout(this.timer); this.timer = setTimeout(() => { this.ready = true; this.show(); }, 400);
    }
    document.dispatchEvent(new CustomEvent("sgd-hello"));
    this.show();
  }

  /** Take more moments; if some in between are missing (the page is new), ask for them. */
  take({ film, first, maps, limits, shape }) {
    if (first > this.moments.length) { this.setState("missing", { film, have: this.moments.length }); return false; }
    const bytes = Uint8Array.from(atob(maps), (letter) => letter.charCodeAt(0)), pixels = shape.tiles.length * shape.height * shape.width;
    for (let i = this.moments.length - first; i * pixels < bytes.length; i++) {
      this.moments.push({ maps: bytes.subarray(i * pixels, (i + 1) * pixels), limits: limits[i] });
    }
    return true;
  }

  prepare(palette) {
    const { width, height, size } = this.shape, dpr = Math.max(1, Math.round(devicePixelRatio || 1));
    this.barred = null; this.canvas.width = size[0] * dpr; this.canvas.height = size[1] * dpr;
    this.canvas.style.width = `${size[0]}px`; this.canvas.style.aspectRatio = `${size[0]} / ${size[1]}`;
    this.context.setTransform(dpr, 0, 0, dpr, 0, 0);
    this.lut = colours(palette); this.strip = null;
    this.map = new OffscreenCanvas(width, height); this.mapContext = this.map.getContext("2d");
    this.image = this.mapContext.createImageData(width, height); this.words = new Uint32Array(this.image.data.buffer);
    this.captions.style.width = `${size[0]}px`; this.captions.style.aspectRatio = `${size[0]} / ${size[1]}`;
    this.captions.replaceChildren(...this.shape.tiles.map((tile) => {
      const words = document.createElement("span");
      Object.assign(words.style, { left: `${(100 * tile.x) / size[0]}%`, top: `${(100 * tile.y) / size[1]}%`, fontSize: `${tile.font}px` });
      return words;
    }));
  }

  show() {
    if (!this.shape || !this.moments.length) return;
    const t = Math.min(this.t, this.moments.length - 1), resting = this.ready && !this.playing && this.still === this.t;
    if (this.container) this.container.dataset.moving = String(!resting);
    if (t !== this.drawn) this.draw(t);
  }

  draw(t) {
    this.drawn = t; this.canvas.dataset.moment = t;
    const { width, height, tiles, size } = this.shape, { maps, limits } = this.moments[t], context = this.context;
    // While it plays the bar stays as it is until its limit is another one; at rest the theme may have changed.
    const { bar } = this.shape, same = bar && this.playing && this.barred === limits[0];
    context.clearRect(0, 0, same ? bar.x - 1 : size[0], size[1]);
    context.imageSmoothingEnabled = false;
    tiles.forEach((tile, place) => {
      const base = place * width * height;
      for (let i = 0; i < width * height; i++) this.words[i] = this.lut[maps[base + i]];
      this.mapContext.putImageData(this.image, 0, 0);
      context.drawImage(this.map, tile.x, tile.y, tile.w, tile.h);
      context.strokeStyle = "#7f8ba0b3"; context.lineWidth = 0.75; context.strokeRect(tile.x, tile.y, tile.w, tile.h);
      const words = tile.caption.replace("{limit}", limits[tile.group]), caption = this.captions.children[place];
      if (caption.textContent !== words) caption.textContent = words;
    });
    if (bar && !same) this.drawBar(bar, limits[0]);
  }

  /** The colour scale, one pixel wide and a pixel a colour: painted once. */
  get scale() {
    if (!this.strip) {
      this.strip = new OffscreenCanvas(1, 256);
      const context = this.strip.getContext("2d"), image = context.createImageData(1, 256), words = new Uint32Array(image.data.buffer);
      for (let i = 0; i < 256; i++) words[i] = this.lut[255 - i];
      context.putImageData(image, 0, 0);
    }
    return this.strip;
  }

  /** The colour scale with its two ends and zero, beside the maps. */
  drawBar({ x, y, w, h }, limit) {
    const context = this.context;
    this.barred = limit;
    context.drawImage(this.scale, x, y, w, h);
    context.strokeRect(x, y, w, h);
    if (!this.playing || !this.ink) { // asking for the style costs more than the bar; the theme may change at rest
      const style = getComputedStyle(this.canvas);
      this.ink = style.color; this.font = `12px ${style.fontFamily}`;
    }
    context.fillStyle = this.ink; context.font = this.font;
    [[`+${limit}`, 10], ["0", h / 2 + 4], [`−${limit}`, h - 2]].forEach(([words, down]) => context.fillText(words, x + w + 4, y + down));
  }

  /** Say the value of the pixel under the pointer, as finely as its colour tells. */
  read(event) {
    if (!this.moments.length) return;
    const box = this.canvas.getBoundingClientRect(), { width, height, tiles, size } = this.shape;
    const x = ((event.clientX - box.left) / box.width) * size[0], y = ((event.clientY - box.top) / box.height) * size[1];
    const place = tiles.findIndex((tile) => x >= tile.x && x < tile.x + tile.w && y >= tile.y && y < tile.y + tile.h);
    if (place < 0) { this.readout.textContent = ""; return; }
    const tile = tiles[place], column = Math.floor(((x - tile.x) / tile.w) * width), row = Math.floor(((y - tile.y) / tile.h) * height);
    const { maps, limits } = this.moments[this.drawn], code = maps[place * width * height + row * width + column];
    const value = (code / 127.5 - 1) * parseFloat(limits[tile.group]);
    const shown = Math.abs(code - 127.5) < 1 ? "0" : value.toPrecision(2).replace("-", "−");
    this.readout.textContent = `row ${row}, column ${column}: about ${shown}`;
  }
}
