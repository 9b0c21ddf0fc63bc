// Parameters of the nodes, checked here and by the server against what the nodes say of them.

import { ask } from "./api.js";
import { choice, field, figure, fill, h } from "./dom.js";
import { t } from "./i18n.js";

/** Show the view. */
export function showSettings(root, context) {
  const list = h("div", { class: "settings", "aria-busy": "true" }, h("p", {}, t("app.loading")));
  const node = h("select", { id: "setting-node", onchange: show });
  const scope = h("select", { id: "setting-camera", onchange: load });
  const scoping = field(t("settings.for"), scope);
  const text = h("input", { type: "search", oninput: show });
  const holds = h("p", { class: "holds", id: "settings-hold", role: "status" });
  let nodes = [];
  let cameras = null;
  scoping.hidden = true;

  function show() {
    const chosen = nodes.find((entry) => entry.node === node.value);
    if (!chosen) return;
    const words = text.value.toLowerCase();
    const shown = chosen.parameters.filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(words));
    holds.textContent = told(chosen);
    holds.hidden = !holds.textContent;
    list.replaceChildren(
      chosen.problem ? h("p", { class: "problem" }, chosen.problem) : "",
      chosen.at_start_only ? h("p", { class: "hint" }, t("settings.at_start")) : "",
      ...shown.map((parameter) => row({ node: chosen.node, camera: scope.value }, parameter, context, load)),
    );
  }

  /** Say for which cameras it is what one saves. */
  function told(chosen) {
    if (cameras.length < 2) return "";
    if (scope.value) return t("settings.for_one", { camera: scope.value });
    return t(chosen.cameras.length ? "settings.for_all" : "settings.for_graph");
  }

  async function load() {
    const camera = scope.value;
    const answer = await context.attempt(() => ask("GET", `/settings?camera=${encodeURIComponent(camera)}`));
    if (!answer || camera !== scope.value) return;
    nodes = answer.nodes;
    if (cameras === null) {
      cameras = [...new Set(nodes.flatMap((entry) => entry.cameras))];
      fill(scope, [["", t("settings.all")], ...cameras.map((name) => [name, name])], "");
      scoping.hidden = cameras.length < 2;
    }
    const chosen = nodes.some((entry) => entry.node === node.value) ? node.value : nodes[0]?.node;
    fill(node, nodes.map((entry) => [entry.node, entry.node]), chosen);
    list.setAttribute("aria-busy", "false");
    show();
  }

  root.append(
    h("h1", {}, t("settings.title")),
    h(
      "form",
      { class: "filters", onsubmit: (event) => event.preventDefault() },
      scoping,
      field(t("settings.node"), node),
      field(t("settings.search"), text),
    ),
    holds,
    list,
  );
  load();
}

function row(meant, parameter, context, load) {
  const { node, camera } = meant;
  const only = camera ? { camera } : {};
  const control = controlOf(parameter);
  const range = rangeOf(parameter);
  const isList = parameter.kind === "strings" || parameter.kind === "floats";
  const keptWords = camera ? t("settings.kept_one", { camera }) : t("settings.kept");
  const own = parameter.own_at.join(", ");
  const hint = [
    parameter.description,
    range,
    isList ? t("settings.list") : "",
    parameter.kept ? keptWords : "",
    !camera && own ? t("settings.own_at", { cameras: own }) : "",
  ]
    .filter(Boolean)
    .join(" · ");

  async function save(event) {
    event.preventDefault();
    const value = valueOf(parameter, control);
    const numbers = [value].flat();
    if (["int", "float", "floats"].includes(parameter.kind) && numbers.some((number) => !fits(parameter, number))) {
      control.setAttribute("aria-invalid", "true");
      context.say(t("settings.number", { range }), "problem");
      control.focus();
      return;
    }
    control.removeAttribute("aria-invalid");
    const answer = await context.attempt(() => ask("PUT", "/settings", { node, name: parameter.name, value, ...only }));
    if (!answer) return;
    context.say(answer.message);
    parameter.value = value;
    parameter.kept = true;
    if (camera) parameter.own_at = [camera];
    const now = row(meant, parameter, context, load);
    made.replaceWith(now);
    now.querySelector("[type=submit]").focus();
  }

  async function giveUp() {
    const answer = await context.attempt(() => ask("POST", "/settings/follow", { node, name: parameter.name, camera }));
    if (!answer) return;
    context.say(answer.message);
    await load();
    document.querySelector(`[data-name="${CSS.escape(parameter.name)}"] [type=submit]`)?.focus();
  }

  const made = h(
    "form",
    { class: "card setting", onsubmit: save, novalidate: true, "data-name": parameter.name },
    field(parameter.name, control, hint),
    h("button", { type: "submit", "aria-label": `${t("app.save")}: ${parameter.name}` }, t("app.save")),
    camera && own
      ? h("button", { type: "button", class: "follow", "aria-label": `${t("settings.follow")}: ${parameter.name}`, onclick: giveUp }, t("settings.follow"))
      : null,
  );
  return made;
}

function controlOf({ kind, value, choices }) {
  if (kind === "bool") return h("input", { type: "checkbox", checked: value });
  if (choices.length) return choice(choices.map((name) => [name, name]), value);
  if (kind === "strings" || kind === "floats") {
    return h("textarea", { rows: Math.min(6, Math.max(2, value.length)), value: value.join("\n") });
  }
  return h("input", { type: "text", inputmode: kind === "str" ? "text" : "decimal", value: String(value) });
}

function valueOf({ kind }, control) {
  if (kind === "bool") return control.checked;
  const lines = control.value.split("\n").map((line) => line.trim()).filter(Boolean);
  if (kind === "strings") return lines;
  if (kind === "floats") return lines.map(Number);
  return kind === "int" || kind === "float" ? Number(control.value) : control.value;
}

function fits({ kind, minimum, maximum }, number) {
  if (!Number.isFinite(number) || (kind === "int" && !Number.isInteger(number))) return false;
  return (minimum === null || number >= minimum) && (maximum === null || number <= maximum);
}

function rangeOf({ minimum, maximum }) {
  if (minimum === null && maximum === null) return "";
  return t("settings.range", {
    low: minimum === null ? "−∞" : figure(minimum, 6),
    high: maximum === null ? "∞" : figure(maximum, 6),
  });
}
