import dataclasses
import json
import math

import cv2
import numpy as np
import pytest

from edgeai_core.analyzers.faces.face_mesh import HeadPose
from edgeai_core.analyzers.faces.liveness import LivenessConfig
from edgeai_core.config import build
from edgeai_core.errors import DataError
from edgeai_core.geometry import Box
from edgeai_core.types import DetectedFace, Instruction
from edgeai_lab.liveness import report
from edgeai_lab.liveness.attempts import (
    ATTACKS,
    Attempt,
    Origin,
    Timing,
    attempts_of_clip,
    attempts_of_still,
    turning_attempts,
)
from edgeai_lab.liveness.evaluation import (
    AttemptResult,
    Outcome,
    count_cells,
    run_attempt,
    wilson_interval,
)
from edgeai_lab.liveness.instruments import Framing, Presentation
from edgeai_lab.liveness.measurement import measure_liveness
from edgeai_lab.liveness.relief import HeadMotion, LivingHead, draw_sway

TIMING = Timing(seconds=0.3, frame_rate_hz=10.0)


def picture(seed=0):
    rng = np.random.default_rng(seed)
    canvas = np.full((480, 640, 3), 120, np.uint8)
    for _ in range(400):
        centre = (int(rng.integers(0, 640)), int(rng.integers(0, 480)))
        colour = [int(value) for value in rng.integers(20, 235, 3)]
        cv2.circle(canvas, centre, int(rng.integers(3, 16)), colour, -1)
    return canvas


def mesh():
    """An ellipsoid's front: nearest in the middle, 160 px wide, about (320, 240)."""
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 2 * math.pi, 468), np.sqrt(rng.uniform(0, 1, 468))
    x, y = 80 * radius * np.cos(angle), 110 * radius * np.sin(angle)
    z = -80 * np.sqrt(1 - radius**2)
    return np.stack([320 + x, 240 + y, z], axis=1).astype(np.float32)


class Finder:
    """Finds the same face in every frame, or none."""

    def __init__(self, found=True):
        self.found = found

    def detect(self, image):
        face = DetectedFace(
            box=Box(240, 130, 400, 350),
            score=0.9,
            landmarks_xy_px=np.zeros((6, 2), np.float32),
            mesh_xyz_px=mesh(),
        )
        return [face] if self.found else []


class Passive:
    def __init__(self, value):
        self.value = value

    def score(self, image, face):
        return self.value


class Shown:
    """An actor that shows pictures and remembers what it was asked."""

    def __init__(self, pictures):
        self.pictures, self.asked = list(pictures), []

    def frame(self, time_s, asked):
        self.asked.append(asked)
        return self.pictures[min(len(self.asked) - 1, len(self.pictures) - 1)]


def attempt(actor, presentation=Presentation.BONA_FIDE):
    return Attempt(
        subject=0,
        origin=Origin.RELIEF,
        presentation=presentation,
        framing=Framing.FULL,
        turning=False,
        begin=lambda: actor,
    )


def run(actor, *, passive=0.9, found=True, seconds=2.0):
    return run_attempt(
        attempt(actor),
        detector=Finder(found),
        passive=Passive(passive),
        config=LivenessConfig(),
        timing=Timing(seconds=seconds, frame_rate_hz=10.0),
        seed=0,
    )


def swaying():
    head = LivingHead(picture(), mesh())
    times = [index / 10 for index in range(20)]
    return [
        head.view(
            HeadMotion(
                yaw_rad=0.2 * math.sin(2 * time),
                right=0.05 * math.sin(3 * time),
            )
        )
        for time in times
    ]


def test_a_head_with_relief_that_moves_is_found_living_and_ends_the_attempt():
    actor = Shown(swaying())
    result = run(actor)
    assert result.outcome is Outcome.LIVE
    assert result.after_s == pytest.approx(1.5)
    assert (result.frames, result.faceless) == (16, 0)
    assert result.passive == pytest.approx(0.9)


def test_what_looks_like_a_copy_is_a_spoof():
    result = run(Shown(swaying()), passive=0.01)
    assert (result.outcome, result.frames) == (Outcome.SPOOF, 20)
    assert math.isnan(result.after_s)


def test_a_picture_that_keeps_still_is_undecided_and_is_asked_to_move():
    actor = Shown([picture()])
    assert run(actor).outcome is Outcome.UNDECIDED
    assert actor.asked[-1] is Instruction.MOVE


def test_without_a_face_nothing_is_decided():
    result = run(Shown([picture()]), found=False)
    assert (result.outcome, result.faceless, result.frames) == (Outcome.UNDECIDED, 20, 20)
    assert math.isnan(result.score)
    assert math.isnan(result.passive)


def test_a_turned_head_moves_its_nose_and_leaves_the_background():
    head = LivingHead(picture(), mesh())
    assert np.array_equal(head.view(HeadMotion()), picture())
    marked = np.full((480, 640, 3), 60, np.uint8)
    for x, y in ((320, 240), (320, 30)):
        cv2.circle(marked, (x, y), 6, (255, 255, 255), -1)
    turned = LivingHead(marked, mesh()).view(HeadMotion(yaw_rad=0.3))
    assert np.array_equal(turned[:60], marked[:60])
    columns = np.nonzero(turned[200:280, :, 0] > 150)[1]
    assert 335 < columns.mean() < 350  # 80 px of depth, a little less after smoothing: 24 px


def test_sway_is_decided_by_its_seed_and_small():
    moves = [draw_sway(np.random.default_rng(seed))(0.7) for seed in (1, 1, 2)]
    assert moves[0] == moves[1] != moves[2]
    assert all(abs(move.yaw_rad) <= 0.1 and abs(move.right) <= 0.05 for move in moves)


def test_a_still_person_makes_one_living_attempt_and_every_attack():
    head = LivingHead(picture(), mesh())
    made = list(attempts_of_still(head, picture(), subject=3, seed=1, timing=TIMING))
    cells = [(one.presentation, one.framing) for one in made]
    assert cells == [(Presentation.BONA_FIDE, Framing.FULL), *ATTACKS]
    assert {(one.subject, one.origin, one.turning) for one in made} == {(3, Origin.RELIEF, False)}
    first, again = (made[1].begin().frame(0.0, Instruction.NONE) for _ in range(2))
    assert first.shape == (480, 640, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, made[2].begin().frame(0.0, Instruction.NONE))


def test_a_stretch_of_a_clip_is_shown_as_it_is_and_attacked():
    made = list(attempts_of_clip([picture(), picture(1)], subject=0, seed=1, timing=TIMING))
    assert len(made) == 1 + len(ATTACKS)
    assert {one.origin for one in made} == {Origin.CLIP}


def test_an_obedient_person_turns_as_asked_and_a_replay_does_not_listen():
    head = LivingHead(picture(), mesh())
    living, *replays = turning_attempts(head, subject=0, seed=1, timing=TIMING)
    assert [one.framing for one in replays] == list(Framing)
    assert all(one.turning for one in (living, *replays))
    shown = {}
    for asked in (Instruction.TURN_LEFT, Instruction.TURN_RIGHT):
        for name, one in (("living", living), ("replay", replays[0])):
            actor = one.begin()
            frames = [actor.frame(index / 10, asked) for index in range(3)]
            shown[name, asked] = frames[-1]
        actor = living.begin()
        actor.frame(0.0, asked)
        shown["turned", asked] = actor.frame(1.0, asked)
    left, right = Instruction.TURN_LEFT, Instruction.TURN_RIGHT
    assert np.array_equal(shown["living", left], shown["living", right])  # before a reaction
    assert np.array_equal(shown["replay", left], shown["replay", right])
    assert not np.array_equal(shown["turned", left], shown["turned", right])


def result(presentation, outcome, *, passive=0.5, framing=Framing.FULL):
    one = dataclasses.replace(
        attempt(Shown([picture()]), presentation=presentation), framing=framing
    )
    return AttemptResult(
        attempt=one,
        outcome=outcome,
        after_s=math.nan,
        passive=passive,
        score=passive,
        reason="",
        frames=1,
        faceless=0,
        picture=picture(),
    )


RESULTS = (
    result(Presentation.BONA_FIDE, Outcome.LIVE, passive=0.9),
    result(Presentation.BONA_FIDE, Outcome.UNDECIDED, passive=0.8),
    result(Presentation.BONA_FIDE, Outcome.SPOOF, passive=0.3),
    result(Presentation.PRINT, Outcome.SPOOF, passive=0.1),
    result(Presentation.PRINT, Outcome.UNDECIDED, passive=0.2),
    result(Presentation.REPLAY, Outcome.LIVE, passive=0.6),
    result(Presentation.REPLAY, Outcome.SPOOF, passive=math.nan),
)


def test_undecided_is_a_rejected_attack_and_a_rejected_person():
    living, printed, replayed = count_cells(RESULTS)
    assert (living.n, living.live, living.spoof, living.undecided) == (3, 1, 1, 1)
    assert living.error_rate == pytest.approx(2 / 3)
    assert (printed.error_rate, printed.undecided) == (0.0, 1)
    assert replayed.error_rate == 0.5


def whole():
    return report.LivenessReport(
        results=RESULTS,
        config=LivenessConfig(),
        timing=TIMING,
        seed=0,
        people=1,
        clips=0,
        left_out=2,
    )


def test_the_document_pools_and_names_the_worst(tmp_path):
    document = json.loads(json.dumps(whole().document(), allow_nan=False))
    assert document["apcer"]["rate"] == 0.25
    assert document["bpcer"]["rate"] == pytest.approx(2 / 3)
    assert document["worst_apcer"] == 0.5
    assert document["passive_equal_error_rate"] == pytest.approx(1 / 3)
    assert document["cells"][1]["error"] == "apcer"
    assert document["conditions"]["pictures_without_a_face"] == 2


def test_the_table_tells_both_rates_and_that_it_is_a_lower_bound():
    text = report.describe(whole())
    assert "BPCER 66.7 %" in text
    assert "APCER 50.0 %" in text
    assert "lower bound" in text


def test_chart_and_examples_are_drawn_with_mistakes_first(tmp_path):
    scores, sheet = report.save_plots(whole(), tmp_path)
    assert cv2.imread(str(scores)).shape == (600, 900, 3)
    assert cv2.imread(str(sheet)).shape == (400, 1200, 3)


@pytest.mark.parametrize(
    ("wrong", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (1, 1, 0.2065, 1)],
)
def test_the_interval_is_wilsons(wrong, n, low, high):
    assert wilson_interval(wrong, n) == pytest.approx((low, high), abs=1e-3)


@pytest.mark.parametrize(("wrong", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_an_impossible_count_has_no_interval(wrong, n):
    with pytest.raises(ValueError, match="0 <= wrong <= n"):
        wilson_interval(wrong, n)


def people(tmp_path, count=2):
    for number in range(count):
        folder = tmp_path / "people" / f"p{number}"
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / "a.png"), picture(number))
    return tmp_path / "people"


def measure(root, *, found=True, turns=0, clips=(), count=1):
    return measure_liveness(
        root,
        clips=clips,
        people=count,
        timing=TIMING,
        turning_seconds=0.2,
        detector=Finder(found),
        passive=Passive(0.9),
        config=build(LivenessConfig, {"challenge.turns": turns}),
        seed=0,
    )


def test_people_of_a_folder_are_measured(tmp_path):
    made = measure(people(tmp_path), count=2)
    assert (made.people, made.clips, len(made.results)) == (2, 0, 14)
    assert {one.attempt.subject for one in made.results} == {0, 1}


def test_pictures_without_a_face_are_told(tmp_path):
    with pytest.raises(DataError, match="no face found"):
        measure(people(tmp_path), found=False)


def test_a_clip_that_is_too_short_is_refused(tmp_path):
    path = tmp_path / "short.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (64, 48))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    with pytest.raises(DataError, match=r"has 1 frames at 10 Hz, an attempt of 0\.3 s needs 3"):
        measure(people(tmp_path), clips=[path])


def test_with_turns_only_the_challenge_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "edgeai_lab.liveness.measurement.head_pose",
        lambda mesh: HeadPose(yaw_deg=0.0, pitch_deg=0.0, roll_deg=0.0),
    )
    made = measure(people(tmp_path), turns=2)
    assert [one.attempt.turning for one in made.results] == [True] * 3
    assert [cell.turning for cell in count_cells(made.results)] == [True] * 3
