// Zones, lines and masks drawn with mouse, finger or keyboard on the live picture of a camera.

import { ask } from "./api.js";
import { cameraChoice } from "./cameras.js";
import { field, fill, h } from "./dom.js";
import { t } from "./i18n.js";
import { draw } from "./overlay.js";
import { Sketch, format, parse } from "./sketch.js";
import { watchCamera } from "./watching.js";

/** Show the view; return what ends it. */
export function showZones(root, context) {
  const mayChange = context.can("owner");
  const canvas = h("canvas", {
    class: "picture",
    id: "sketch",
    width: 640,
    height: 480,
    tabindex: mayChange ? 0 : null,
    role: "application",
    "aria-label": t("zones.canvas"),
    "aria-describedby": "zones-hold zones-how",
  });
  const backdrop = document.createElement("canvas");
  const corners = h("p", { class: "hint", role: "status" });
  const sketch = new Sketch(canvas, backdrop, {
    enabled: mayChange,
    changed: (count) => {
      corners.textContent = count ? t("zones.corners", { count }) : "";
    },
  });
  const list = h("ul", { class: "plain" });
  const slot = h("select", { id: "zone-slot", onchange: showSlot });
  const name = h("input", { required: true, maxlength: 64, id: "zone-name" });
  const hours = h("input", { pattern: "\\d\\d:\\d\\d-\\d\\d:\\d\\d", placeholder: "22:00-06:00", id: "zone-hours" });
  const hoursField = field(t("zones.hours"), hours);
  const how = h("p", { class: "hint", id: "zones-how" });
  const holds = h("p", { class: "holds", id: "zones-hold" });
  const choosing = cameraChoice(follow);
  let slots = [];

  function current() {
    return slots.find(({ key }) => key === slot.value) || { zones: [], shared: [], line: false };
  }

  function showSlot() {
    const { key, zones, shared, line } = current();
    const shown = zones.map((text) => ({ text, zone: parse(text) })).filter(({ zone }) => zone);
    sketch.show(shown.map(({ zone }) => zone), { line });
    how.textContent = mayChange ? t(line ? "zones.how_line" : "zones.how") : t("zones.read_only");
    // A mask always holds.
    hoursField.hidden = key === "masks";
    if (hoursField.hidden) hours.value = "";
    list.replaceChildren(
      ...(key === "masks" ? [h("li", { class: "hint" }, t("zones.masks_hint"))] : []),
      ...shown.map(({ text, zone }) =>
        h(
          "li",
          { class: "row", "data-zone": zone.name },
          h("span", {}, zone.hours ? `${zone.name} (${zone.hours})` : zone.name),
          choosing.among() && shared.includes(text) ? h("span", { class: "badge stale" }, t("zones.shared")) : null,
          mayChange
            ? h("button", { class: "danger", onclick: () => save(zones.filter((other) => other !== text)) }, t("zones.remove", { name: zone.name }))
            : null,
        ),
      ),
    );
    if (choosing.among() && shared.length) list.append(h("li", { class: "hint" }, t("zones.shared_hint", { camera: choosing.among() })));
    if (!shown.length) list.append(h("li", { class: "hint" }, t("zones.empty")));
  }

  async function load() {
    const camera = choosing.among();
    const answer = await context.attempt(() => ask("GET", `/zones?camera=${encodeURIComponent(camera)}`));
    if (!answer || camera !== choosing.among()) return;
    const chosen = slot.value;
    slots = answer.slots;
    fill(slot, slots.map(({ key }) => [key, t(`zones.${key}`)]), chosen || slots[0]?.key);
    add.disabled = false;
    showSlot();
  }

  async function save(texts) {
    const camera = choosing.among();
    const answer = await context.attempt(() => ask("PUT", "/zones", { slot: slot.value, zones: texts, ...(camera && { camera }) }));
    if (!answer) return false;
    context.say(answer.message);
    await load();
    return true;
  }

  async function submit(event) {
    event.preventDefault();
    if (!sketch.isEnough()) {
      context.say(t(current().line ? "zones.few_line" : "zones.few"), "problem");
      canvas.focus();
      return;
    }
    const text = format({ name: name.value.trim(), points: sketch.points(), hours: hours.value.trim() });
    if (await save([...current().zones, text])) {
      sketch.clear();
      event.target.reset();
    }
  }

  // Another camera: nothing that was begun or shown belongs to it.
  function follow() {
    const camera = choosing.among();
    holds.textContent = camera ? t("zones.holds", { camera }) : "";
    holds.hidden = !camera;
    slots = [];
    add.disabled = true;
    backdrop.width = 0;
    sketch.clear();
    list.replaceChildren();
    watching.again();
    load();
  }

  const add = h("button", { class: "primary", type: "submit" }, t("zones.add"));
  const watching = watchCamera(context.live(), choosing.camera, (bitmap, head) => {
    draw(backdrop, bitmap, head, false);
    sketch.paint();
  });
  const offer = () => context.state() && choosing.offer(context.state().cameras);
  context.live().addEventListener("state", offer);
  root.append(
    h("h1", {}, t("zones.title")),
    h(
      "div",
      { class: "columns" },
      h("section", { class: "card wide" }, choosing.element, holds, canvas, how, corners),
      h(
        "section",
        { class: "card" },
        field(t("zones.slot"), slot),
        list,
        mayChange
          ? h(
              "form",
              { onsubmit: submit },
              field(t("zones.name"), name),
              hoursField,
              h(
                "div",
                { class: "row" },
                add,
                h("button", { type: "button", onclick: () => sketch.clear() }, t("zones.clear")),
              ),
            )
          : null,
      ),
    ),
  );
  offer();
  return () => {
    context.live()?.removeEventListener("state", offer);
    watching.end();
  };
}
