// Zones drawn with mouse, finger or keyboard on the live picture.

import { ask } from "./api.js";
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
    "aria-describedby": "zones-how",
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
  let slots = [];

  function zones() {
    return slots.find(({ key }) => key === slot.value)?.zones || [];
  }

  function showSlot() {
    const shown = zones().map(parse).filter(Boolean);
    sketch.show(shown);
    list.replaceChildren(
      ...shown.map((zone, index) =>
        h(
          "li",
          { class: "row", "data-zone": zone.name },
          h("span", {}, zone.hours ? `${zone.name} (${zone.hours})` : zone.name),
          mayChange
            ? h("button", { class: "danger", onclick: () => save(zones().filter((_, at) => at !== index)) }, t("zones.remove", { name: zone.name }))
            : null,
        ),
      ),
    );
    if (!shown.length) list.append(h("li", { class: "hint" }, t("zones.empty")));
  }

  async function load() {
    const answer = await context.attempt(() => ask("GET", "/zones"));
    if (!answer) return;
    const chosen = slot.value;
    slots = answer.slots;
    fill(slot, slots.map(({ key }) => [key, t(`zones.${key}`)]), chosen || slots[0]?.key);
    showSlot();
  }

  async function save(texts) {
    const answer = await context.attempt(() => ask("PUT", "/zones", { slot: slot.value, zones: texts }));
    if (!answer) return false;
    context.say(answer.message);
    await load();
    return true;
  }

  async function add(event) {
    event.preventDefault();
    const points = sketch.points();
    if (points.length < 3) {
      context.say(t("zones.few"), "problem");
      canvas.focus();
      return;
    }
    const text = format({ name: name.value.trim(), points, hours: hours.value.trim() });
    if (await save([...zones(), text])) {
      sketch.clear();
      event.target.reset();
    }
  }

  const watching = watchCamera(context.live(), () => context.state()?.cameras[0] || "", (bitmap, head) => {
    draw(backdrop, bitmap, head, false);
    sketch.paint();
  });
  const follow = () => watching.again();
  context.live().addEventListener("state", follow, { once: true });
  root.append(
    h("h1", {}, t("zones.title")),
    h(
      "div",
      { class: "columns" },
      h("section", { class: "card wide" }, canvas, h("p", { class: "hint", id: "zones-how" }, t(mayChange ? "zones.how" : "zones.read_only")), corners),
      h(
        "section",
        { class: "card" },
        field(t("zones.slot"), slot),
        list,
        mayChange
          ? h(
              "form",
              { onsubmit: add },
              field(t("zones.name"), name),
              field(t("zones.hours"), hours),
              h(
                "div",
                { class: "row" },
                h("button", { class: "primary", type: "submit" }, t("zones.add")),
                h("button", { type: "button", onclick: () => sketch.clear() }, t("zones.clear")),
              ),
            )
          : null,
      ),
    ),
  );
  load();
  return () => {
    context.live()?.removeEventListener("state", follow);
    watching.end();
  };
}
