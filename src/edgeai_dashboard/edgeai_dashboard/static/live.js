// The live view, who is authorised, what is armed.

import { ask } from "./api.js";
import { cameraChoice } from "./cameras.js";
import { h, when } from "./dom.js";
import { own, t } from "./i18n.js";
import { draw, told } from "./overlay.js";
import { watchCamera } from "./watching.js";

/** Show the view; return what ends it. */
export function showLive(root, context) {
  const access = h("section", { class: "card", "aria-labelledby": "access-title" });
  const pictures = showPictures(context);
  root.append(
    h("h1", {}, t("live.title")),
    h("div", { class: "columns" }, pictures.element, access),
  );
  const refresh = () => {
    showAccess(access, context);
    if (context.state()) pictures.offer(context.state().cameras);
  };
  refresh();
  const live = context.live();
  live.addEventListener("state", refresh);
  return () => {
    live.removeEventListener("state", refresh);
    pictures.end();
  };
}

function showPictures(context) {
  if (!context.can("operate")) {
    const element = h("section", { class: "card" }, h("p", {}, t("live.forbidden")));
    return { element, offer() {}, end() {} };
  }
  const canvas = h("canvas", {
    class: "picture",
    id: "live",
    role: "img",
    "aria-label": t("live.waiting"),
    width: 640,
    height: 480,
  });
  const age = h("p", { class: "hint", id: "live-age" }, t("live.waiting"));
  const overlays = h("input", { type: "checkbox", checked: true, id: "overlays" });
  const choosing = cameraChoice(() => watching.again());
  const watching = watchCamera(context.live(), choosing.camera, (bitmap, head) => {
    draw(canvas, bitmap, head, overlays.checked);
    age.textContent = t("live.age", { time: when(head.stamp_ms) });
    const words = told(head);
    canvas.setAttribute("aria-label", `${t("live.picture", { camera: head.camera })}${words ? `: ${words}` : ""}`);
    canvas.dataset.pictures = String(Number(canvas.dataset.pictures || 0) + 1);
  });
  const element = h(
    "section",
    { class: "card wide" },
    choosing.element,
    canvas,
    h("div", { class: "row" }, h("label", { class: "check" }, overlays, t("live.overlays")), age),
  );

  return { element, offer: choosing.offer, end: watching.end };
}

function showAccess(section, context) {
  const state = context.state();
  if (!state) {
    section.replaceChildren(h("p", {}, t("app.loading")));
    return;
  }
  const { session } = state;
  const shown = JSON.stringify([session, state.analyzers]);
  // Told once a second: what has not changed is not built anew, or the focus would be lost.
  if (section.dataset.shown === shown) return;
  section.dataset.shown = shown;
  const focused = document.activeElement?.id;
  section.replaceChildren(
    h("h2", { id: "access-title" }, t("session.title")),
    h("p", { class: `state ${session.state}` }, t(`session.${session.state}`)),
    session.person_name ? h("p", {}, t("session.who", { name: session.person_name })) : "",
    h("p", { class: "hint" }, own(session.reasons)),
    session.state === "active" && context.can("operate")
      ? h("button", { id: "lock", onclick: () => lock(context) }, t("session.lock"))
      : "",
    h("h3", {}, t("session.watching")),
    h("ul", { class: "plain" }, state.analyzers.map((name) => armRow(name, session.armed, context))),
    context.can("arm") && session.armed.length > 1
      ? h("button", { id: "disarm-all", onclick: () => arm([], context) }, t("session.disarm_all"))
      : "",
  );
  if (focused) document.getElementById(focused)?.focus();
}

function armRow(name, armed, context) {
  const isArmed = armed.includes(name);
  const wanted = isArmed ? armed.filter((other) => other !== name) : [...armed, name];
  if (!context.can("arm")) {
    return h("li", {}, `${name}: ${t(isArmed ? "session.armed" : "session.not_armed")}`);
  }
  return h(
    "li",
    {},
    h(
      "button",
      {
        id: `arm-${name}`,
        class: "switch",
        role: "switch",
        "aria-checked": String(isArmed),
        onclick: () => arm(wanted, context),
      },
      name,
    ),
  );
}

async function arm(analyzers, context) {
  const answer = await context.attempt(() => ask("PUT", "/armed", { analyzers }));
  if (answer) context.say(answer.message);
}

async function lock(context) {
  const answer = await context.attempt(() => ask("POST", "/lock"));
  if (answer) context.say(answer.message);
}
