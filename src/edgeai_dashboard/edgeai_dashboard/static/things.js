// Where things were seen last.

import { ask } from "./api.js";
import { h, when } from "./dom.js";
import { t } from "./i18n.js";

/** Show the view. */
export function showThings(root, context) {
  const list = h("ul", { class: "plain tiles", "aria-busy": "true" });
  const empty = h("p", { hidden: true }, t("things.empty"));
  root.append(h("h1", {}, t("things.title")), list, empty);
  load(list, empty, context);
}

async function load(list, empty, context) {
  const answer = await context.attempt(() => ask("GET", "/things"));
  if (!answer) return;
  list.setAttribute("aria-busy", "false");
  empty.hidden = answer.things.length > 0;
  list.replaceChildren(...answer.things.map(tile));
}

function tile(seen) {
  const query = new URLSearchParams({ thing: seen.thing, camera: seen.camera });
  const time = seen.in_view ? t("things.in_view") : t("things.seen", { time: when(seen.stamp_ms) });
  return h(
    "li",
    { class: "card" },
    seen.has_picture
      ? h("img", {
          src: `/api/things/snapshot?${query}`,
          alt: t("things.picture", { thing: seen.thing, place: seen.place }),
        })
      : null,
    h("h2", {}, seen.thing),
    h("p", {}, [seen.camera, seen.place].filter(Boolean).join(": ")),
    h("p", { class: "hint" }, time),
  );
}
