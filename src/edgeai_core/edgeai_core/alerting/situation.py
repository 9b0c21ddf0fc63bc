"""Who is in view and what happened lately, as far as rules ask."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from edgeai_core.alerting.forgetting import Forgotten, ForgottenPeople
from edgeai_core.alerting.rules import ANYBODY, When
from edgeai_core.types import AlertEvent, AuthState, Detection, FaceMatch, SessionState

PERSON_LABEL = "person"
_MAX_CAMERAS = 256
_MAX_PEOPLE = 256
# Analyzers look at frames of a few moments ago, each at others; a stamp further back is a clock
# that was set or a recording that begins again.
_JUMP_NS = 2_000_000_000
# Categories times cameras; more than there are.
_MAX_HAPPENINGS = 4096


@dataclass(slots=True)
class _Count:
    number: int = 0
    stamp_ns: int = 0


class Situation:
    """Memory of people and events, bounded; one thread owns it.

    When the stamps of a camera go back, what it showed after them is forgotten: it has not happened
    yet, and when that time comes it must not seem to have.

    Args:
        hold_s: how long somebody who is not seen any more still counts as being there.
    """

    def __init__(self, *, hold_s: float) -> None:
        self._hold_ns = round(hold_s * 1e9)
        self._faces: OrderedDict[str, _Count] = OrderedDict()
        self._bodies: OrderedDict[str, _Count] = OrderedDict()
        self._people: OrderedDict[tuple[str, str], tuple[str, int]] = OrderedDict()
        self._happened: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._latest_ns: OrderedDict[str, int] = OrderedDict()
        self._access = AuthState(state=SessionState.LOCKED)
        self._forgotten = ForgottenPeople()

    @property
    def state(self) -> SessionState:
        """State of the session, as the supervisor told last."""
        return self._access.state

    def see_faces(self, matches: Sequence[FaceMatch], *, stamp_ns: int, camera: str) -> None:
        """Note the faces of one frame."""
        self._turn_to(camera, stamp_ns)
        _note(self._faces, camera, len(matches), stamp_ns)
        for match in matches:
            if match.recognised and match.person_id not in self._forgotten:
                self._people[camera, match.person_id] = (match.person_name, stamp_ns)
                self._people.move_to_end((camera, match.person_id))
        while len(self._people) > _MAX_PEOPLE:
            self._people.popitem(last=False)

    def see_objects(self, detections: Sequence[Detection], *, stamp_ns: int, camera: str) -> None:
        """Note the objects of one frame."""
        self._turn_to(camera, stamp_ns)
        number = sum(detection.label == PERSON_LABEL for detection in detections)
        _note(self._bodies, camera, number, stamp_ns)

    def see_access(self, state: AuthState) -> None:
        """Note who has access."""
        # Nothing asks for the reason, which may name somebody.
        self._access = dataclasses.replace(state, reason="")
        if state.person_id in self._forgotten:
            # The session goes on until the supervisor ends it, but it is nobody's.
            self._access = dataclasses.replace(self._access, person_id="", person_name="")

    def forget_person(self, person: Forgotten) -> None:
        """Forget that a person was seen or had access; the person counts as unknown from now on."""
        self._forgotten.add(person)
        for key in [key for key in self._people if key[1] == person.person_id]:
            del self._people[key]
        self.see_access(self._access)

    def note(self, event: AlertEvent) -> None:
        """Note that something happened."""
        self._turn_to(event.camera, event.stamp_ns)
        key = (event.category, event.camera)
        self._happened[key] = event.stamp_ns
        self._happened.move_to_end(key)
        if len(self._happened) > _MAX_HAPPENINGS:
            self._happened.popitem(last=False)

    def _turn_to(self, camera: str, stamp_ns: int) -> None:
        latest_ns = self._latest_ns.get(camera, stamp_ns)
        if stamp_ns < latest_ns - _JUMP_NS:
            self._forget_after(camera, stamp_ns)
            latest_ns = stamp_ns
        self._latest_ns[camera] = max(latest_ns, stamp_ns)
        self._latest_ns.move_to_end(camera)
        if len(self._latest_ns) > _MAX_CAMERAS:
            self._latest_ns.popitem(last=False)

    def _forget_after(self, camera: str, stamp_ns: int) -> None:
        for counts in (self._faces, self._bodies):
            if camera in counts and counts[camera].stamp_ns > stamp_ns:
                del counts[camera]
        for person in [p for p, (_, at_ns) in self._people.items() if at_ns > stamp_ns]:
            if person[0] == camera:
                del self._people[person]
        for event in [e for e, at_ns in self._happened.items() if at_ns > stamp_ns]:
            if event[1] == camera:
                del self._happened[event]

    def meets(self, when: When, event: AlertEvent) -> bool:
        """Return whether the conditions of a rule hold at the stamp of an event.

        People whom no camera could see or name are not there: `max` and `absent` hold then, `min`
        and `present` do not.
        """
        camera = None if when.anywhere else event.camera
        persons = when.persons_in_view
        return (
            persons.min <= self._persons(camera, event.stamp_ns) <= persons.max
            and (not when.present or self._is_there(when.present, camera, event.stamp_ns))
            and not self._is_there(when.absent, camera, event.stamp_ns)
            and (not when.seen or self._has_happened(when.seen, camera, event, when.within_s))
            and not self._has_happened(when.not_seen, camera, event, when.within_s)
        )

    def _persons(self, camera: str | None, now_ns: int) -> int:
        cameras = [camera] if camera is not None else list({*self._faces, *self._bodies})
        # Somebody seen from behind has no face, and faces near the lens have no body.
        return sum(
            max(
                self._number(self._faces.get(name), now_ns),
                self._number(self._bodies.get(name), now_ns),
            )
            for name in cameras
        )

    def _number(self, count: _Count | None, now_ns: int) -> int:
        fresh = count is not None and abs(now_ns - count.stamp_ns) <= self._hold_ns
        return count.number if count is not None and fresh else 0

    def _is_there(self, names: Sequence[str], camera: str | None, now_ns: int) -> bool:
        if not names:
            return False
        there = {
            name.casefold()
            for (where, person_id), (person_name, seen_ns) in self._people.items()
            if camera in (None, where) and abs(now_ns - seen_ns) <= self._hold_ns
            for name in (person_id, person_name)
        }
        if self._access.state is SessionState.ACTIVE and now_ns < self._access.expires_ns:
            there |= {self._access.person_id.casefold(), self._access.person_name.casefold()}
        there.discard("")
        return bool(there) and any(name == ANYBODY or name.casefold() in there for name in names)

    def _has_happened(
        self, categories: Sequence[str], camera: str | None, event: AlertEvent, within_s: float
    ) -> bool:
        within_ns = round(within_s * 1e9)
        return any(
            category in categories
            and camera in (None, where)
            and 0 <= event.stamp_ns - stamp_ns <= within_ns
            for (category, where), stamp_ns in self._happened.items()
        )


def _note(counts: OrderedDict[str, _Count], camera: str, number: int, stamp_ns: int) -> None:
    counts[camera] = _Count(number, stamp_ns)
    counts.move_to_end(camera)
    if len(counts) > _MAX_CAMERAS:
        counts.popitem(last=False)
