"""The alerts that an engine remembers, found by what they are about and by where it is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from edgeai_core.errors import ConfigError
from edgeai_core.types import Alert, AlertEvent

# category, camera, subject
AlertKey = tuple[str, str, str]
# category, camera or group of cameras, zone, what it is
Place = tuple[str, str, str, str]

# Their subjects are numbers of tracks or begin times, which say nothing about who or what it is:
# the same thing gets another one when its track breaks or another camera sees it.
TRACKED_CATEGORIES = frozenset(
    {
        "unknown_face",
        "watched_object",
        "weapon",
        "unattended_bag",
        "abandoned_bag",
        "taken_bag",
        "lingering",
        "zone_entered",
        "fall",
        "lying",
        "run",
        "flight",
        "fight",
        "accident",
        "start_fire",
        "fire",
    }
)
# Of one alert; the oldest is forgotten first.
_MAX_SUBJECTS = 64


def key_of(event: AlertEvent) -> AlertKey:
    """Return what an event is about."""
    return event.category, event.camera, event.subject


def parse_camera_groups(texts: Sequence[str]) -> dict[str, str]:
    """Return the group's name of every camera of the groups ``NAME: CAMERA, CAMERA``.

    Raises:
        ConfigError: a group is not written like that, or a camera is in two of them.
    """
    group_of: dict[str, str] = {}
    for text in texts:
        name, colon, rest = text.partition(":")
        cameras = [camera.strip() for camera in rest.split(",")]
        if not colon or not name.strip() or len(cameras) < 2 or not all(cameras):
            raise ConfigError(
                f"camera group {text!r}: expected a name and two or more cameras, as in "
                "'front: entrance, porch'"
            )
        for camera in cameras:
            if camera in group_of:
                raise ConfigError(
                    f"camera group {name.strip()!r}: camera {camera!r} is in group "
                    f"{group_of[camera]!r} already; a camera is in one group only"
                )
            # A slash cannot be in the name of a camera's namespace as we use it: no mix-up.
            group_of[camera] = f"{name.strip()}/"
    return group_of


def place_of(event: AlertEvent, group_of: Mapping[str, str]) -> Place:
    """Return where an event happens, and what it is as far as other tracks and cameras agree."""
    what = event.title if event.category in TRACKED_CATEGORIES else event.subject
    return event.category, group_of.get(event.camera, event.camera), event.zone, what


@dataclass(slots=True)
class Entry:
    """An alert and what the engine has to know of it; all times are monotonic seconds.

    Attributes:
        alert: with all that was merged into it. place: where it was raised.
        raised_at_s: first event. seen_at_s: latest event or end.
        sent_at_s: when people were told last; None while the present telling is not sent.
        subjects: what it is about, and whether that goes on.
        merged: an event came in since updates were taken.
    """

    alert: Alert
    place: Place
    raised_at_s: float
    seen_at_s: float
    sent_at_s: float | None = None
    subjects: OrderedDict[AlertKey, bool] = field(default_factory=OrderedDict)
    merged: bool = False


class AlertMemory:
    """Entries in the order of age: those to be sent by their raising, the others by their sending.

    It does not bound itself: its owner drops `oldest` beyond its limit.
    """

    def __init__(self) -> None:
        self._unsent: OrderedDict[str, Entry] = OrderedDict()
        self._sent: OrderedDict[str, Entry] = OrderedDict()
        self._by_key: dict[AlertKey, Entry] = {}
        self._by_place: dict[Place, Entry] = {}

    def __len__(self) -> int:
        return len(self._unsent) + len(self._sent)

    def __iter__(self) -> Iterator[Entry]:
        yield from (*self._unsent.values(), *self._sent.values())

    def by_id(self, alert_id: str) -> Entry | None:
        return self._unsent.get(alert_id) or self._sent.get(alert_id)

    def by_key(self, key: AlertKey) -> Entry | None:
        return self._by_key.get(key)

    def by_place(self, place: Place) -> Entry | None:
        return self._by_place.get(place)

    def unsent(self) -> Iterable[Entry]:
        return self._unsent.values()

    def oldest(self) -> Entry:
        """Return the entry to give up first: what was sent is the smaller loss."""
        return next(iter((self._sent or self._unsent).values()))

    def add(self, entry: Entry) -> None:
        """Remember an entry under the subject of its alert's event."""
        self._by_place[entry.place] = entry
        self.add_subject(entry, key_of(entry.alert.event))
        self.refile(entry)

    def add_subject(self, entry: Entry, key: AlertKey) -> None:
        """Note that an alert is also about this, and that it goes on."""
        other = self._by_key.get(key)
        if other is not None and other is not entry:
            other.subjects.pop(key, None)
        self._by_key[key] = entry
        entry.subjects[key] = True
        entry.subjects.move_to_end(key)
        if len(entry.subjects) > _MAX_SUBJECTS:
            oldest, _ = entry.subjects.popitem(last=False)
            self._by_key.pop(oldest, None)

    def refile(self, entry: Entry) -> None:
        """Put an entry at the end of the line where `sent_at_s` says it belongs."""
        alert_id = entry.alert.alert_id
        self._unsent.pop(alert_id, None)
        self._sent.pop(alert_id, None)
        (self._unsent if entry.sent_at_s is None else self._sent)[alert_id] = entry

    def rewrite(
        self, entry: Entry, *, alert: Alert, place: Place, subject_of: Callable[[str], str]
    ) -> None:
        """Let an entry be about the same things under other names.

        Args:
            entry: remembered. alert, place: from now on. subject_of: new subject of an old one.
        """
        subjects = tuple(entry.subjects.items())
        self._let_go(entry)
        entry.subjects.clear()
        entry.alert, entry.place = alert, place
        self._by_place[place] = entry
        for (category, camera, subject), goes_on in subjects:
            key = (category, camera, subject_of(subject))
            self.add_subject(entry, key)
            entry.subjects[key] = goes_on

    def drop(self, entry: Entry) -> None:
        """Forget an entry."""
        self._unsent.pop(entry.alert.alert_id, None)
        self._sent.pop(entry.alert.alert_id, None)
        self._let_go(entry)

    def _let_go(self, entry: Entry) -> None:
        for key in entry.subjects:
            if self._by_key.get(key) is entry:
                del self._by_key[key]
        if self._by_place.get(entry.place) is entry:
            del self._by_place[entry.place]


class Changes:
    """Ends, new beginnings and acknowledgements that nobody has taken yet; one per alert.

    Who takes them late sees where an alert stands, not every step. Drop policy: the oldest.
    """

    def __init__(self, *, capacity: int) -> None:
        self._capacity = capacity
        self._alerts: OrderedDict[str, Alert] = OrderedDict()

    def note(self, alert: Alert) -> int:
        """Note where an alert stands; return how many others were dropped for it."""
        self._alerts[alert.alert_id] = alert
        self._alerts.move_to_end(alert.alert_id)
        if len(self._alerts) <= self._capacity:
            return 0
        self._alerts.popitem(last=False)
        return 1

    def forget(self, alert_id: str) -> None:
        self._alerts.pop(alert_id, None)

    def rewrite(self, rewritten: Callable[[Alert], Alert]) -> None:
        """Replace every alert that waits by what `rewritten` makes of it."""
        for alert_id, alert in self._alerts.items():
            self._alerts[alert_id] = rewritten(alert)

    def take(self) -> tuple[Alert, ...]:
        """Return what was noted, oldest first, and forget it."""
        taken = tuple(self._alerts.values())
        self._alerts.clear()
        return taken
