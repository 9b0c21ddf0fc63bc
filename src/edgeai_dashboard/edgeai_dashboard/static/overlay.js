// What was found, drawn over the picture; colours told apart by colour-blind people too.

import { own } from "./i18n.js";

const COLOURS = {
  authorised: "#009e73",
  unknown: "#e69f00",
  object: "#0072b2",
  flame: "#d55e00",
  smoke: "#cc79a7",
  action: "#8a63d2",
};
const ACTIONS_SHOWN = new Set(["fall", "lying", "flight", "fight", "accident", "run"]);

/** Draw a decoded picture and, if wanted, what was found in it, onto a canvas of the same size. */
export function draw(canvas, bitmap, head, withOverlays) {
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  const pen = canvas.getContext("2d");
  pen.drawImage(bitmap, 0, 0);
  if (!withOverlays) return;
  const scale = bitmap.width / head.width;
  const size = Math.max(12, Math.round(bitmap.width / 48));
  pen.font = `600 ${size}px system-ui, sans-serif`;
  for (const [box, words, colour] of boxes(head)) drawBox(pen, box, words, colour, scale, size, canvas);
}

/** Return [box, words, colour] of everything that was found. */
export function boxes(head) {
  const found = [];
  for (const object of head.objects || []) {
    found.push([object.box, `${object.label} ${Math.round(object.score * 100)} %`, COLOURS.object]);
  }
  for (const region of head.hazards?.regions || []) {
    found.push([region.box, region.label, COLOURS[region.label] || COLOURS.flame]);
  }
  for (const action of head.actions || []) {
    if (ACTIONS_SHOWN.has(action.action)) found.push([action.box, action.action, COLOURS.action]);
  }
  for (const face of head.faces || []) {
    const words = [face.name || "?", face.authorised ? "✓" : own(face.notes)].filter(Boolean).join(" · ");
    found.push([face.box, words, face.authorised ? COLOURS.authorised : COLOURS.unknown]);
  }
  return found;
}

/** Return the same in one sentence, for those who do not see the picture. */
export function told(head) {
  return boxes(head).map(([, words]) => words).join(", ");
}

function drawBox(pen, [x1, y1, x2, y2], words, colour, scale, size, canvas) {
  pen.strokeStyle = colour;
  pen.lineWidth = Math.max(2, size / 7);
  pen.strokeRect(x1 * scale, y1 * scale, (x2 - x1) * scale, (y2 - y1) * scale);
  const width = pen.measureText(words).width + size * 0.6;
  const left = Math.max(0, Math.min(x1 * scale, canvas.width - width));
  const above = y1 * scale - size * 1.4;
  const top = above >= 0 ? above : y1 * scale;
  pen.fillStyle = colour;
  pen.fillRect(left, top, width, size * 1.4);
  pen.fillStyle = "#fff";
  pen.fillText(words, left + size * 0.3, top + size * 1.05);
}
