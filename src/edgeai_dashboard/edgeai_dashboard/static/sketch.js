// A polygon or a line drawn on a canvas, and zones and lines as the nodes write them:
// "name: x,y x,y x,y @ HH:MM-HH:MM". What has two corners is a line.

const STEP = 0.01;
const NEAR = 0.03;
const MAX_POINTS = 64;
const LINE_POINTS = 2;
const ARROW_PX = 14;
const DIGITS = 4;

/** Return a zone or line of its text, or null when it is none. */
export function parse(text) {
  const [head, hours = ""] = text.split("@");
  const colon = head.indexOf(":");
  if (colon < 1) return null;
  const points = head.slice(colon + 1).trim().split(/\s+/).map((word) => word.split(",").map(Number));
  if (points.length < LINE_POINTS || points.some((point) => point.length !== 2 || point.some(Number.isNaN))) return null;
  return { name: head.slice(0, colon).trim(), points, hours: hours.trim() };
}

/** Return the text of a zone or line. */
export function format({ name, points, hours }) {
  const corners = points.map((point) => point.map((side) => Number(side.toFixed(DIGITS))).join(",")).join(" ");
  return `${name.replaceAll(":", " ").replaceAll("@", " ")}: ${corners}${hours ? ` @ ${hours}` : ""}`;
}

/** Draws zones and the one that is being made. */
export class Sketch {
  #canvas;
  #backdrop;
  #changed;
  #zones = [];
  #points = [];
  #closed = false;
  #isLine = false;
  #cross = [0.5, 0.5];

  constructor(canvas, backdrop, { enabled, changed }) {
    this.#canvas = canvas;
    this.#backdrop = backdrop;
    this.#changed = changed;
    if (enabled) {
      canvas.addEventListener("pointerdown", (event) => this.#click(event));
      canvas.addEventListener("keydown", (event) => this.#key(event));
      canvas.addEventListener("focus", () => this.paint());
      canvas.addEventListener("blur", () => this.paint());
    }
    this.paint();
  }

  /** Show zones or lines, and draw the same from now on. */
  show(zones, { line }) {
    this.#zones = zones;
    if (line !== this.#isLine) {
      this.#isLine = line;
      this.clear();
    }
    this.paint();
  }

  points() {
    return this.#points;
  }

  /** Whether there are corners enough. */
  isEnough() {
    return this.#points.length >= (this.#isLine ? LINE_POINTS : 3);
  }

  clear() {
    this.#points = [];
    this.#closed = false;
    this.#told();
  }

  paint() {
    const canvas = this.#canvas;
    if (this.#backdrop.width && (canvas.width !== this.#backdrop.width || canvas.height !== this.#backdrop.height)) {
      canvas.width = this.#backdrop.width;
      canvas.height = this.#backdrop.height;
    }
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#222";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    if (this.#backdrop.width) pen.drawImage(this.#backdrop, 0, 0);
    for (const zone of this.#zones) {
      this.#outline(pen, zone.points, "#56b4e9", zone.points.length > LINE_POINTS);
      this.#name(pen, zone);
    }
    if (this.#points.length) this.#outline(pen, this.#points, "#f0e442", this.#closed);
    for (const [x, y] of this.#points) {
      pen.fillStyle = "#f0e442";
      pen.fillRect(x * canvas.width - 4, y * canvas.height - 4, 8, 8);
    }
    if (document.activeElement === canvas) this.#drawCross(pen);
  }

  #outline(pen, points, colour, closed) {
    const { width, height } = this.#canvas;
    pen.beginPath();
    points.forEach(([x, y], index) => (index ? pen.lineTo(x * width, y * height) : pen.moveTo(x * width, y * height)));
    if (closed) {
      pen.closePath();
      pen.fillStyle = `${colour}40`;
      pen.fill();
    }
    pen.strokeStyle = colour;
    pen.lineWidth = 2;
    pen.stroke();
    if (!closed && points.length === LINE_POINTS && (this.#isLine || points !== this.#points)) this.#arrow(pen, points);
  }

  // Where a line leads: left and right of it are those of somebody who walks along it.
  #arrow(pen, [[x1, y1], [x2, y2]]) {
    const { width, height } = this.#canvas;
    const angle = Math.atan2((y2 - y1) * height, (x2 - x1) * width);
    pen.beginPath();
    for (const turn of [2.6, 0, -2.6]) {
      const reach = turn ? ARROW_PX : 0;
      pen.lineTo(x2 * width + reach * Math.cos(angle + turn), y2 * height + reach * Math.sin(angle + turn));
    }
    pen.stroke();
  }

  #name(pen, { name, points }) {
    const size = Math.max(12, Math.round(this.#canvas.width / 48));
    pen.font = `600 ${size}px system-ui, sans-serif`;
    const x = Math.min(...points.map((point) => point[0])) * this.#canvas.width + 6;
    const y = Math.max(...points.map((point) => point[1])) * this.#canvas.height - 6;
    pen.lineWidth = 3;
    pen.strokeStyle = "#000";
    pen.strokeText(name, x, y);
    pen.fillStyle = "#fff";
    pen.fillText(name, x, y);
  }

  #drawCross(pen) {
    const x = this.#cross[0] * this.#canvas.width;
    const y = this.#cross[1] * this.#canvas.height;
    pen.strokeStyle = "#fff";
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(x - 10, y);
    pen.lineTo(x + 10, y);
    pen.moveTo(x, y - 10);
    pen.lineTo(x, y + 10);
    pen.stroke();
  }

  #click(event) {
    const frame = this.#canvas.getBoundingClientRect();
    const point = [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
    this.#cross = point.map((side) => Math.min(1, Math.max(0, side)));
    this.#place();
  }

  #key(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key in moves) {
      const step = event.shiftKey ? STEP * 5 : STEP;
      this.#cross = this.#cross.map((side, axis) => Math.min(1, Math.max(0, side + moves[event.key][axis] * step)));
      this.paint();
    } else if (event.key === " ") this.#place();
    else if (event.key === "Enter") this.#close();
    else if (event.key === "Backspace") this.#undo();
    else return;
    event.preventDefault();
  }

  #place() {
    if (this.#closed || this.#points.length >= (this.#isLine ? LINE_POINTS : MAX_POINTS)) return;
    const [first] = this.#points;
    const isFirst = this.#points.length >= 3 && Math.hypot(first[0] - this.#cross[0], first[1] - this.#cross[1]) < NEAR;
    if (isFirst) this.#close();
    else this.#points.push([...this.#cross]);
    this.#told();
  }

  #close() {
    this.#closed = this.#points.length >= 3;
    this.#told();
  }

  #undo() {
    if (this.#closed) this.#closed = false;
    else this.#points.pop();
    this.#told();
  }

  #told() {
    this.#changed(this.#points.length);
    this.paint();
  }
}
