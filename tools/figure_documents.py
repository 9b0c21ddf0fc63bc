"""docs/performance.md: what was measured, from bench/results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from channel_documents import channel_lines
from document_tables import table
from edgeai_core.errors import EdgeAiError
from fight_documents import fight_lines

RESULTS = Path(__file__).resolve().parent.parent / "bench" / "results"


def figures() -> list[str]:
    """Return the lines of docs/performance.md.

    Raises:
        EdgeAiError: results are not there; `make bench` and the commands in them write them.
    """
    return [
        "# Performance",
        *_graph_lines(),
        *_face_lines(),
        *_liveness_lines(),
        *_object_lines(),
        *_action_lines(),
        *fight_lines(_results("fights.json")),
        *_search_lines(),
        *channel_lines(_results("channels.json")),
    ]


def _graph_lines() -> Iterator[str]:
    content = _results("graph_rates.json")
    yield from (
        "",
        "## The graph",
        "",
        f"`{content['command']}` on {content['device']}: the home profile in one process on the "
        f"demo footage, VGA at 30 frames/s, {content['duration_s']:g} s unlocked and as long "
        "locked. Rates and latencies come from the nodes' own diagnostics; latency is from the "
        "image's stamp to the published result.",
        "",
    )
    rows = ((r["figure"], f"{r['value']:g}", r["bar"]) for r in content["figures"])
    yield from table(("figure", "measured", "asked"), rows)
    yield ""
    yield from table(
        ("node", "results/s", "p50 ms", "p95 ms", "model", "runtime"),
        (
            (name, *(_shown(node[key]) for key in _COLUMNS), node["model"], node["runtime"])
            for name, node in content["nodes"].items()
        ),
    )


def _face_lines() -> Iterator[str]:
    content = _results("face_accuracy.json")
    data, result, every = content["data"], content["result"], content["all_pairs"]
    yield from (
        "",
        "## Faces",
        "",
        f"`{content['command']}` on {content['device']}: {data['set']}, {data['pairs']} pairs; "
        f"{data['people']} people with four enrolment pictures each against {data['strangers']} "
        "strangers. The thresholds were chosen on these same people: others will do worse.",
        "",
    )
    yield from table(
        ("figure", "measured"),
        (
            ("verification accuracy, cross-validated", f"{result['verification_accuracy']:.2%}"),
            (
                "verification accuracy at the shipped threshold",
                f"{content['verification_accuracy_at_shipped_threshold']:.2%}",
            ),
            (
                "open set, recognised at the shipped threshold",
                f"{result['open_set_tar_at_shipped_threshold']:.2%}",
            ),
            ("open set, strangers accepted", f"{result['far_at_shipped_threshold']:.2%}"),
            *(
                (
                    f"open set, recognised by the mean of {rate['pictures']} pictures "
                    f"({rate['decisions']} decisions)",
                    f"{rate['recognised']:.2%}",
                )
                for rate in result["open_set_fused"]
            ),
            *(
                (
                    f"TAR at FAR {point['far']:.2%}, {every['impostor']} impostor pairs of "
                    f"{every['people']} people",
                    f"{point['tar']:.2%}",
                )
                for point in every["points"]
            ),
            ("pictures without a face found", f"{result['faces_not_found']}"),
            ("detect, align, embed: one thread, ms", f"{result['ms']['total']:.1f}"),
        ),
    )


def _liveness_lines() -> Iterator[str]:
    content = _results("face_liveness.json")
    yield from (
        "",
        "## Liveness",
        "",
        f"`{content['command']}` on {content['device']}: {content['data']['set']}, attacks "
        "simulated (docs/lab.md), so the rates are a lower bound of what impostors reach. APCER is "
        "the share of attacks that were found living, BPCER that of living people who were not "
        "within the attempt; 95 % intervals in brackets. The challenge asks for "
        f"{content['data']['turns']} head turns.",
        "",
    )
    rows = []
    for challenge in ("without_challenge", "with_challenge"):
        for cell in content[challenge]["cells"]:
            low, high = cell["interval_95pct"]
            rows.append(
                (
                    f"{cell['presentation']}, {cell['framing']}, {cell['origin']}",
                    "asked" if cell["turning"] else "–",
                    f"{cell['n']}",
                    f"{cell['undecided']}",
                    f"{cell['error'].upper()} {cell['rate']:.1%} ({low:.1%} … {high:.1%})",
                )
            )
    yield from table(("presentation", "challenge", "attempts", "undecided", "error"), rows)


def _action_lines() -> Iterator[str]:
    content = _results("actions.json")
    gaits = content["gaits_held_out"]
    yield from (
        "",
        "## Actions",
        "",
        f"`{content['command']}` on {content['device']}, load average "
        f"{content['load_average']:g}: clips in which each action was told at least once, by "
        f"folder. Joints and decision took {content['joints_and_decision_ms_per_person']:g} ms "
        f"for each of {content['tracked_people']} sights of tracked people, small ones without "
        "joints among them. Of "
        f"{gaits['people']} simulated people before cameras and at speeds that were not fitted "
        f"{gaits['accuracy']:.1%} were told rightly (calibration error "
        f"{gaits['calibration_error']:.3f}): "
        + ", ".join(f"{name} {share:.1%}" for name, share in gaits["by_class"].items())
        + ". docs/lab.md says which clips were looked at while the rules were made.",
        "",
    )
    yield from table(
        ("clips", "number", *_ACTIONS),
        (
            (name, f"{counts['n']}", *(f"{counts.get(action, 0)}" for action in _ACTIONS))
            for name, counts in content["folders"].items()
        ),
    )
    delays, times = content["fall_delays"], _results("action_times.json")
    one, three = (times[name]["processor_ms"] for name in ("one_person", "three_people"))
    yield from (
        "",
        f"Falls were told {delays['median_s']:g} s after the impact in the median of "
        f"{delays['clips']} clips, {delays['longest_s']:g} s at most, in "
        f"{delays['within_1.5_s']} of them within 1.5 s; impact is {delays['impact']}. Joints and "
        f"decision took {one['min']:g} ms at least and {one['median']:g} in the median for a "
        f"picture with one person, {three['min']:g} and {three['median']:g} with three "
        f"(`{times['command']}`, of one processor's time).",
        "",
    )
    yield from table(
        ("stills of accidents, numbers per second", "clips", "with accident", "told", "false"),
        (
            (
                name.removeprefix("numbers_per_s_"),
                f"{score['clips']}",
                f"{score['with_accident']}",
                f"{score['told']}",
                f"{score['told_before']}",
            )
            for name, score in content["accident_stills"].items()
        ),
    )


def _object_lines() -> Iterator[str]:
    content = _results("objects.json")
    held_out, shipped = content["held_out"], str(content["gun_threshold"])
    yield from (
        "",
        "## Objects",
        "",
        f"`{content['command']}` on {content['device']}. Average precision at an overlap of 0.5 on "
        f"whole groups that did not train: guns {held_out['gun']['ap50']:g} "
        f"({held_out['gun']['pictures']} pictures), wallets {held_out['wallet']['ap50']:g} "
        f"({held_out['wallet']['pictures']} pictures of the room that trained). COCO's classes "
        "answer as the network that they come from, scores differ by at most "
        f"{content['coco_classes']['largest_score_difference']:.0e}. The shipped threshold of guns "
        f"is {shipped}.",
        "",
    )
    rows = [
        (f"{name}: found, % of {entry['boxes']} weapons", 100, entry["recall"])
        for name, entry in content["recall"].items()
    ]
    rows += [
        (f"{name}: guns seen, % of {entry['pictures']} pictures", 1, entry["percent_with_gun"])
        for name, entry in content["false_guns"].items()
    ]
    thresholds = list(rows[0][2])
    yield from table(
        ("guns at the threshold", *thresholds),
        (
            (name, *(f"{factor * shares[key]:.3g}" for key in thresholds))
            for name, factor, shares in rows
        ),
    )
    yield ""
    yield from table(
        ("one look at a VGA frame, one thread", "shortest ms", "median ms"),
        (
            (name, f"{entry['shortest']:g}", f"{entry['median']:g}")
            for name, entry in content["look_ms"].items()
        ),
    )


def _search_lines() -> Iterator[str]:
    content = _results("gallery_search.json")
    yield from (
        "",
        "## Gallery search",
        "",
        f"`{content['command']}` on {content['device']}, load average "
        f"{content['load_average']:g}: {content['data']}.",
        "",
    )
    yield from table(
        ("people", "method", "median ms", "p95 ms"),
        (
            (f"{r['people']}", r["method"], f"{r['median_ms']:.3f}", f"{r['p95_ms']:.3f}")
            for r in content["searches"]
        ),
    )


def _results(name: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    except OSError as exc:
        raise EdgeAiError(f"bench/results/{name}: {exc.strerror}; measure it first") from exc
    return content


_ACTIONS = ("fall", "lying", "recovered", "run", "flight", "accident")
_COLUMNS = ("results_per_s", "latency_p50_ms", "latency_p95_ms")


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
