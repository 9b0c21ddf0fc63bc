"""When a face counts as living, when as a copy, and what is asked of it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from edgeai_core.analyzers.faces.challenge import ChallengeConfig
from edgeai_core.analyzers.faces.liveness import LivenessChecker, LivenessConfig, LivenessFinding
from edgeai_core.analyzers.faces.passive_liveness import PassiveLiveness, context_patch
from edgeai_core.geometry import Box
from edgeai_core.runtimes.base import Tensor
from edgeai_core.testing import FACE, face, flat, living, still
from edgeai_core.types import DetectedFace, Frame, Instruction, Liveness

NOT_CHECKED, LIVE, SPOOF = Liveness.NOT_CHECKED, Liveness.LIVE, Liveness.SPOOF
Scene = Callable[[int], npt.NDArray[np.uint8]]


class Look:
    """A passive network that always gives the same score."""

    def __init__(self, score: float) -> None:
        self.value = score
        self.asked = 0

    def score(self, image: npt.NDArray[np.uint8], face: Box) -> float:
        self.asked += 1
        assert face == FACE
        return self.value


class Camera:
    """Shows scenes to a checker, ten frames a second."""

    def __init__(self, score: float = 0.9, config: LivenessConfig | None = None) -> None:
        self.look = Look(score)
        self.checker = LivenessChecker(
            self.look, config or LivenessConfig(), rng=lambda: np.random.default_rng(0)
        )
        self.step = 0

    def show(
        self,
        scene: Scene,
        seconds: float = 0.1,
        *,
        track_id: int | None = 1,
        person_id: str = "ada",
        yaw_deg: float = 0.0,
        eyes: float = 1.0,
    ) -> LivenessFinding:
        finding = LivenessFinding(liveness=NOT_CHECKED)
        for _ in range(round(seconds * 10)):
            self.step += 1
            frame = Frame(image=scene(self.step), stamp_ns=self.step * 100_000_000)
            finding = self.checker.check(
                frame, face(yaw_deg=yaw_deg, eyes=eyes), track_id, person_id=person_id
            )
        return finding


def test_moving_head_is_live_after_one_window_and_not_before() -> None:
    camera = Camera()
    early = camera.show(living, 1.5)
    assert (early.liveness, early.instruction) == (NOT_CHECKED, Instruction.NONE)
    assert early.reason == "liveness: watching the face"
    assert math.isnan(early.score)
    found = camera.show(living)
    assert (found.liveness, found.reason, found.instruction) == (LIVE, "", Instruction.NONE)
    assert found.score == pytest.approx(0.9)  # the relief is beyond doubt: the passive score counts


def test_moved_picture_is_a_spoof_with_the_figure_that_decided() -> None:
    found = Camera().show(flat, 1.6)
    assert found.liveness is SPOOF
    assert found.reason.startswith("not live: moves like a flat picture, 0.0")
    assert found.reason.endswith("of the motion is relief, need 0.25")
    assert found.score < 0.2


def test_still_picture_is_never_found_living() -> None:
    found = Camera().show(still, 20)
    assert (found.liveness, found.instruction) == (NOT_CHECKED, Instruction.MOVE)
    assert found.reason == "liveness: move your head a little"


@pytest.mark.parametrize(("suffices", "verdict"), [(False, NOT_CHECKED), (True, LIVE)])
def test_blink_of_a_still_face_is_proof_only_where_it_shall_be(
    suffices: bool, verdict: Liveness
) -> None:
    camera = Camera(config=LivenessConfig(blink_suffices=suffices))
    camera.show(still, 1.0)
    camera.show(still, 0.2, eyes=0.3)
    found = camera.show(still, 0.5)
    assert found.liveness is verdict
    assert not found.score > 0.5


def test_face_that_looks_like_a_copy_is_a_spoof_however_it_moves() -> None:
    for scene in (living, still):
        found = Camera(score=0.05).show(scene, 1.6)
        assert found.liveness is SPOOF
        assert found.reason == "not live: looks like a copy, score 0.05 under 0.25"


def test_score_that_is_no_number_is_a_spoof() -> None:
    assert Camera(score=math.nan).show(living, 1.6).liveness is SPOOF


def test_after_a_copy_two_windows_must_show_a_living_face() -> None:
    camera = Camera()
    assert camera.show(flat, 1.6).liveness is SPOOF
    assert camera.show(living, 1.5).liveness is SPOOF
    assert camera.show(living, 1.5).liveness is LIVE
    # and a living face that is exchanged for a picture is found out by the next window
    assert camera.show(flat, 3.0).liveness is SPOOF


def test_living_face_that_keeps_still_counts_for_its_time() -> None:
    camera = Camera()
    assert camera.show(living, 1.6).liveness is LIVE
    camera.show(still, 1.5)  # comes to rest within this window
    assert camera.show(still, 5.0).liveness is LIVE
    assert camera.show(still, 0.2).liveness is NOT_CHECKED
    assert camera.show(living, 3.0).liveness is LIVE


def test_another_track_begins_anew() -> None:
    camera = Camera()
    assert camera.show(living, 1.6).liveness is LIVE
    assert camera.show(living, 0.1, track_id=2).liveness is NOT_CHECKED
    camera.checker.retain([2])
    assert camera.show(living, 0.1).liveness is NOT_CHECKED


def test_who_was_found_living_is_not_living_as_somebody_else() -> None:
    camera = Camera()
    assert camera.show(living, 1.6, person_id="bob").liveness is LIVE
    # Bob holds a picture of Ada before his face: the track goes on, the verdict does not.
    assert camera.show(still, 0.1).liveness is NOT_CHECKED
    assert camera.show(flat, 1.6).liveness is SPOOF


def test_only_so_many_faces_are_judged_at_a_time() -> None:
    camera = Camera(config=LivenessConfig(max_faces=1))
    camera.show(living)
    third = camera.show(living, track_id=3)
    assert third.reason == "liveness: only 1 faces are judged at a time"
    camera.checker.retain([3])
    assert camera.show(living, 1.6, track_id=3).liveness is LIVE


def test_gap_in_the_pictures_begins_a_new_window() -> None:
    camera = Camera()
    camera.show(living, 1.0)
    camera.step += 6
    assert camera.show(living, 1.0).liveness is NOT_CHECKED


def test_repeated_stamp_adds_nothing() -> None:
    camera = Camera()
    for _ in range(40):
        finding = camera.checker.check(Frame(image=living(3), stamp_ns=5), face(), 1)
    assert (finding.liveness, camera.look.asked) == (NOT_CHECKED, 0)


def test_faces_that_cannot_be_judged_are_not_checked() -> None:
    checker = LivenessChecker(Look(0.9), LivenessConfig())
    frame = Frame(image=still(0), stamp_ns=1)
    assert checker.check(frame, face(), None).reason == "liveness: the face is not followed yet"
    without_mesh = DetectedFace(box=FACE, score=0.9, landmarks_xy_px=np.zeros((6, 2), np.float32))
    assert checker.check(frame, without_mesh, 1).liveness is NOT_CHECKED
    small = checker.check(frame, face(box=Box(10, 10, 50, 80)), 1)
    assert small.reason == "liveness: come nearer, the face has 40 px of 64"
    assert small.instruction is Instruction.COME_NEARER


def answer(camera: Camera, instruction: Instruction, *, wrong: bool = False) -> LivenessFinding:
    """Turn the head as told (or the other way) for half a second, as a person would."""
    yaw_deg = {Instruction.TURN_LEFT: 20.0, Instruction.TURN_RIGHT: -20.0}.get(instruction, 0.0)
    camera.show(living, 0.2)
    return camera.show(living, 0.3, yaw_deg=-yaw_deg if wrong else yaw_deg)


def test_challenge_must_be_passed_besides() -> None:
    camera = Camera(config=LivenessConfig(challenge=ChallengeConfig(turns=2)))
    asked = camera.show(living, 1.6)
    assert asked.liveness is NOT_CHECKED
    assert asked.reason in (
        "liveness: turn your head to your left, turn 1 of 2",
        "liveness: turn your head to your right, turn 1 of 2",
    )
    back = answer(camera, asked.instruction)
    assert back.reason == "liveness: look straight ahead, turn 2 of 2"
    asked = answer(camera, back.instruction)
    assert asked.instruction in (Instruction.TURN_LEFT, Instruction.TURN_RIGHT)
    assert answer(camera, asked.instruction).liveness is LIVE
    assert camera.show(living, 10).liveness is LIVE  # not asked again while the face stays


def test_failed_challenge_is_a_spoof_for_a_pause_and_then_begins_anew() -> None:
    camera = Camera(config=LivenessConfig(challenge=ChallengeConfig(turns=1)))
    asked = camera.show(living, 1.6)
    failed = answer(camera, asked.instruction, wrong=True)
    assert (failed.liveness, failed.score) == (SPOOF, 0.0)
    assert failed.reason == "not live: the head did not turn as asked"
    assert camera.show(living, 2.0).liveness is SPOOF
    again = camera.show(living, 1.0)
    assert again.liveness is NOT_CHECKED
    assert answer(camera, again.instruction).liveness is LIVE


class Session:
    """An inference session that remembers its input."""

    input_names = ("patch_bgr",)
    output_names = ("logits",)
    runtime_name = "fake"
    closed = False

    def __init__(self) -> None:
        self.seen: Tensor | None = None

    def run(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        self.seen = inputs["patch_bgr"]
        return {"logits": np.array([[0.0, math.log(2.0), 0.0]], np.float32)}

    def close(self) -> None:
        self.closed = True


def test_passive_score_is_the_probability_of_the_living_class() -> None:
    session = Session()
    model = PassiveLiveness(session)
    assert model.score(living(0), FACE) == pytest.approx(0.5)
    assert session.seen is not None
    assert (session.seen.shape, session.seen.dtype) == ((1, 3, 80, 80), np.float32)
    assert session.seen.max() > 100.0
    assert model.runtime_name == "fake"
    model.close()
    assert session.closed


def test_patch_shows_the_surroundings_and_stays_in_the_picture() -> None:
    image = np.zeros((240, 320, 3), np.uint8)
    image[:, 160:] = (0, 0, 200)
    middle = context_patch(image, Box(150, 110, 170, 130))
    assert middle.shape == (80, 80, 3)
    assert middle[40, 10].tolist() == [0, 0, 0]
    assert middle[40, 70].tolist() == [0, 0, 200]
    # A face at the right edge: the patch is shifted left, not padded.
    assert context_patch(image, Box(300, 110, 320, 130)).min(axis=(0, 1))[2] == 200
    with pytest.raises(ValueError, match="box with area"):
        context_patch(image, Box(5, 5, 5, 9))
