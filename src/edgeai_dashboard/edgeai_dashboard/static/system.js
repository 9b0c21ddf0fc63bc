// How the nodes are, and the model table.

import { ask } from "./api.js";
import { figure, h } from "./dom.js";
import { t } from "./i18n.js";

/** Show the view; return what ends it. */
export function showSystem(root, context) {
  const nodes = h("tbody", { id: "nodes" });
  const models = h("tbody", { id: "models" });
  const fps = new Map();
  root.append(
    h("h1", {}, t("system.title")),
    table("nodes", ["node", "health", "rate", "latency", "dropped"], nodes),
    table("models", ["model", "task", "size", "fps", "measured", "licence"], models),
  );

  function refresh() {
    const state = context.state();
    if (!state) return;
    nodes.replaceChildren(...state.nodes.map(nodeRow));
    fps.clear();
    for (const node of state.nodes) {
      for (const name of (node.model || "").split(" + ").filter(Boolean)) fps.set(name, node.results_per_s);
    }
    for (const cell of models.querySelectorAll("[data-model]")) cell.textContent = now(cell.dataset.model);
  }

  function now(model) {
    const rate = fps.get(model);
    return rate === undefined || rate === null ? "–" : `${figure(rate)} /s`;
  }

  async function load() {
    const answer = await context.attempt(() => ask("GET", "/models"));
    if (!answer) return;
    models.replaceChildren(...answer.models.map((model) => modelRow(model)));
    refresh();
  }

  refresh();
  load();
  const live = context.live();
  live.addEventListener("state", refresh);
  return () => live.removeEventListener("state", refresh);
}

function table(key, columns, body) {
  return h(
    "section",
    { class: "card" },
    h("h2", { id: `${key}-title` }, t(`system.${key}`)),
    // Wider than a phone: it scrolls by itself, with the keyboard too.
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-labelledby": `${key}-title` },
      h("table", {}, h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, t(`system.${name}`))))), body),
    ),
  );
}

function nodeRow(node) {
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, node.name),
    h("td", {}, h("span", { class: `badge ${node.level}` }, t(`level.${node.level}`)), ` ${node.message || ""}`),
    h("td", {}, figure(node.results_per_s)),
    h("td", {}, node.latency_p50_ms == null ? "–" : `${figure(node.latency_p50_ms)} / ${figure(node.latency_p95_ms)} ms`),
    h("td", {}, figure(node.dropped, 0)),
  );
}

function modelRow(model) {
  const measured = model.metrics.map((metric) => h("li", { title: metric.conditions }, `${metric.name}: ${metric.value}`));
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, model.name),
    h("td", {}, model.task),
    h("td", {}, model.size_bytes === null ? "–" : `${figure(model.size_bytes / 1e6)} MB`),
    h("td", { "data-model": model.name }, "–"),
    h("td", {}, h("ul", {}, measured)),
    h("td", {}, model.licence),
  );
}
