"""What tells a fall from bending, sitting down and lying down: drops, speeds and postures.

Every rule is in body heights. The head drops in all of them; hips drop in a fall and stay where
they are in bending; a fall is faster than lying down; afterwards the torso is level, or points at
the camera and looks short, and the box is flat.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_core.analyzers.actions.sights import TORSOS_PER_BODY, Person, Sight
from edgeai_core.config import group, param

# A wide box that is higher than this share of the body may be somebody whom the edge cuts.
_WIDE_SHARE = 0.85
# Speeds are taken over this long: shorter ones measure how boxes jump.
_SPEED_MIN_NS, _SPEED_MAX_NS = 150_000_000, 450_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FallRules:
    """Figures of the rules; group ``falls.rules``. Lengths are in heights of the person."""

    head_drop: float = param(
        0.3,
        "How far the head must come down within `time_s`, in body heights. Lower finds falls from "
        "chairs sooner and takes more bending for a fall.",
        minimum=0.1,
        maximum=1.0,
    )
    shrink: float = param(
        0.25,
        "How much further the head must come down than the feet, in body heights. Lower takes "
        "people who walk down a slope or towards the camera for falling.",
        minimum=0.0,
        maximum=1.0,
    )
    hip_drop: float = param(
        0.08,
        "How far the hips must come down too where they are seen, in body heights. Lower takes "
        "bending for a fall.",
        minimum=0.0,
        maximum=1.0,
    )
    speed: float = param(
        0.5,
        "How fast the head must come down at its fastest, in body heights per second. Lower takes "
        "lying down for a fall.",
        minimum=0.1,
        maximum=10.0,
    )
    time_s: float = param(
        1.5, "Longest time from upright to down.", unit="s", minimum=0.3, maximum=5.0
    )
    tilt_deg: float = param(
        55.0,
        "A torso that is tilted further than this lies. Lower takes sitting askew for lying.",
        unit="deg",
        minimum=20.0,
        maximum=90.0,
    )
    torso_rise: float = param(
        0.55,
        "A torso lies too when the shoulders are above the hips by less than this share of its "
        "length: it points at the camera or away from it.",
        minimum=0.1,
        maximum=1.0,
    )
    flat_height: float = param(
        0.65,
        "A box is flat when it is lower than this share of the body's height.",
        minimum=0.1,
        maximum=1.0,
    )
    flat_aspect: float = param(
        1.3,
        "A flat box is at most this many times as high as wide.",
        minimum=0.1,
        maximum=3.0,
    )
    wide_aspect: float = param(
        0.9,
        "A box that is at most this many times as high as wide is flat too, unless it is nearly "
        "as high as the body: somebody who falls towards the camera comes nearer to it.",
        minimum=0.1,
        maximum=1.5,
    )
    alone_share: float = param(
        0.75,
        "Where joints are not seen the box alone decides: then its height must be below this "
        "share of `flat_height`, and the head drop above `head_drop` over this.",
        minimum=0.1,
        maximum=1.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FallsConfig:
    """When a fall is told; group ``falls``."""

    enabled: bool = param(True, "Tell falls, people who stay down and who get up again.")
    confirm_s: float = param(
        0.4,
        "How long somebody must be down before a fall is told. Longer is surer and later.",
        unit="s",
        minimum=0.0,
        maximum=5.0,
    )
    lying_after_s: float = param(
        3.0,
        "How long after the fall somebody who is still down is told as lying.",
        unit="s",
        minimum=0.5,
        maximum=600.0,
        live=True,
    )
    up_after_s: float = param(
        0.7,
        "How long somebody must be upright again to be told as recovered.",
        unit="s",
        minimum=0.0,
        maximum=10.0,
        live=True,
    )
    forget_s: float = param(
        120.0,
        "A fallen person who is not seen any more is forgotten after this.",
        unit="s",
        minimum=1.0,
        maximum=3600.0,
    )
    search_interval_s: float = param(
        0.2,
        "How often the body finder looks for somebody who is down and not detected. Shorter sees "
        "them sooner; each look takes about 15 ms.",
        unit="s",
        minimum=0.0,
        maximum=10.0,
    )
    lying_zones: tuple[str, ...] = param(
        (),
        "Places such as beds where nobody is told to have fallen: 'bed: 0.1,0.5 0.6,0.5 0.6,0.9 "
        "0.1,0.9 @ 22:00-08:00', corners in 0..1 of the picture, the hours may be left out.",
        live=True,
    )
    rules: FallRules = group(FallRules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """How a person has come down.

    Attributes:
        before, now: first and last sight of it. body_px: height of the person upright, pixels.
        head, hips: body heights; hips None where they were not seen. shrink: how much further the
            head came down than the feet, body heights. speed: of the head at its
            fastest, body heights per second.
    """

    before: Sight
    now: Sight
    body_px: float
    head: float
    shrink: float
    hips: float | None
    speed: float

    @property
    def duration_s(self) -> float:
        return (self.now.stamp_ns - self.before.stamp_ns) / 1e9


def drop_of(person: Person, rules: FallRules) -> Drop | None:
    """Return how a person came down to the newest sight; None where the head is not lower.

    The beginning is the last moment at which the head was nearly as high as it ever was within
    the rules' time.
    """
    body_px = person.body_height_px()
    if not body_px:
        return None
    now = person.last
    window = list(person.since(now.stamp_ns - round(rules.time_s * 1e9)))
    top_px = min(sight.box.y_min_px for sight in window)
    if now.box.y_min_px <= top_px:
        return None
    start = max(
        index for index, sight in enumerate(window) if sight.box.y_min_px <= top_px + 0.05 * body_px
    )
    window = window[start:]
    if len(window) < 2:
        return None
    before = window[0]
    return Drop(
        before=before,
        now=now,
        body_px=body_px,
        head=head_drop(before, now, body_px),
        shrink=shrink(before, now, body_px),
        hips=hip_drop(before, now, body_px),
        speed=_top_speed(window) / body_px,
    )


def vanishing(person: Person) -> Drop:
    """Return the drop of somebody who was lost before any was seen."""
    last = person.last
    return Drop(
        before=last,
        now=last,
        body_px=person.body_height_px(),
        head=0.0,
        shrink=0.0,
        hips=None,
        speed=0.0,
    )


def head_drop(before: Sight, now: Sight, body_px: float) -> float:
    """Return how far the head came down, body heights."""
    return (now.box.y_min_px - before.box.y_min_px) / body_px


def shrink(before: Sight, now: Sight, body_px: float) -> float:
    """Return how much further the head came down than the feet, body heights."""
    feet_px = max(0.0, now.box.y_max_px - before.box.y_max_px)
    return (now.box.y_min_px - before.box.y_min_px - feet_px) / body_px


def hip_drop(before: Sight, now: Sight, body_px: float) -> float | None:
    """Return how far the hips came down, body heights; None where they are not seen."""
    if before.torso is None or now.torso is None:
        return None
    return (now.torso.hips_xy_px[1] - before.torso.hips_xy_px[1]) / body_px


def _top_speed(window: list[Sight]) -> float:
    fastest = 0.0
    for i, early in enumerate(window):
        for late in window[i + 1 :]:
            elapsed_ns = late.stamp_ns - early.stamp_ns
            if elapsed_ns > _SPEED_MAX_NS:
                break
            if elapsed_ns >= _SPEED_MIN_NS:
                speed = (late.box.y_min_px - early.box.y_min_px) / elapsed_ns * 1e9
                fastest = max(fastest, speed)
    if fastest == 0.0 and len(window) > 1:
        # Slower than three pictures a second there is no pair in that range.
        span_ns = window[-1].stamp_ns - window[0].stamp_ns
        fastest = (window[-1].box.y_min_px - window[0].box.y_min_px) / span_ns * 1e9
    return max(0.0, fastest)


def torso_lies(sight: Sight, body_px: float, rules: FallRules) -> bool | None:
    """Return whether the torso lies; None where it is not seen."""
    if sight.torso is None:
        return None
    rise = sight.torso.rise_px * TORSOS_PER_BODY / body_px
    return sight.torso.tilt_deg >= rules.tilt_deg or rise < rules.torso_rise


def box_is_flat(sight: Sight, body_px: float, rules: FallRules) -> bool:
    """Return whether the box is that of somebody who is not upright any more."""
    box = sight.box
    width_px = max(box.width_px, 1.0)
    if box.height_px <= rules.wide_aspect * width_px and box.height_px < _WIDE_SHARE * body_px:
        return True
    share = rules.flat_height * (rules.alone_share if sight.torso is None else 1.0)
    return box.height_px < share * body_px and box.height_px <= rules.flat_aspect * width_px


def is_upright(sight: Sight, body_px: float) -> bool:
    """Return whether somebody is on the feet, or sits, again."""
    if sight.torso is not None:
        rise = sight.torso.rise_px * TORSOS_PER_BODY / body_px
        high = sight.box.height_px > 0.5 * body_px or not sight.detected
        return sight.torso.tilt_deg < 35.0 and rise > 0.75 and high
    return sight.box.height_px > max(0.75 * body_px, 1.5 * sight.box.width_px)
