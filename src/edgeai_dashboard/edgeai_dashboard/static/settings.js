// Parameters of the nodes, checked here and by the server against what the nodes say of them.

import { ask } from "./api.js";
import { choice, field, figure, fill, h } from "./dom.js";
import { t } from "./i18n.js";

/** Show the view. */
export function showSettings(root, context) {
  const list = h("div", { class: "settings", "aria-busy": "true" }, h("p", {}, t("app.loading")));
  const node = h("select", { id: "setting-node", onchange: show });
  const text = h("input", { type: "search", oninput: show });
  let nodes = [];

  function show() {
    const chosen = nodes.find((entry) => entry.node === node.value);
    if (!chosen) return;
    const words = text.value.toLowerCase();
    const shown = chosen.parameters.filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(words));
    list.replaceChildren(
      chosen.problem ? h("p", { class: "problem" }, chosen.problem) : "",
      chosen.at_start_only ? h("p", { class: "hint" }, t("settings.at_start")) : "",
      ...shown.map((parameter) => row(chosen.node, parameter, context)),
    );
  }

  async function load() {
    const answer = await context.attempt(() => ask("GET", "/settings"));
    if (!answer) return;
    nodes = answer.nodes;
    fill(node, nodes.map((entry) => [entry.node, entry.node]), nodes[0]?.node);
    list.setAttribute("aria-busy", "false");
    show();
  }

  root.append(
    h("h1", {}, t("settings.title")),
    h("form", { class: "filters", onsubmit: (event) => event.preventDefault() }, field(t("settings.node"), node), field(t("settings.search"), text)),
    list,
  );
  load();
}

function row(node, parameter, context) {
  const control = controlOf(parameter);
  const range = rangeOf(parameter);
  const hint = [parameter.description, range, parameter.kind === "strings" || parameter.kind === "floats" ? t("settings.list") : "", parameter.kept ? t("settings.kept") : ""]
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
    const answer = await context.attempt(() => ask("PUT", "/settings", { node, name: parameter.name, value }));
    if (!answer) return;
    parameter.value = value;
    context.say(answer.message);
  }

  return h(
    "form",
    { class: "card setting", onsubmit: save, novalidate: true, "data-name": parameter.name },
    field(parameter.name, control, hint),
    h("button", { type: "submit", "aria-label": `${t("app.save")}: ${parameter.name}` }, t("app.save")),
  );
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
