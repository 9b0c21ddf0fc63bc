"""docs/performance.md: what was measured, from bench/results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from document_tables import table
from edgeai_core.errors import EdgeAiError

RESULTS = Path(__file__).resolve().parent.parent / "bench" / "results"


def figures() -> list[str]:
    """Return the lines of docs/performance.md.

    Raises:
        EdgeAiError: the results are not there; `make bench` writes them.
    """
    try:
        content: dict[str, Any] = json.loads(
            (RESULTS / "graph_rates.json").read_text(encoding="utf-8")
        )
    except OSError as exc:
        raise EdgeAiError(
            f"bench/results/graph_rates.json: {exc.strerror}; run make bench"
        ) from exc
    lines = [
        "# Performance",
        "",
        f"`{content['command']}` on {content['device']}: the home profile in one process on the "
        f"demo footage, VGA at 30 frames/s, {content['duration_s']:g} s unlocked and as long "
        "locked. Rates and latencies come from the nodes' own diagnostics; latency is from the "
        "image's stamp to the published result.",
        "",
    ]
    rows = ((r["figure"], f"{r['value']:g}", r["bar"]) for r in content["figures"])
    lines += table(("figure", "measured", "asked"), rows)
    lines += ["", "## Nodes", ""]
    lines += table(
        ("node", "results/s", "p50 ms", "p95 ms", "model", "runtime"),
        (
            (name, *(_shown(node[key]) for key in _COLUMNS), node["model"], node["runtime"])
            for name, node in content["nodes"].items()
        ),
    )
    return lines


_COLUMNS = ("results_per_s", "latency_p50_ms", "latency_p95_ms")


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
