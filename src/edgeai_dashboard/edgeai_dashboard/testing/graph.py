"""A graph of fixed answers behind a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from edgeai_core.alerting.retelling import reason_in_languages, title_in_languages
from edgeai_core.reasons import in_languages
from edgeai_core.user_settings import SettingValue
from edgeai_dashboard.backend import AlertQuery, Evidence, GraphError, Json, LivePicture
from edgeai_dashboard.sessions import Caller
from edgeai_dashboard.zone_slots import ZoneSlot

ALERT_ID = "a" * 32
_STAMP_MS = 1_700_000_000_000


def jpeg(*, shade: int = 128, width_px: int = 64, height_px: int = 48) -> bytes:
    """Return a grey picture."""
    image = np.full((height_px, width_px, 3), shade, np.uint8)
    return bytes(cv2.imencode(".jpg", image)[1].tobytes())


EXPLANATION = "gun 0.91; occlusion, 96 looks: hiding the hottest fifth leaves 12 % of the score"


def alert(number: int = 0, **changes: object) -> Json:
    """Return an alert as the page gets it."""
    view: Json = {
        "id": f"{number:032x}" if number else ALERT_ID,
        "category": "unknown_face",
        "severity": "warning",
        "title": "Unknown face at the door",
        "reason": "unknown in 15 of 15 frames, nearest distance 0.72 of 0.55",
        "source": "face_authenticator",
        "camera": "camera",
        "zone": "door",
        "score": 0.91,
        "stamp_ms": _STAMP_MS + number,
        "raised_ms": _STAMP_MS + number,
        "count": 3,
        "state": "raised",
        "acknowledged_by": "",
        "evidence": ["snapshot", "explanation"],
    }
    view |= changes
    view["titles"] = title_in_languages(view["title"])
    view["reasons"] = reason_in_languages(view["reason"])
    return view


class FakeGraph:
    """Answers as a graph would and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.uploaded: list[tuple[str, bytes, int]] = []
        self.armed: list[str] = []
        self.stored = [alert()]
        self.members: list[Json] = [
            {
                "id": "1" * 32,
                "name": "Ada",
                "role": "owner",
                "authorised": True,
                "refusals": in_languages(""),
            }
        ]
        self.cameras = ["camera"]
        # What is drawn for all cameras, for one, and what is set for one.
        self.places: dict[str, list[str]] = {"watched": [], "lines": [], "masks": []}
        self.own_places: dict[str, dict[str, list[str]]] = {}
        self.own: dict[tuple[str, str], SettingValue] = {}
        self.published: asyncio.Queue[Json] = asyncio.Queue()
        self.pictures: list[LivePicture] = [
            LivePicture(
                head={
                    "camera": "camera",
                    "width": 320,
                    "height": 240,
                    "stamp_ms": _STAMP_MS + number,
                    "faces": [
                        {
                            "box": [40, 40, 120, 150],
                            "name": "Ada",
                            "authorised": True,
                            "notes": in_languages(""),
                        }
                    ],
                    "objects": [
                        {"box": [150, 70, 300, 225], "label": "chair", "score": 0.8, "track": "4"}
                    ],
                },
                jpeg=jpeg(shade=40 * number, width_px=320, height_px=240),
            )
            for number in range(6)
        ]

    def snapshot(self) -> Json:
        return {
            "session": {
                "state": "active",
                "person_name": "Ada",
                "reasons": in_languages("Ada is recognised and authorised"),
                "armed": list(self.armed),
            },
            "analyzers": ["object_detector", "fire_detector"],
            "nodes": [
                {
                    "name": "/camera/fire_detector",
                    "state": "active",
                    "level": "ok",
                    "message": "9.8 results/s",
                    "results_per_s": 9.8,
                    "latency_p50_ms": 28.0,
                    "latency_p95_ms": 41.0,
                    "dropped": 12,
                    "rejected": 0,
                    "model": "fire_lite0",
                    "runtime": "openvino",
                },
                {"name": "/camera/object_detector", "state": "silent", "level": "stale"},
            ],
            "cameras": list(self.cameras),
        }

    @asynccontextmanager
    async def alerts_feed(self) -> AsyncIterator[AsyncIterator[Json]]:
        async def alerts() -> AsyncIterator[Json]:
            while True:
                yield await self.published.get()

        yield alerts()

    @asynccontextmanager
    async def watch(self, camera: str) -> AsyncIterator[AsyncIterator[LivePicture]]:
        self._check(camera)
        self.asked.append(("watch", camera))

        async def pictures() -> AsyncIterator[LivePicture]:
            while True:
                for picture in self.pictures:
                    yield replace(picture, head={**picture.head, "camera": camera})
                    await asyncio.sleep(0.1)

        try:
            yield pictures()
        finally:
            self.asked.append(("unwatch", camera))

    async def set_armed(self, caller: Caller, analyzers: Sequence[str]) -> str:
        self.armed = list(analyzers)
        return f"armed: {', '.join(analyzers) or 'nothing'}"

    async def lock(self) -> str:
        return "the session is over"

    async def alerts(self, caller: Caller, query: AlertQuery) -> Json:
        self.asked.append(("alerts", query))
        found = [a for a in self.stored if query.text.lower() in str(a["title"]).lower()]
        return {"alerts": found[: query.limit], "more": len(found) > query.limit}

    async def acknowledge(self, caller: Caller, alert_id: str) -> str:
        for stored in self.stored:
            if stored["id"] == alert_id:
                stored |= {"acknowledged_by": caller.name, "state": "acknowledged"}
                return "acknowledged"
        raise GraphError(f"acknowledge: no alert {alert_id!r} is stored")

    async def evidence(self, caller: Caller, alert_id: str, kind: str) -> Evidence:
        if kind == "odd":
            return Evidence(media_type="text/html", data=b"<script>")
        picture = jpeg(shade=90, width_px=320, height_px=240)
        if kind == "explanation":
            # As the recorder keeps it: the sentence is the comment after the first marker.
            size = (len(EXPLANATION) + 2).to_bytes(2, "big")
            picture = picture[:2] + b"\xff\xfe" + size + EXPLANATION.encode() + picture[2:]
        return Evidence(media_type="image/jpeg", data=picture)

    async def people(self, caller: Caller) -> list[Json]:
        return list(self.members)

    async def enrol(self, caller: Caller, *, name: str, source: Path, authorised: bool) -> Json:
        files = sorted(source.iterdir()) if source.is_dir() else [source]
        self.uploaded = [(f.name, f.read_bytes(), f.stat().st_mode & 0o777) for f in files]
        self.asked.append(("enrol", name, authorised, source))
        if name == "Nobody":
            raise GraphError("no frame shows a face that is good enough")
        person = {"id": "2" * 32, "name": name, "role": "member", "authorised": authorised}
        refusals = in_languages("" if authorised else "enrolled but not authorised")
        self.members.append({**person, "refusals": refusals})
        return {"message": f"enrolled {name}", "accepted": 5, "rejected": 1}

    async def manage_person(self, caller: Caller, *, action: str, name: str, value: str) -> str:
        self.asked.append((action, name, value))
        if action == "forget":
            self.members = [person for person in self.members if person["name"] != name]
        return f"{action}: {name}"

    async def things(self, caller: Caller) -> list[Json]:
        return [
            {
                "thing": "wallet",
                "camera": "camera",
                "place": "on the shelf, beside a book",
                "score": 0.77,
                "in_view": False,
                "stamp_ms": _STAMP_MS,
                "has_picture": True,
            }
        ]

    async def thing_snapshot(self, caller: Caller, *, thing: str, camera: str) -> bytes:
        return jpeg(shade=60, width_px=160, height_px=120)

    async def settings(self, camera: str) -> list[Json]:
        self._check(camera)
        name = "fire.unattended_after_s"
        own = {c: value for (c, n), value in self.own.items() if n == name}
        parameter = {
            "name": name,
            "kind": "float",
            "value": own.get(camera, 600.0),
            "description": "How long a flame may burn alone [s]",
            "minimum": 1.0,
            "maximum": 86400.0,
            "choices": (),
            "kept": camera in own,
            "own_at": [c for c in own if camera in ("", c)],
        }
        views = [("fire_detector", [camera] if camera else self.cameras, [parameter])]
        if not camera:
            views.append(("supervisor", [], []))
        return [
            {
                "node": node,
                "cameras": cameras,
                "problem": "",
                "at_start_only": node == "supervisor",
                "parameters": parameters,
            }
            for node, cameras, parameters in views
        ]

    async def apply(self, node: str, values: Mapping[str, SettingValue], *, camera: str) -> str:
        self._check(camera)
        self.asked.append(("apply", node, dict(values), camera))
        for name, value in values.items() if camera else ():
            self.own[(camera, name)] = value
        return f"{node} works with it now"

    async def follow(self, node: str, name: str, *, camera: str) -> str:
        self._check(camera)
        self.asked.append(("follow", node, name, camera))
        self.own.pop((camera, name), None)
        return f"{node} of {camera} works with what holds for all now"

    async def zones(self, camera: str) -> list[Json]:
        self._check(camera)
        own = self.own_places.get(camera, {})
        return [
            {
                "key": key,
                "zones": own.get(key, zones),
                "shared": [] if key in own else zones,
                "line": key == "lines",
            }
            for key, zones in self.places.items()
        ]

    async def draw(self, slot: ZoneSlot, texts: Sequence[str], *, camera: str) -> str:
        self._check(camera)
        places = self.own_places.setdefault(camera, {}) if camera else self.places
        places[slot.key] = list(texts)
        return f"{slot.node} works with it now"

    def _check(self, camera: str) -> None:
        if camera and camera not in self.cameras:
            raise GraphError(f"no camera {camera!r}; known: {', '.join(self.cameras)}")
