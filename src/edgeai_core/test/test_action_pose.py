"""Finding bodies and placing joints, with functions in place of weights, and with the weights."""

from __future__ import annotations

import math
from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgeai_core import catalog
from edgeai_core.analyzers.actions.pose import (
    LEFT_HIP,
    LEFT_SHOULDER,
    NOSE,
    POINT_COUNT,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    PoseEstimator,
    PoseRegion,
)
from edgeai_core.errors import SourceError
from edgeai_core.footage import footage_path
from edgeai_core.geometry import Box
from edgeai_core.runtimes.base import Tensor
from edgeai_core.runtimes.fake import FakeSession
from edgeai_core.runtimes.validation import InputSpec

IMAGE = np.zeros((480, 640, 3), np.uint8)
WHOLE = Box(0, 0, 640, 480)


class Networks:
    """Both networks as functions: what they give, and what they were given."""

    def __init__(
        self,
        *,
        hips: tuple[float, float] = (112.0, 112.0),
        end: tuple[float, float] = (112.0, 42.0),
        found_logit: float = 4.0,
        presence: float = 0.9,
        points: npt.NDArray[np.float32] | None = None,
    ) -> None:
        self.hips, self.end, self.found_logit = hips, end, found_logit
        self.presence = presence
        self.points = np.full((39, 5), 128.0, np.float32) if points is None else points
        self.finder_inputs: list[Tensor] = []
        self.placer_inputs: list[Tensor] = []
        self.finder = FakeSession(
            self._find,
            inputs=[InputSpec(name="input_1", shape=(1, 224, 224, 3), dtype=np.dtype(np.float32))],
            outputs=["Identity", "Identity_1"],
        )
        self.placer = FakeSession(
            self._place,
            inputs=[InputSpec(name="input_1", shape=(1, 256, 256, 3), dtype=np.dtype(np.float32))],
            outputs=["Identity", "Identity_1"],
        )
        self.estimator = PoseEstimator(self.finder, self.placer)

    def _find(self, inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        self.finder_inputs.append(inputs["input_1"])
        codes = np.zeros((1, 2254, 12), np.float32)
        logits = np.full((1, 2254, 1), -9.0, np.float32)
        # Anchor 0 is at (4, 4), the middle of the first cell of stride 8.
        codes[0, 0, 4:6] = np.array(self.hips) - 4.0
        codes[0, 0, 6:8] = np.array(self.end) - 4.0
        logits[0, 0] = self.found_logit
        return {"Identity": codes, "Identity_1": logits}

    def _place(self, inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        self.placer_inputs.append(inputs["input_1"])
        return {
            "Identity": self.points.reshape(1, 195),
            "Identity_1": np.full((1, 1), self.presence, np.float32),
        }


def body(**crop_points: tuple[float, float]) -> npt.NDArray[np.float32]:
    """Return placer points: everything in the middle of the crop, the body's axis up from there."""
    points = np.full((39, 5), 128.0, np.float32)
    points[34, :2] = (128.0, 28.0)
    names = {"nose": NOSE, "left_hip": LEFT_HIP}
    for name, place in crop_points.items():
        points[names[name], :2] = place
    return points


def test_an_upright_axis_gives_an_upright_square() -> None:
    region = PoseRegion.of_body(
        np.array([100.0, 200.0], np.float32), np.array([100.0, 120.0], np.float32)
    )
    assert region == PoseRegion(center_xy_px=(100.0, 200.0), side_px=200.0, turn_rad=0.0)


@pytest.mark.parametrize(
    ("end", "turn_deg"), [((180, 200), 90), ((100, 280), 180), ((20, 200), -90)]
)
def test_a_lying_axis_turns_the_square(end: tuple[int, int], turn_deg: float) -> None:
    region = PoseRegion.of_body(np.array([100.0, 200.0], np.float32), np.array(end, np.float32))
    assert region is not None
    assert math.degrees(region.turn_rad) == pytest.approx(turn_deg)


@pytest.mark.parametrize("end", [(100.0, 200.0), (100.0, 193.0), (math.nan, 0.0)])
def test_points_that_are_no_body_give_no_square(end: tuple[float, float]) -> None:
    hips = np.array([100.0, 200.0], np.float32)
    assert PoseRegion.of_body(hips, np.array(end, np.float32)) is None


def test_joints_come_back_to_frame_pixels() -> None:
    # The whole frame in 224 px: scale 0.35, 28 px of border above. Hips at (320, 240), the
    # body's end 200 px above: a square of 500 px.
    networks = Networks(points=body(nose=(128.0, 64.0), left_hip=(160.0, 128.0)))
    pose = networks.estimator.estimate(IMAGE, WHOLE)
    assert pose is not None
    assert pose.points_xy_px.shape == (POINT_COUNT, 2)
    assert pose.points_xy_px[NOSE] == pytest.approx((320.0, 240.0 - 64 * 500 / 256), abs=0.01)
    assert pose.points_xy_px[LEFT_HIP] == pytest.approx((320.0 + 32 * 500 / 256, 240.0), abs=0.01)
    assert pose.presence == pytest.approx(0.9)
    assert pose.region.turn_rad == pytest.approx(0.0)
    assert pose.region.side_px == pytest.approx(2 * 100 * 500 / 256 * 1.25)


def test_joints_of_a_lying_body_come_back_turned() -> None:
    networks = Networks(end=(182.0, 112.0), points=body(nose=(128.0, 64.0)))
    pose = networks.estimator.estimate(IMAGE, WHOLE)
    assert pose is not None
    assert pose.points_xy_px[NOSE] == pytest.approx((320.0 + 64 * 500 / 256, 240.0), abs=0.01)
    assert math.degrees(pose.region.turn_rad) == pytest.approx(90.0)


def test_inputs_have_the_ranges_of_the_cards() -> None:
    networks = Networks(points=body())
    networks.estimator.estimate(np.full((480, 640, 3), 255, np.uint8), WHOLE)
    [finder], [placer] = networks.finder_inputs, networks.placer_inputs
    assert (finder.min(), finder.max()) == (-1.0, 1.0)
    assert (placer.min(), placer.max()) == (0.0, 1.0)


@pytest.mark.parametrize(
    "networks",
    [Networks(found_logit=-4.0), Networks(presence=0.2), Networks(presence=math.nan)],
    ids=["nobody found", "nobody there", "not a number"],
)
def test_nobody_gives_no_pose(networks: Networks) -> None:
    assert networks.estimator.estimate(IMAGE, WHOLE) is None


@pytest.mark.parametrize("box", [Box(0, 0, 5, 8), Box(800, 100, 850, 200), Box(-200, 0, -100, 100)])
def test_a_box_with_nothing_to_see_gives_no_pose(box: Box) -> None:
    networks = Networks()
    assert networks.estimator.estimate(IMAGE, box) is None
    assert networks.finder_inputs == []


def test_following_somebody_spares_the_finder() -> None:
    networks = Networks(points=body())
    first = networks.estimator.estimate(IMAGE, WHOLE)
    assert first is not None
    again = networks.estimator.estimate(IMAGE, WHOLE, region=first.region)
    assert again is not None
    assert len(networks.finder_inputs) == 1
    assert len(networks.placer_inputs) == 2


def test_a_pose_that_slid_to_a_neighbour_is_looked_for_anew() -> None:
    networks = Networks(points=body())
    neighbour = PoseRegion(center_xy_px=(600.0, 240.0), side_px=300.0, turn_rad=0.0)
    networks.estimator.estimate(IMAGE, Box(200, 100, 400, 400), region=neighbour)
    assert len(networks.finder_inputs) == 1


def test_closing_frees_both_models() -> None:
    networks = Networks()
    networks.estimator.close()
    networks.estimator.close()
    assert networks.finder.closed
    assert networks.placer.closed


@pytest.mark.demo
@pytest.mark.parametrize("turned", [False, True], ids=["upright", "on the side"])
def test_the_real_models_place_an_astronaut_upright_and_on_her_side(turned: bool) -> None:
    problems = catalog.verify_all()
    if problems:
        pytest.skip(problems[0])
    try:
        path = footage_path("astronaut")
    except SourceError as exc:
        pytest.skip(str(exc))
    image = np.asarray(cv2.imread(str(path)), np.uint8)
    if turned:
        image = np.ascontiguousarray(np.rot90(image, -1))
    estimator = catalog.create_pose_estimator(runtime="openvino")
    try:
        pose = estimator.estimate(image, Box(0, 0, 512, 512))
    finally:
        estimator.close()
    assert pose is not None
    points = pose.points_xy_px
    if turned:
        points = np.stack([points[:, 1], 511 - points[:, 0]], axis=1)
    # By eye: the tip of the nose, and the ends of the shoulders of the suit.
    assert points[NOSE] == pytest.approx((222, 130), abs=15)
    assert points[LEFT_SHOULDER] == pytest.approx((303, 240), abs=25)
    assert points[RIGHT_SHOULDER] == pytest.approx((110, 230), abs=25)
    assert points[RIGHT_HIP][1] > 440
    assert math.degrees(pose.region.turn_rad) == pytest.approx(90 if turned else 0, abs=12)
