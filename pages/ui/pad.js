// A sheet to draw on with mouse, finger or pen. Python hears of the ink when a stroke ends; an image that Python sends
// (with a new `revision`) replaces what stands on the sheet.

const pads = new WeakMap();
const SIDE = 112; // pixels of the ink that Python gets, each a byte: 0 paper, 255 ink

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  let pad = pads.get(parentElement);
  if (!pad) pads.set(parentElement, (pad = new Pad(parentElement.querySelector("canvas"))));
  pad.receive(data, setStateValue);
  return () => { pad.listeners.abort(); pads.delete(parentElement); };
}

class Pad {
  constructor(canvas) {
    this.canvas = canvas; this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.listeners = new AbortController();
    const on = (name, act) => canvas.addEventListener(name, act, { signal: this.listeners.signal });
    on("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); this.last = this.at(event); this.line(this.last); });
    on("pointermove", (event) => { if (this.last) this.line(this.at(event)); });
    for (const name of ["pointerup", "pointercancel"]) on(name, () => { if (this.last) { this.last = null; this.send(); } });
    this.clear();
  }

  receive(data, setState) {
    this.setState = setState; this.canvas.setAttribute("aria-label", data.label);
    if (this.revision === data.revision) return;
    this.revision = data.revision; this.clear();
    if (!data.image) return;
    const bytes = Uint8Array.from(atob(data.image), (letter) => letter.charCodeAt(0)), { width, height } = data;
    const small = new OffscreenCanvas(width, height), pixels = new ImageData(width, height);
    bytes.forEach((ink, i) => pixels.data.set([255 - ink, 255 - ink, 255 - ink, 255], 4 * i));
    small.getContext("2d").putImageData(pixels, 0, 0);
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(small, 0, 0, this.canvas.width, this.canvas.height);
  }

  clear() { this.context.fillStyle = "#fff"; this.context.fillRect(0, 0, this.canvas.width, this.canvas.height); }

  at(event) {
    const box = this.canvas.getBoundingClientRect(), scale = this.canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  line(to) {
    const { context } = this;
    Object.assign(context, { lineWidth: 22, lineCap: "round", lineJoin: "round", strokeStyle: "#000" });
    context.beginPath(); context.moveTo(...this.last); context.lineTo(to[0] + 0.01, to[1]); context.stroke();
    this.last = to;
  }

  send() {
    const small = new OffscreenCanvas(SIDE, SIDE), context = small.getContext("2d");
    context.drawImage(this.canvas, 0, 0, SIDE, SIDE);
    const { data } = context.getImageData(0, 0, SIDE, SIDE);
    const ink = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => 255 - data[4 * i]);
    let text = "";
    for (const byte of ink) text += String.fromCharCode(byte);
    this.setState("ink", { n: performance.timeOrigin + performance.now(), revision: this.revision, side: SIDE, ink: btoa(text) });
  }
}
