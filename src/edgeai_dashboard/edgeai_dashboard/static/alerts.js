// The alerts: list, filter, search, evidence, acknowledge; new ones come by themselves.

import { ask } from "./api.js";
import { choice, field, h, moment } from "./dom.js";
import { whyOf } from "./explained.js";
import { own, t } from "./i18n.js";

const SEVERITIES = ["info", "warning", "critical"];
const STATES = ["raised", "updated", "cleared", "acknowledged", "expired"];
const PAGE = 50;
const TYPING_MS = 300;

/** Show the view; return what ends it. */
export function showAlerts(root, context) {
  const list = h("ol", { class: "alerts", "aria-busy": "true" });
  const more = h("button", { hidden: true, onclick: () => load(true) }, t("alerts.more"));
  const empty = h("p", { hidden: true }, t("alerts.empty"));
  const text = h("input", { type: "search", id: "alert-search", oninput: typed });
  const severity = choice(SEVERITIES.map((name, index) => [String(index), t(`severity.${name}`)]), "0", {
    onchange: () => load(false),
  });
  const state = choice([["", t("alerts.any")], ...STATES.map((name, index) => [String(index), t(`state.${name}`)])], "", {
    onchange: () => load(false),
  });
  let last = "";
  let typing = 0;
  let asked = 0;

  function typed() {
    clearTimeout(typing);
    typing = setTimeout(() => load(false), TYPING_MS);
  }

  async function load(older) {
    asked += 1;
    const own = asked;
    const query = new URLSearchParams({ text: text.value, severity: severity.value, limit: PAGE });
    if (state.value) query.set("state", state.value);
    if (older && last) query.set("before", last);
    list.setAttribute("aria-busy", "true");
    const answer = await context.attempt(() => ask("GET", `/alerts?${query}`));
    if (own !== asked) return; // the filter was changed meanwhile
    list.setAttribute("aria-busy", "false");
    if (!answer) return;
    const items = answer.alerts.map((alert) => item(alert, context));
    if (older) list.append(...items);
    else list.replaceChildren(...items);
    last = answer.alerts.at(-1)?.id ?? last;
    more.hidden = !answer.more;
    empty.hidden = list.children.length > 0;
  }

  function told({ detail }) {
    const old = list.querySelector(`[data-id="${detail.alert.id}"]`);
    if (old) {
      // Whoever reads its evidence must not lose it.
      const fresh = item(detail.alert, context);
      if (old.querySelector("details")?.open) fresh.querySelector("details")?.setAttribute("open", "");
      old.replaceWith(fresh);
    } else if (!text.value && !state.value && SEVERITIES.indexOf(detail.alert.severity) >= Number(severity.value)) {
      list.prepend(item(detail.alert, context));
      empty.hidden = true;
    }
  }

  root.append(
    h("h1", {}, t("alerts.title")),
    h(
      "form",
      { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
      field(t("alerts.search"), text),
      field(t("alerts.severity"), severity),
      field(t("alerts.state"), state),
    ),
    list,
    empty,
    more,
  );
  const live = context.live();
  live.addEventListener("alert", told);
  load(false);
  return () => {
    clearTimeout(typing);
    live.removeEventListener("alert", told);
  };
}

function item(alert, context) {
  const facts = [
    t(`state.${alert.state}`),
    alert.camera,
    alert.zone ? t("alerts.zone", { zone: alert.zone }) : "",
    alert.count > 1 ? t("alerts.times", { count: alert.count }) : "",
    alert.score === null ? "" : t("alerts.score", { score: alert.score.toLocaleString(document.documentElement.lang) }),
  ].filter(Boolean);
  return h(
    "li",
    { class: `card alert ${alert.severity}`, "data-id": alert.id },
    h(
      "div",
      { class: "row" },
      h("span", { class: `badge ${alert.severity}` }, t(`severity.${alert.severity}`)),
      moment(alert.raised_ms),
    ),
    h("h2", {}, own(alert.titles)),
    h("p", {}, own(alert.reasons)),
    h("p", { class: "hint" }, facts.join(" · ")),
    alert.evidence.length ? evidence(alert) : null,
    acknowledgement(alert, context),
  );
}

function acknowledgement(alert, context) {
  if (alert.acknowledged_by) {
    return h("p", { class: "done" }, t("alerts.acknowledged_by", { name: alert.acknowledged_by }));
  }
  if (!context.can("acknowledge")) return null;
  const button = h("button", { class: "acknowledge", onclick: acknowledge }, t("alerts.acknowledge"));

  async function acknowledge() {
    button.disabled = true;
    const answer = await context.attempt(() => ask("POST", `/alerts/${alert.id}/acknowledge`));
    button.disabled = false;
    if (!answer) return;
    button.closest("li").replaceWith(
      item({ ...alert, state: "acknowledged", acknowledged_by: context.user().name }, context),
    );
    context.say(answer.message);
  }

  return button;
}

function evidence(alert) {
  const kept = h("details", { class: "evidence" }, h("summary", {}, t("alerts.evidence")));
  // Loaded when somebody looks: a list of fifty alerts must not fetch fifty clips.
  kept.addEventListener("toggle", () => {
    if (!kept.open || kept.children.length > 1) return;
    for (const kind of alert.evidence) {
      const source = `/api/alerts/${alert.id}/evidence/${kind}`;
      const words = { snapshot: t("alerts.snapshot"), clip: t("alerts.clip"), explanation: t("alerts.explanation") }[kind] || kind;
      const shown =
        kind === "clip"
          ? h("video", { src: source, controls: true, preload: "metadata", "aria-label": words })
          : h("img", { src: source, alt: `${words}: ${own(alert.titles)}` });
      const caption = h("figcaption", {}, words);
      kept.append(h("figure", {}, shown, caption));
      if (kind === "explanation") tellWhy(source, words, shown, caption);
    }
  });
  return kept;
}

/** Put the sentence that an explanation carries where eyes and screen readers find it. */
async function tellWhy(source, words, image, caption) {
  const why = await whyOf(source).catch(() => "");
  if (!why) return;
  image.alt = `${words}: ${why}`;
  caption.textContent = `${words}: ${why}`;
}
