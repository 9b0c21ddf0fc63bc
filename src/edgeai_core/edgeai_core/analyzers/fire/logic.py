"""Fire and smoke in a camera's frames: one part of the picture after another, one decision."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.fire.activity import ActivityConfig, ActivityMeter
from edgeai_core.analyzers.fire.crops import (
    FOREST_CROPS,
    HOME_CROPS,
    WHOLE_FRAME,
    Crop,
    close_up,
)
from edgeai_core.analyzers.fire.decision import DecisionConfig, FireDecision
from edgeai_core.analyzers.fire.evidence import GrowthMeter, RegionEvidence, RoundEvidence
from edgeai_core.analyzers.fire.interfaces import (
    FireView,
    LooksForFire,
    joined,
    joined_regions,
)
from edgeai_core.analyzers.fire.normal_flames import (
    NormalFlames,
    NormalFlamesConfig,
    crop_around,
)
from edgeai_core.analyzers.fire.readings import FLAME, SMOKE
from edgeai_core.config import group, param
from edgeai_core.geometry import Box
from edgeai_core.reasons.fire import FLAME_ALONE
from edgeai_core.reasons.wordbook import CLAUSE
from edgeai_core.types import Detection, Frame, HazardReport
from edgeai_core.zones import Zone, parse_zones

# How far the camera looks -> the parts of the picture.
VIEWS: dict[str, tuple[Crop, ...]] = {"near": HOME_CROPS, "distant": FOREST_CROPS}


@dataclass(frozen=True, slots=True, kw_only=True)
class FireConfig:
    """How pictures are looked at for fire, and what makes it an alarm."""

    view: str = param(
        "near",
        "near (rooms, yards, streets) looks at the whole picture and four parts of it; distant "
        "(forest, landscape) at nine parts, which finds smaller smoke and takes twice as long",
        choices=tuple(VIEWS),
    )
    crops_per_frame: int = param(
        1,
        "Parts of the picture that are looked at on each frame; more decide sooner and hold the "
        "processor for longer at a time",
        minimum=1,
        maximum=20,
    )
    close_up_share: float = param(
        0.28,
        "Where something with a flame's colours moves, a part of this share of the picture's sides "
        "is looked at as well; smaller finds smaller flames. 0 does without",
        minimum=0.0,
        maximum=0.6,
    )
    growth_s: float = param(
        5.0,
        "How far back the size of flames and smoke is compared; longer is surer and later",
        unit="s",
        minimum=1.0,
        maximum=60.0,
    )
    decision: DecisionConfig = group(DecisionConfig)
    activity: ActivityConfig = group(ActivityConfig)
    normal_flames: NormalFlamesConfig = group(NormalFlamesConfig)

    @property
    def frames_per_round(self) -> int:
        """How many frames one complete look takes at most."""
        parts = len(VIEWS[self.view]) + len(self.normal_flames.zones) + (self.close_up_share > 0)
        return math.ceil(parts / self.crops_per_frame)


class FireWatch:
    """Watches one camera for fire; owned by one thread.

    Each frame is looked at in a few parts only, so that other analyzers are not held up; a round,
    after which it is decided, is every part once. Time is the frames' stamps: a stamp that goes
    back starts anew, a repeated one is answered as before.

    Args:
        model: judges parts of pictures. config: thresholds and places.
    """

    def __init__(self, model: LooksForFire, config: FireConfig) -> None:
        self._model = model
        self._config = config
        self._crops = VIEWS[config.view]
        self._normal = NormalFlames(config.normal_flames)
        self._restart(0)

    def _restart(self, stamp_ns: int) -> None:
        self._first_ns = self._last_ns = stamp_ns
        self._report: HazardReport | None = None
        self._decision = FireDecision(self._config.decision)
        self._meter = ActivityMeter(self._config.activity)
        self._growth = GrowthMeter(self._config.growth_s)
        self._normal.reset()
        self._views: dict[Crop, FireView] = {}
        self._todo: deque[Crop | Zone] = deque()

    def retune(self, config: FireConfig) -> None:
        """Take live parameters from the next frame on; what was seen of a fire is kept.

        Raises:
            ConfigError: as for the configuration.
        """
        self._normal.retune(config.normal_flames)
        self._config = config
        # The parts that are still to be looked at in this round: a place may be gone.
        zones = parse_zones(config.normal_flames.zones)
        self._todo = deque(p for p in self._todo if isinstance(p, Crop) or p in zones)

    def update(self, frame: Frame, *, local_time: time, people: Sequence[Box] = ()) -> HazardReport:
        """Return what is known after a frame.

        Args:
            frame: the next one. local_time: of the day, where the camera is.
            people: boxes of persons and faces seen since the last frame, in its pixels.
        """
        if self._report is None or frame.stamp_ns < self._last_ns:
            self._restart(frame.stamp_ns)
        elif frame.stamp_ns == self._last_ns:
            return self._report
        self._last_ns = frame.stamp_ns
        zones = self._normal.active(local_time)
        self._normal.see_people(
            people,
            stamp_ns=frame.stamp_ns,
            width_px=frame.width_px,
            height_px=frame.height_px,
        )
        self._look(frame, zones)
        self._report = self._reported(frame, zones)
        return self._report

    def telling_part(self, frame: Frame, *, local_time: time) -> tuple[npt.NDArray[np.uint8], Crop]:
        """Return a frame as it is judged, and the part of it that the score is about.

        The frame has the zones painted over in which flame is normal; arguments as for `update`,
        which comes first.
        """
        judged = self._normal.painted_over(frame.image, self._normal.active(local_time))
        views = self._views
        part = max(views, key=lambda crop: views[crop].hazard_score, default=WHOLE_FRAME)
        return judged, part

    def _look(self, frame: Frame, zones: Sequence[Zone]) -> None:
        judged = self._normal.painted_over(frame.image, zones)
        if self._meter.add(judged, frame.stamp_ns):
            self._begin_view()
        for _ in range(self._config.crops_per_frame):
            if not self._todo:
                self._todo.extend((*self._crops, *self._close_ups(), *zones))
            part = self._todo.popleft()
            if isinstance(part, Crop):
                self._views[part] = self._model.look(judged, part)
            else:
                score = self._model.look(frame.image, crop_around(part)).flame_score
                self._normal.see_flame(part, score, stamp_ns=frame.stamp_ns)
            if not self._todo:
                self._decision.update(self._evidence(frame))
                return

    def _close_ups(self) -> tuple[Crop, ...]:
        """Return the part to be looked at closely in the next round, if there is one."""
        share = self._config.close_up_share
        place = self._meter.warm_flicker() if share > 0 else None
        parts = () if place is None else (close_up(*place, share=share),)
        for crop in [crop for crop in self._views if crop not in self._crops]:
            del self._views[crop]
        return parts

    def _begin_view(self) -> None:
        """Forget what was seen in another view; the state stays."""
        self._decision.forget_rounds()
        self._growth = GrowthMeter(self._config.growth_s)
        self._views.clear()
        self._todo.clear()

    def _evidence(self, frame: Frame) -> RoundEvidence:
        together = joined(self._views)
        regions = joined_regions(self._telling())
        share = sum(region.box.area_px2 for region in regions) / (frame.width_px * frame.height_px)
        growth = self._growth.update(min(1.0, share), frame.stamp_ns)
        quiet = together.hazard_score < self._config.decision.clear_threshold
        return RoundEvidence(
            stamp_ns=frame.stamp_ns,
            start_fire_score=together.start_fire_score,
            fire_score=together.fire_score,
            # Measuring costs time: not while the score is too low to matter.
            regions=() if quiet else self._measured(regions, frame),
            area_share=min(1.0, share),
            growth=growth,
        )

    def _telling(self) -> dict[Crop, FireView]:
        """Return the views that the score is about: others' regions would vouch for nothing."""
        worst = max(view.hazard_score for view in self._views.values())
        enough = min(self._config.decision.score_threshold, worst)
        return {crop: view for crop, view in self._views.items() if view.hazard_score >= enough}

    def _measured(self, regions: Sequence[Detection], frame: Frame) -> tuple[RegionEvidence, ...]:
        """Return how much the regions move."""
        kinds = [region.label for region in regions]
        boxes = [region.box for region in regions]
        if not regions:
            # The model sees fire and cannot say where: then something in that part must move.
            crop, view = max(self._telling().items(), key=lambda item: item[1].hazard_score)
            kinds = [FLAME if view.flame_score >= view.smoke_score else SMOKE]
            boxes = [_crop_box(crop, frame)]
        activities = self._meter.measure(boxes, width_px=frame.width_px, height_px=frame.height_px)
        return tuple(
            RegionEvidence(kind=kind, activity=activity)
            for kind, activity in zip(kinds, activities, strict=True)
        )

    def _reported(self, frame: Frame, zones: Sequence[Zone]) -> HazardReport:
        decision = self._decision.decision
        together = joined(self._views)
        alone_s = self._normal.unattended_s(zones, stamp_ns=frame.stamp_ns)
        limit_s = self._config.normal_flames.unattended_after_s
        left_alone = [
            FLAME_ALONE.say(place=name, alone_s=seconds, limit_s=limit_s)
            for name, seconds in alone_s.items()
        ]
        return HazardReport(
            state=decision.state,
            start_fire_score=together.start_fire_score,
            fire_score=together.fire_score,
            flame_score=together.flame_score,
            smoke_score=together.smoke_score,
            regions=together.regions,
            since_ns=max(decision.since_ns, self._first_ns),
            reason=CLAUSE.join([decision.reason, *left_alone]),
            unattended=tuple(alone_s),
        )


def _crop_box(crop: Crop, frame: Frame) -> Box:
    edges = crop.pixels(width_px=frame.width_px, height_px=frame.height_px)
    return Box(*(float(edge) for edge in edges))
