"""The channels' part of docs/performance.md, from bench/results/channels.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from document_tables import table


def channel_lines(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines; `content` is what bench/channels.py wrote."""
    latency, outage = content["latency"], content["outage"]
    yield from (
        "",
        "## Alerts to people",
        "",
        f"`{content['command']}` on {content['device']} (load average "
        f"{content['load_average']:g}): the alert node and a real mosquitto beside it, "
        f"{latency['alerts']} events at {latency['per_s']:g}/s; then the broker killed for "
        f"{outage['outage_s']:.0f} s in the middle of a run; then the node killed with signal 9.",
        "",
    )
    yield from table(
        ("from the event to", "p50 ms", "p95 ms", "longest ms"),
        (
            (name, *(f"{latency[key][figure]:g}" for figure in ("p50", "p95", "max")))
            for name, key in (("/alerts", "published_ms"), ("an MQTT subscriber", "mqtt_ms"))
        ),
    )
    yield ""
    yield from table(
        ("run", "alerts", "arrived", "lost", "came twice", "in order"),
        (
            _row("broker away", outage),
            _row("killed between store and send", content["killed_between_store_and_send"]),
            _row("killed at any time", content["killed_any_time"]),
        ),
    )
    yield from (
        "",
        f"The {outage['raised_while_away']} alerts of the outage arrived between "
        f"{outage['first_after_back_s']:g} s and {outage['last_after_back_s']:g} s after the "
        "broker was back. One that comes twice has the same id: the node died after the broker "
        "took it and before that was written.",
    )


def _row(name: str, run: Mapping[str, Any]) -> tuple[str, ...]:
    counts = (str(run[key]) for key in ("published", "arrived", "lost", "repeated"))
    return (name, *counts, "yes" if run["in_order"] else "no")
