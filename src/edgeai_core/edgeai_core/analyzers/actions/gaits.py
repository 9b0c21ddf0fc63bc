"""How people move: who stands, sits, walks and runs, and when several run away at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.analyzers.actions.gait_features import GaitFeatures, gait_features
from edgeai_core.analyzers.actions.gait_model import CLASSES, gait_probabilities
from edgeai_core.analyzers.actions.sights import Person
from edgeai_core.config import param
from edgeai_core.reasons import actions as reasons
from edgeai_core.reasons.wordbook import ITEM

# Seated: the hips are hardly higher than the knees, in torso lengths; 0.75 to 0.95 upright.
_SEATED_THIGH = 0.5
_NAMES = {
    Action.STAND: reasons.STANDS,
    Action.SIT: reasons.SITS,
    Action.WALK: reasons.WALKS,
    Action.FAST_WALK: reasons.WALKS_FAST,
    Action.RUN: reasons.RUNS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GaitsConfig:
    """How gaits are told; group ``gaits``."""

    enabled: bool = param(True, "Tell who stands, sits, walks and runs.")
    window_s: float = param(
        2.0,
        "Speeds and steps are taken over this long. Longer is steadier and later.",
        unit="s",
        minimum=0.9,
        maximum=3.0,
    )
    focal_widths: float = param(
        0.9,
        "Focal length of the camera in picture widths: 0.9 for a view of 58 degrees, 0.5 for 90. "
        "It scales speeds towards and away from the camera only.",
        minimum=0.2,
        maximum=5.0,
    )
    hold_s: float = param(
        0.6,
        "How long somebody must move in another way before that is told.",
        unit="s",
        minimum=0.0,
        maximum=10.0,
    )
    run_probability: float = param(
        0.8,
        "Running is told from this probability on. Lower tells hurried walkers as runners.",
        minimum=0.25,
        maximum=1.0,
    )


@dataclass(slots=True, kw_only=True)
class Gait:
    """How one person moves; owned by `Gaits`.

    Attributes:
        action: what is told, None at first. incident: its number. probability: of the newest
            frame. since_ns: begin of it. wanted, wanted_ns: what it may become, since when.
    """

    action: Action | None = None
    incident: int = 0
    probability: float = 0.0
    since_ns: int = 0
    wanted: Action | None = None
    wanted_ns: int = 0
    features: GaitFeatures | None = field(default=None)


class Gaits:
    """Tells how the people of one camera move; owned by one thread. Time is stamps.

    Args:
        config: how it is told. next_incident: gives a number that was never given.
    """

    def __init__(self, config: GaitsConfig, *, next_incident: Callable[[], int]) -> None:
        self._config = config
        self._next_incident = next_incident
        self._gaits: dict[int, Gait] = {}

    def reset(self) -> None:
        """Forget everybody."""
        self._gaits.clear()

    def update(
        self,
        people: Mapping[int, Person],
        *,
        stamp_ns: int,
        width_px: int,
        height_px: int,
        down: Collection[int],
    ) -> tuple[ActionEvent, ...]:
        """Return what changed with a frame: what ended first, then what began.

        Args:
            people: by track. width_px, height_px: of the frame. down: tracks of people who fall
                or lie, who have no gait.
        """
        if not self._config.enabled:
            return ()
        events: list[ActionEvent] = []
        for track_id in [t for t in self._gaits if t not in people or t in down]:
            gait = self._gaits.pop(track_id)
            person = people.get(track_id)
            if person is not None:
                events += self._ended(gait, person, stamp_ns)
        for track_id, person in people.items():
            if person.last.stamp_ns != stamp_ns or track_id in down:
                continue
            gait = self._gaits.setdefault(track_id, Gait())
            start_ns = stamp_ns - round(self._config.window_s * 1e9)
            gait.features = gait_features(
                list(person.since(start_ns)),
                width_px=width_px,
                height_px=height_px,
                focal_widths=self._config.focal_widths,
            )
            events += self._judged(gait, person, stamp_ns)
        return tuple(events)

    def current(self, people: Mapping[int, Person], stamp_ns: int) -> tuple[ActionEvent, ...]:
        """Return how everybody moves who was seen in the last frame."""
        return tuple(
            _event(gait, people[track_id], stamp_ns)
            for track_id, gait in self._gaits.items()
            if gait.action is not None
            and track_id in people
            and people[track_id].last.stamp_ns == stamp_ns
        )

    def running(self) -> dict[int, Gait]:
        """Return those who run, by track."""
        return {t: gait for t, gait in self._gaits.items() if gait.action is Action.RUN}

    def _judged(self, gait: Gait, person: Person, stamp_ns: int) -> list[ActionEvent]:
        wanted, probability = self._best(gait.features)
        if wanted is None:
            return []
        if wanted is gait.action:
            gait.wanted, gait.probability = None, probability
            return []
        if wanted is not gait.wanted:
            gait.wanted, gait.wanted_ns = wanted, stamp_ns
        if stamp_ns - gait.wanted_ns < self._config.hold_s * 1e9:
            return []
        events = self._ended(gait, person, stamp_ns)
        gait.action, gait.since_ns, gait.wanted = wanted, gait.wanted_ns, None
        gait.probability, gait.incident = probability, self._next_incident()
        return [*events, _event(gait, person, stamp_ns)]

    def _best(self, features: GaitFeatures | None) -> tuple[Action | None, float]:
        if features is None:
            return None, 0.0
        probabilities = dict(gait_probabilities(features))
        if probabilities[Action.RUN] < self._config.run_probability:
            # Too unsure of running is at most a hurried walk.
            probabilities[Action.FAST_WALK] += probabilities.pop(Action.RUN)
        best = max(
            (action for action in CLASSES if action in probabilities),
            key=lambda action: probabilities[action],
        )
        probability = min(1.0, probabilities[best])
        if best is Action.STAND and features.thigh is not None and features.thigh < _SEATED_THIGH:
            return Action.SIT, probability
        return best, probability

    def _ended(self, gait: Gait, person: Person, stamp_ns: int) -> list[ActionEvent]:
        if gait.action is None:
            return []
        return [_event(gait, person, stamp_ns, end_ns=max(gait.since_ns, person.last.stamp_ns))]


def _event(gait: Gait, person: Person, stamp_ns: int, *, end_ns: int | None = None) -> ActionEvent:
    action = gait.action or Action.STAND
    return ActionEvent(
        action=action,
        incident=gait.incident,
        probability=gait.probability,
        track_ids=(person.track_id,),
        box=person.last.box,
        start_ns=gait.since_ns,
        end_ns=gait.since_ns if end_ns is None else end_ns,
        stamp_ns=stamp_ns,
        reason=_reason(action, gait.features),
    )


def _reason(action: Action, features: GaitFeatures | None) -> str:
    gait = _NAMES[action].say()
    if features is None:
        return reasons.GAIT_AS_BEFORE.say(gait=gait)
    told = [reasons.GAIT_SPEED.say(gait=gait, speed=features.speed)]
    if features.lift is not None and features.cadence_hz is not None and action is not Action.STAND:
        told.append(reasons.STEPS.say(lift=features.lift, cadence_hz=features.cadence_hz))
    if action is Action.SIT and features.thigh is not None:
        told.append(reasons.HIPS_ABOVE_KNEES.say(thigh=features.thigh))
    return ITEM.join(told)
