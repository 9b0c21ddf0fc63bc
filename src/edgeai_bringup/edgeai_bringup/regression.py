"""`edgeai test-bag`: what the analyzers see in a recording, against what they must see."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from edgeai_bringup import graph
from edgeai_bringup.bag_alerts import alerts_of
from edgeai_bringup.bag_run import Seen, alone, analyzers_among, show
from edgeai_bringup.preparation import prepare
from edgeai_bringup.report import check_writable, write_json
from edgeai_bringup.settings import parse_settings
from edgeai_core.errors import ConfigError
from edgeai_core.regression.comparison import Comparison, compare
from edgeai_core.regression.expectations import Expectations, read_expectations
from edgeai_core.regression.happenings import Happening, Kind
from edgeai_core.regression.picture import Picture, as_picture
from edgeai_core.regression.report import as_text
from edgeai_core.regression.writing import written
from edgeai_core.types import SessionState
from edgeai_ros_common.bags.pictures import picture_at
from edgeai_ros_common.bags.player import Pace, open_bag
from edgeai_ros_common.convert_happenings import happenings_of
from edgeai_ros_common.running import EXIT_FAILED, EXIT_OK, StopSignal

_ALERTS = "alerts"
_TELLS = {
    Kind.FACE: "face_authenticator",
    Kind.OBJECT: "object_detector",
    Kind.OBJECT_EVENT: "object_detector",
    Kind.HAZARD: "fire_detector",
    Kind.ACTION: "action_recognizer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a recording.

    Attributes:
        seen: answers of the analyzers. happenings: what they tell of, and the alerts.
        digests: topic, or "alerts", -> SHA-256.
    """

    seen: Seen
    happenings: tuple[Happening, ...]
    digests: dict[str, str]


def run_test_bag(arguments: argparse.Namespace) -> int:
    """Look at a recording once or more; return 0 when everything is as expected.

    Raises:
        BagError: there is no such recording, or an analyzer hangs. ConfigError: the expectations or
            a setting are wrong. SetupError: an analyzer cannot be started.
    """
    _check(arguments)
    expectations = read_expectations(arguments.expect) if arguments.expect else Expectations()
    profile = arguments.profile or expectations.profile
    settings = (*expectations.settings, *arguments.settings)
    stop = StopSignal()
    _require_eyes(expectations, arguments.only)
    looks: list[Look] = []
    for _ in range(arguments.repeat):
        look = look_at(arguments, profile=profile, settings=settings, stop=stop)
        if stop.requested:
            return EXIT_FAILED
        looks.append(look)
    print(_told(looks[0]))
    code = EXIT_OK if _are_the_same(looks) else EXIT_FAILED
    if arguments.json is not None:
        write_json(arguments.json, as_json(looks[0]))
    if arguments.write is not None:
        text = written(
            looks[0].happenings,
            looked_for=_kinds(arguments.only),
            profile=profile,
            settings=settings,
        )
        arguments.write.write_text(text, encoding="utf-8")
        print(f"expectations: {arguments.write}; read and correct them")
    if arguments.expect is None:
        return code
    comparison = compare(expectations, looks[0].happenings)
    print(as_text(comparison))
    if arguments.picture is not None:
        _draw(arguments.picture, comparison, arguments.bag, camera=arguments.camera)
    return code if comparison.met else EXIT_FAILED


def look_at(
    arguments: argparse.Namespace, *, profile: str, settings: Sequence[str], stop: StopSignal
) -> Look:
    """Show the recording to the analyzers once.

    Raises:
        as :func:`run_test_bag`.
    """
    given = parse_settings(settings)
    if arguments.gallery is not None:
        # Absolute: the processes of the analyzers need not be where this one is.
        faces = given.setdefault("face_authenticator", {})
        faces["gallery.path"] = str(arguments.gallery.absolute())
    camera = arguments.camera
    with alone():
        plans = prepare(profile, source="topic", camera=camera, settings=given).plans
        seen = show(
            arguments.bag,
            _chosen(plans, arguments.only, runtime=arguments.runtime),
            camera=camera,
            pace=Pace(rate=arguments.rate),
            separate=arguments.separate,
            stop=lambda: stop.requested,
        )
        told = happenings_of(seen.answers, begin_ns=seen.stamps_ns[0])
        alerts, digest = alerts_of(
            seen, plans, camera=camera, state=SessionState[arguments.session]
        )
    return Look(seen=seen, happenings=(*told, *alerts), digests={**seen.digests, _ALERTS: digest})


def as_json(look: Look) -> dict[str, Any]:
    """Return what was seen with its digests."""
    return {
        "pictures": len(look.seen.stamps_ns),
        "lasts_s": round(look.seen.lasts_s, 3),
        "took_s": round(look.seen.took_s, 3),
        "messages": dict(look.seen.counts),
        "digests": look.digests,
        "happenings": [
            {
                "kind": one.kind.value,
                "label": one.label,
                "track": one.track,
                "from_s": round(one.first.at_s, 3),
                "to_s": round(one.last.at_s, 3),
                "moments": len(one.moments),
                "reason": one.reason,
            }
            for one in look.happenings
        ],
    }


def _check(arguments: argparse.Namespace) -> None:
    if arguments.expect is None and arguments.write is None and arguments.json is None:
        raise ConfigError("expected --expect FILE; --write FILE makes one of what is seen")
    if arguments.repeat < 1 or not 0.0 <= arguments.rate < 1e6:
        raise ConfigError(
            f"got --repeat {arguments.repeat} --rate {arguments.rate:g}, expected from 1 and from 0"
        )
    if arguments.picture is not None and arguments.expect is None:
        raise ConfigError("--picture compares: give --expect too")
    if arguments.gallery is not None and not arguments.gallery.is_file():
        raise ConfigError(f"--gallery {arguments.gallery}: no such file")
    if arguments.write is not None and arguments.write.exists():
        raise ConfigError(f"--write {arguments.write}: it exists; nothing is overwritten")
    for file in (arguments.write, arguments.picture, arguments.json):
        if file is not None:
            check_writable(file)
    # Before models are loaded, which takes seconds.
    open_bag(arguments.bag).close()


def _kinds(only: Sequence[str]) -> frozenset[Kind]:
    """Return what these analyzers tell of, all of them where none is named."""
    return frozenset({Kind.ALERT, *(k for k, name in _TELLS.items() if not only or name in only)})


def _require_eyes(expectations: Expectations, only: Sequence[str]) -> None:
    # What nobody looks for is absent, which says nothing.
    blind = sorted(kind.value for kind in expectations.kinds() - _kinds(only))
    if blind:
        raise ConfigError(
            f"--only {' '.join(only)}: nobody looks for what is expected: {', '.join(blind)}; name "
            "the analyzers that tell of it too"
        )


def _chosen(
    plans: Sequence[graph.NodePlan], only: Sequence[str], *, runtime: str
) -> list[graph.NodePlan]:
    analyzers = analyzers_among(plans, runtime=runtime)
    names = [plan.entry.name for plan in analyzers]
    unknown = sorted(set(only) - set(names))
    if unknown:
        raise ConfigError(f"--only: no analyzer {unknown[0]!r}; one of {', '.join(names)}")
    return [plan for plan in analyzers if not only or plan.entry.name in only]


def _told(look: Look) -> str:
    seen = look.seen
    faster = f", {seen.lasts_s / seen.took_s:.1f} times real time" if seen.took_s > 0 else ""
    return (
        f"{len(seen.stamps_ns)} pictures over {seen.lasts_s:.1f} s, {sum(seen.counts.values())} "
        f"messages, {len(look.happenings)} happenings; took {seen.took_s:.1f} s{faster}"
    )


def _are_the_same(looks: Sequence[Look]) -> bool:
    first = looks[0].digests
    same = True
    for number, look in enumerate(looks[1:], start=2):
        topics = sorted(t for t in {*first, *look.digests} if first.get(t) != look.digests.get(t))
        if topics:
            same = False
            print(f"look {number} differs from look 1: {', '.join(topics)}", file=sys.stderr)
    if same and len(looks) > 1:
        print(f"{len(looks)} looks gave the same messages, bit for bit")
    return same


def _draw(path: Path, comparison: Comparison, bag: Path, *, camera: str) -> None:
    def frame_at(at_s: float) -> Picture | None:
        frame = picture_at(bag, at_s, topic=f"/{camera}/image_raw")
        return None if frame is None else frame.image

    done, png = cv2.imencode(".png", as_picture(comparison, frame_at=frame_at))
    assert done  # a picture of 8 bits and three channels always is a PNG
    path.write_bytes(png.tobytes())
    print(f"picture: {path}")
