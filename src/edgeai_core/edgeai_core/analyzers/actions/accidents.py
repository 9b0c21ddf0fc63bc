"""Accidents over time: crashes of tracked vehicles, and people who are run over."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.analyzers.actions.accident_rules import (
    AccidentsConfig,
    Evidence,
    around,
    crash,
    gap_px,
    run_over,
)
from edgeai_core.analyzers.actions.vehicles import VEHICLE_LABELS, Jolt, Vehicle
from edgeai_core.geometry import Box
from edgeai_core.types import Detection

_WINDOW_NS = 4_000_000_000
_MAX_VEHICLES = 64
# Boxes that come this near to the picture's edge are cut there: their middles say nothing.
_EDGE_SHARE = 0.01
# Jolts this near in time are of one crash.
_AT_ONCE_NS = 400_000_000
# When so many vehicles are jolted within this, at least half of all, it is the camera that is.
_SHAKEN, _SHAKEN_NS = 3, 1_000_000_000
# A certainty that rises by this is told anew.
_MORE_SURE = 0.1


class Accidents:
    """Watches the vehicles of one camera; owned by one thread. Time is stamps.

    Args:
        config: when an accident is told. next_incident: gives a number that was never given.
    """

    def __init__(self, config: AccidentsConfig, *, next_incident: Callable[[], int]) -> None:
        self._config = config
        self._next_incident = next_incident
        self._vehicles: dict[int, Vehicle] = {}
        self._jolts: dict[int, Jolt] = {}
        self._judged: set[int] = set()
        self._accidents: list[ActionEvent] = []
        self._evidence_ns: dict[int, int] = {}
        self._falls_seen: set[int] = set()

    def reset(self) -> None:
        """Forget all vehicles and accidents."""
        self._vehicles.clear()
        self._jolts.clear()
        self._judged.clear()
        self._accidents.clear()
        self._evidence_ns.clear()
        self._falls_seen.clear()

    def update(
        self,
        detections: Sequence[Detection],
        falls: Sequence[ActionEvent],
        *,
        stamp_ns: int,
        area: Box,
    ) -> tuple[ActionEvent, ...]:
        """Return what changed with a frame.

        Args:
            detections: what the tracker returned for the frame, any labels. falls: of people,
                that last. stamp_ns: the frame's. area: of the picture within bars, pixels.
        """
        if not self._config.enabled:
            return ()
        self._see(detections, stamp_ns, area)
        events = [
            event
            for evidence in (*self._crashes(stamp_ns), *self._people_down(falls, stamp_ns))
            if (event := self._told(evidence, stamp_ns)) is not None
        ]
        return (*events, *self._ended(stamp_ns))

    def current(self, stamp_ns: int) -> tuple[ActionEvent, ...]:
        """Return the accidents that last."""
        return tuple(
            dataclasses.replace(accident, stamp_ns=stamp_ns) for accident in self._accidents
        )

    def _see(self, detections: Sequence[Detection], stamp_ns: int, area: Box) -> None:
        margin_px = _EDGE_SHARE * max(area.width_px, area.height_px)
        for detection in detections:
            track_id, box = detection.track_id, detection.box
            if detection.label not in VEHICLE_LABELS or track_id is None:
                continue
            if box.height_px < self._config.min_height_px or _is_cut(box, area, margin_px):
                continue
            if track_id not in self._vehicles and len(self._vehicles) < _MAX_VEHICLES:
                self._vehicles[track_id] = Vehicle(track_id, detection.label)
            if track_id in self._vehicles:
                self._vehicles[track_id].add(stamp_ns, box)
        self._vehicles = {
            track_id: vehicle
            for track_id, vehicle in self._vehicles.items()
            if stamp_ns - vehicle.last_ns <= _WINDOW_NS
        }
        self._jolts = {t: jolt for t, jolt in self._jolts.items() if t in self._vehicles}
        self._judged &= self._jolts.keys()

    def _crashes(self, stamp_ns: int) -> list[Evidence]:
        for track_id, vehicle in self._vehicles.items():
            jolt = vehicle.jolt(stamp_ns) if vehicle.last_ns == stamp_ns else None
            if jolt is not None and jolt.change >= self._config.jolt:
                self._keep(track_id, jolt)
        due_ns = stamp_ns - round(self._config.confirm_s * 1e9)
        due = [
            track_id
            for track_id, jolt in self._jolts.items()
            if jolt.stamp_ns <= due_ns and track_id not in self._judged
        ]
        self._judged.update(due)
        found = []
        for track_id in due:
            jolt = self._jolts[track_id]
            if self._is_shaken(jolt.stamp_ns):
                continue
            vehicle = self._vehicles[track_id]
            evidence = crash(
                vehicle,
                jolt,
                others=[v for t, v in self._vehicles.items() if t != track_id],
                jolts=self._jolts_within(_AT_ONCE_NS, jolt.stamp_ns),
                config=self._config,
                now_ns=stamp_ns,
            )
            if evidence is not None:
                found.append(evidence)
        return found

    def _jolts_within(self, span_ns: int, stamp_ns: int) -> dict[int, Jolt]:
        return {t: j for t, j in self._jolts.items() if abs(j.stamp_ns - stamp_ns) <= span_ns}

    def _is_shaken(self, stamp_ns: int) -> bool:
        jolted = len(self._jolts_within(_SHAKEN_NS, stamp_ns))
        return jolted >= max(_SHAKEN, len(self._vehicles) / 2)

    def _keep(self, track_id: int, jolt: Jolt) -> None:
        """Keep the strongest of the jolts that pictures in a row give for one break."""
        known = self._jolts.get(track_id)
        if known is not None and track_id not in self._judged and known.change >= jolt.change:
            return
        if known is not None and track_id in self._judged:
            if jolt.stamp_ns - known.stamp_ns <= self._config.confirm_s * 1e9:
                return
            self._judged.discard(track_id)
        self._jolts[track_id] = jolt

    def _people_down(self, falls: Sequence[ActionEvent], stamp_ns: int) -> list[Evidence]:
        new = [fall for fall in falls if fall.incident not in self._falls_seen]
        self._falls_seen = {fall.incident for fall in falls}
        vehicles = list(self._vehicles.values())
        found = (
            run_over(fall.box, vehicles, fell_ns=fall.start_ns, config=self._config) for fall in new
        )
        return [evidence for evidence in found if evidence is not None]

    def _told(self, evidence: Evidence, stamp_ns: int) -> ActionEvent | None:
        """Return the event of new evidence; None where it makes a known accident no surer."""
        tracks = tuple(sorted(vehicle.track_id for vehicle in evidence.vehicles))
        known = next((a for a in self._accidents if _is_same(a, evidence, tracks)), None)
        if known is None:
            event = ActionEvent(
                action=Action.ACCIDENT,
                incident=self._next_incident(),
                probability=evidence.probability,
                track_ids=tracks,
                box=evidence.box,
                start_ns=evidence.start_ns,
                end_ns=evidence.start_ns,
                stamp_ns=stamp_ns,
                reason=evidence.reason,
            )
            self._accidents.append(event)
            self._evidence_ns[event.incident] = stamp_ns
            return event
        self._evidence_ns[known.incident] = stamp_ns
        if evidence.probability < known.probability + _MORE_SURE:
            return None
        event = dataclasses.replace(
            known,
            probability=evidence.probability,
            track_ids=tuple(sorted({*known.track_ids, *tracks})),
            box=around([known.box, evidence.box]),
            stamp_ns=stamp_ns,
            reason=evidence.reason,
        )
        self._accidents[self._accidents.index(known)] = event
        return event

    def _ended(self, stamp_ns: int) -> list[ActionEvent]:
        limit_ns = self._config.over_after_s * 1e9
        over = [a for a in self._accidents if stamp_ns - self._evidence_ns[a.incident] > limit_ns]
        self._accidents = [a for a in self._accidents if a not in over]
        return [
            dataclasses.replace(a, end_ns=self._evidence_ns.pop(a.incident), stamp_ns=stamp_ns)
            for a in over
        ]


def _is_same(accident: ActionEvent, evidence: Evidence, tracks: tuple[int, ...]) -> bool:
    """Whether evidence is of a known accident: one of the same vehicles, or at the same place."""
    return bool(set(tracks) & set(accident.track_ids)) or gap_px(accident.box, evidence.box) == 0


def _is_cut(box: Box, area: Box, margin_px: float) -> bool:
    return (
        box.x_min_px <= area.x_min_px + margin_px
        or box.y_min_px <= area.y_min_px + margin_px
        or box.x_max_px >= area.x_max_px - margin_px
        or box.y_max_px >= area.y_max_px - margin_px
    )
