"""What tells a crash from traffic: velocities that no brake and no steering changes so, touches.

Tyres hold about 1 g: 9.8 m/s2 are 2.2 car lengths per second within a second. What changes a
velocity faster is another vehicle, a wall or a pole.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_core.analyzers.actions.vehicles import Jolt, Vehicle
from edgeai_core.config import param
from edgeai_core.geometry import Box
from edgeai_core.reasons import accidents as reasons
from edgeai_core.reasons.wordbook import ITEM

# A direction is believed from this speed on, car lengths per second.
_MIN_HEADING_SPEED = 0.4
_TURN_DEG = 60.0
# Of two vehicles that touch in the picture one may be far behind the other: how far their sizes
# and their wheels may be apart, as a ratio and in heights of the lower one.
_MAX_SCALE_RATIO, _MAX_WHEELS_APART = 1.6, 0.6
_TOUCH_NS = 300_000_000
# How sure an accident is: a stop or a turn alone; with a touch; with both vehicles jolted; and
# a person down beside a vehicle that moved. By order of evidence, not counted: there is no
# footage of accidents at a camera's rate to count on.
P_ALONE, P_TOUCH, P_TOUCH_AND_STOP, P_BOTH_JOLTED, P_PERSON_DOWN = 0.55, 0.7, 0.85, 0.9, 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class AccidentsConfig:
    """When an accident is told; group ``accidents``. Car lengths are of 4.5 m."""

    enabled: bool = param(True, "Tell accidents of vehicles, and people who are run over.")
    min_height_px: float = param(
        20.0,
        "Vehicles whose box is lower are left out: how they move is not seen well enough.",
        unit="px",
        minimum=8.0,
        maximum=1000.0,
    )
    jolt: float = param(
        1.3,
        "By how much a velocity must change within half a second, in car lengths per second. "
        "Brakes and steering change it by 1.1 at most; lower takes hard braking for a crash.",
        minimum=0.5,
        maximum=10.0,
    )
    stopped: float = param(
        0.25,
        "Up to which speed a vehicle stands, in car lengths per second.",
        minimum=0.05,
        maximum=1.0,
    )
    confirm_s: float = param(
        1.0,
        "How long what came of it is looked at before an accident is told.",
        unit="s",
        minimum=0.5,
        maximum=3.0,
    )
    touch: float = param(
        0.15,
        "Vehicles touch when their boxes are this near to each other, in car lengths.",
        minimum=0.0,
        maximum=1.0,
    )
    person_distance: float = param(
        0.5,
        "Somebody who falls this near to a moving vehicle, in car lengths, was run over.",
        minimum=0.0,
        maximum=3.0,
    )
    over_after_s: float = param(
        30.0,
        "An accident is over when nothing new is seen of it for this long.",
        unit="s",
        minimum=1.0,
        maximum=3600.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for an accident.

    Attributes:
        probability: 0..1. vehicles: that take part, the jolted one first. box: around them,
            pixels. start_ns: when it happened. reason: with the figures that decided.
    """

    probability: float
    vehicles: tuple[Vehicle, ...]
    box: Box
    start_ns: int
    reason: str


def crash(
    vehicle: Vehicle,
    jolt: Jolt,
    *,
    others: list[Vehicle],
    jolts: dict[int, Jolt],
    config: AccidentsConfig,
    now_ns: int,
) -> Evidence | None:
    """Return what speaks for a crash of a vehicle; None when that is too little.

    Args:
        jolt: of the vehicle, `confirm_s` before. others: the other vehicles. jolts: by track, of
            the same seconds.
    """
    after = vehicle.motion(jolt.stamp_ns + 100_000_000, now_ns)
    stands = after is not None and after.speed <= config.stopped
    slow = min(jolt.before.speed, jolt.after.speed) < _MIN_HEADING_SPEED
    turned = not slow and jolt.turn_deg >= _TURN_DEG
    partner = _touched(vehicle, jolt, others, config)
    if partner is None and not stands and not turned:
        return None
    probability = P_ALONE
    if partner is not None:
        probability = P_TOUCH_AND_STOP if stands or turned else P_TOUCH
        probability = P_BOTH_JOLTED if partner.track_id in jolts else probability
    parts = [
        reasons.JOLTED.say(
            label=vehicle.label,
            track=vehicle.track_id,
            change=jolt.change,
            before=jolt.before.speed,
            after=jolt.after.speed,
        )
    ]
    if turned:
        parts.append(reasons.TURNED.say(turn_deg=jolt.turn_deg))
    if stands:
        parts.append(reasons.STANDS_SINCE.say())
    if partner is not None:
        parts.append(reasons.TOUCHED.say(label=partner.label, track=partner.track_id))
        if partner.track_id in jolts:
            parts.append(reasons.PARTNER_JOLTED.say(change=jolts[partner.track_id].change))
    taking_part = (vehicle,) if partner is None else (vehicle, partner)
    return Evidence(
        probability=probability,
        vehicles=taking_part,
        box=around([v.box for v in taking_part]),
        start_ns=jolt.stamp_ns,
        reason=ITEM.join(parts),
    )


def run_over(
    person: Box, vehicles: list[Vehicle], *, fell_ns: int, config: AccidentsConfig
) -> Evidence | None:
    """Return what speaks for somebody who fell having been run over; None when nothing does.

    Args:
        person: where they are, pixels. fell_ns: when they fell.
    """
    for vehicle in vehicles:
        motion = vehicle.motion(fell_ns - 1_000_000_000, fell_ns)
        if motion is None or motion.speed <= 2 * config.stopped:
            continue
        near = [
            (distance, box)
            for _, box in vehicle.boxes_within(fell_ns - 1_000_000_000, fell_ns + 1_000_000_000)
            if (distance := gap_px(person, box) * vehicle.scale_of(box)) <= config.person_distance
        ]
        if not near:
            continue
        distance, box = min(near, key=lambda pair: pair[0])
        return Evidence(
            probability=P_PERSON_DOWN,
            vehicles=(vehicle,),
            box=around([person, box]),
            start_ns=fell_ns,
            reason=reasons.RUN_OVER.say(
                distance=distance,
                label=vehicle.label,
                track=vehicle.track_id,
                speed=motion.speed,
            ),
        )
    return None


def _touched(
    vehicle: Vehicle, jolt: Jolt, others: list[Vehicle], config: AccidentsConfig
) -> Vehicle | None:
    """Return the vehicle that was nearest when the jolt came, if it touched."""
    near: list[tuple[float, int, Vehicle]] = []
    own = vehicle.boxes_within(jolt.stamp_ns - _TOUCH_NS, jolt.stamp_ns + _TOUCH_NS)
    for other in others:
        theirs = dict(other.boxes_within(jolt.stamp_ns - _TOUCH_NS, jolt.stamp_ns + _TOUCH_NS))
        distances = [
            gap_px(box, theirs[stamp]) * vehicle.scale_of(box)
            for stamp, box in own
            if stamp in theirs and _side_by_side(vehicle, box, other, theirs[stamp])
        ]
        if distances and min(distances) <= config.touch:
            near.append((min(distances), other.track_id, other))
    return min(near)[2] if near else None


def _side_by_side(first: Vehicle, first_box: Box, second: Vehicle, second_box: Box) -> bool:
    """Whether two vehicles are as far from the camera as each other."""
    scales = sorted((first.scale_of(first_box), second.scale_of(second_box)))
    wheels_px = abs(first_box.y_max_px - second_box.y_max_px)
    lower_px = min(first_box.height_px, second_box.height_px)
    return scales[1] <= _MAX_SCALE_RATIO * scales[0] and wheels_px <= _MAX_WHEELS_APART * lower_px


def gap_px(first: Box, second: Box) -> float:
    """Return how far two boxes are apart, pixels; 0 when they overlap."""
    x = max(first.x_min_px, second.x_min_px) - min(first.x_max_px, second.x_max_px)
    y = max(first.y_min_px, second.y_min_px) - min(first.y_max_px, second.y_max_px)
    return float((max(0.0, x) ** 2 + max(0.0, y) ** 2) ** 0.5)


def around(boxes: list[Box]) -> Box:
    """Return the box around boxes."""
    edges = list(zip(*(box.as_xyxy() for box in boxes), strict=True))
    return Box(min(edges[0]), min(edges[1]), max(edges[2]), max(edges[3]))
