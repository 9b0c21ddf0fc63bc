"""Fights in the lab: folds, scores, varied pictures, the head, and networks on drawn clips."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeai_core.analyzers.actions.fight_model import window_features
from edgeai_core.analyzers.actions.fights import SHARES
from edgeai_core.analyzers.actions.motion import INPUT_PX
from edgeai_core.errors import DataError
from edgeai_lab.actions.fights.material import clips_of, folds_of, frames_in, labels_of
from edgeai_lab.actions.fights.people import (
    SKELETON_CHANNELS,
    Seen,
    count_features,
    pair_features,
    skeleton_of,
)
from edgeai_lab.actions.fights.pictures import judged_inputs, learnt_input
from edgeai_lab.actions.fights.scoring import (
    area_under_curve,
    calibrate,
    calibration_error,
    curve_of,
    score_of,
)


def write_clip(path: Path, *, frames: int = 8, fps: float = 10.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (96, 64))
    rng = np.random.default_rng(frames)
    for _ in range(frames):
        writer.write(rng.integers(0, 255, (64, 96, 3)).astype(np.uint8))
    writer.release()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for number in (1, 20, 21, 41, 61, 100):
        for folder, stem in (("fight", "fi"), ("noFight", "nofi")):
            path = tmp_path / folder / f"{stem}{number:03d}.avi"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"")
    return tmp_path


def test_neighbouring_numbers_stay_in_one_fold(data: Path) -> None:
    clips = clips_of(data)
    assert folds_of(clips).tolist() == [0, 0, 1, 2, 3, 4] * 2
    assert labels_of(clips).tolist() == [1] * 6 + [0] * 6


def test_a_set_with_a_range_of_one_kind_is_refused(data: Path) -> None:
    (data / "noFight" / "nofi041.avi").unlink()
    with pytest.raises(DataError, match="range 3 of 5 lacks one"):
        clips_of(data)


def test_a_name_without_a_number_is_refused(data: Path) -> None:
    (data / "fight" / "brawl.avi").write_bytes(b"")
    with pytest.raises(DataError, match="carries no number"):
        clips_of(data)


def test_a_clip_is_read_at_ten_pictures_a_second_in_the_size_of_motion(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.avi", frames=40, fps=20.0)
    frames = frames_in(tmp_path / "a.avi")
    assert len(frames) == 20
    assert frames[0].shape == (180, 270, 3)


SCORES = np.array([2.0, 1.0, -1.0, 0.5, -2.0, -3.0])
LABELS = np.array([1, 1, 1, 0, 0, 0])


def test_scores_count_pairs_hits_and_alarms() -> None:
    score = score_of(SCORES, LABELS)
    assert score.accuracy == pytest.approx(4 / 6)
    assert (score.recall, score.false_alarms) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert score.auc == pytest.approx(8 / 9)
    assert area_under_curve(np.zeros(6), LABELS) == 0.5
    with pytest.raises(DataError):
        area_under_curve(SCORES, np.ones(6, np.int64))


def test_the_curve_goes_from_nothing_told_to_all() -> None:
    alarms, recall = curve_of(SCORES, LABELS)
    assert alarms.tolist() == pytest.approx([0, 0, 0, 1 / 3, 1 / 3, 2 / 3, 1])
    assert recall.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 2 / 3, 1, 1, 1])


def test_calibration_finds_the_odds_that_made_the_labels() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(size=4000)
    chances = 1 / (1 + np.exp(-(2.0 * scores - 0.5)))
    labels = (rng.random(4000) < chances).astype(np.int64)
    found = calibrate(scores, labels)
    assert found.slope == pytest.approx(2.0, abs=0.2)
    assert found.offset == pytest.approx(-0.5, abs=0.1)
    assert calibration_error(chances, labels) < 0.02
    assert calibration_error(np.full(4000, 0.99), labels) > 0.3


def test_calibration_stays_finite_where_scores_part_the_classes() -> None:
    found = calibrate(np.array([-2.0, -1.0, 1.0, 2.0]), np.array([0, 0, 1, 1]))
    assert found.slope > 0
    assert math.isfinite(found.slope)


def greys(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [rng.integers(0, 255, (180, 240)).astype(np.uint8) for _ in range(count)]


def test_a_clip_is_judged_every_second_moment_in_each_size() -> None:
    inputs = list(judged_inputs(greys(9)))
    assert len(inputs) == 3 * len(SHARES)
    assert {given.shape for given in inputs} == {(3, INPUT_PX, INPUT_PX)}


def test_varied_pictures_differ_and_come_again_with_their_seed() -> None:
    def drawn(seed: int) -> np.ndarray:
        return learnt_input(greys(8), np.random.default_rng(seed))

    assert drawn(1).shape == (3, INPUT_PX, INPUT_PX)
    assert np.array_equal(drawn(1), drawn(1))
    assert not np.array_equal(drawn(1), drawn(2))


def seen(track_id: int, x: float, *, joints: bool = False) -> Seen:
    box = np.array([x, 0.0, x + 50.0, 100.0], np.float32)
    return Seen(track_id=track_id, box=box, joints=np.full((13, 2), x) if joints else None)


def test_pairs_are_measured_in_body_heights() -> None:
    apart = [[seen(1, 0.0), seen(2, 100.0)]] * 4
    close, against, limbs, shapes = pair_features(apart)
    # Centres one body height apart on three of the four values: the first is the start.
    assert close == pytest.approx(3 * math.exp(-1.0) / 4, abs=1e-5)
    assert (against, limbs, shapes) == (0.0, 0.0, 0.0)
    towards = [[seen(1, 0.0), seen(2, 100.0 - 10 * step)] for step in range(4)]
    assert pair_features(towards)[1] > 0.4
    assert count_features([[], *apart]).tolist() == pytest.approx([1.6, 2.0])


def test_a_skeleton_holds_the_closest_pair_and_zeros_for_nobody() -> None:
    rows = skeleton_of([[seen(1, 0.0), seen(2, 300.0), seen(3, 340.0, joints=True)], []])
    assert rows.shape == (SKELETON_CHANNELS, 2)
    assert (rows[:, 1] == 0).all()
    half = SKELETON_CHANNELS // 2
    assert (rows[half - 1, 0], rows[-1, 0]) == (1.0, 1.0)
    # Of the two that are close only the right one has joints.
    assert (rows[: half - 5, 0] == 0).all()
    assert (rows[half : SKELETON_CHANNELS - 5, 0] != 0).any()


torch_reason = "the lab's training packages are not installed"


def test_the_exported_head_is_the_machine_that_was_fitted() -> None:
    pytest.importorskip("torch", reason=torch_reason)
    svm = pytest.importorskip("sklearn.svm", reason=torch_reason)
    from edgeai_lab.actions.fights.heads import HeadRecipe, fit_head, highest_window

    rng = np.random.default_rng(2)
    labels = np.array([1] * 6 + [0] * 6)
    varied = [rng.normal(label, 1.0, (10, 4)).astype(np.float32) for label in labels]
    recipe = HeadRecipe(windows=3, pictures=5)
    everything = np.arange(12)
    head = fit_head(varied, labels, everything, recipe, seed=7)
    again = fit_head(varied, labels, everything, recipe, seed=7)
    judged = rng.normal(0.5, 1.0, (9, 4)).astype(np.float32)
    assert head.score(judged) == again.score(judged)

    draw = np.random.default_rng(7)
    rows = [
        window_features(clip[draw.choice(10, 5, replace=False)])
        for clip in varied
        for _ in range(3)
    ]
    table = np.stack(rows)
    mean, deviation = table.mean(axis=0), table.std(axis=0)
    machine = svm.SVC(C=recipe.cost, gamma=1 / 8).fit(
        (table - mean) / deviation, np.repeat(labels, 3)
    )
    own = (window_features(judged)[None] - mean) / deviation
    assert head.score(judged) == pytest.approx(float(machine.decision_function(own)[0]), abs=1e-4)
    assert np.mean([head.score(clip) > 0 for clip in varied[:6]]) == 1.0

    windows = [head.score(judged[:6]), head.score(judged[:9]), head.score(judged[3:9])]
    assert highest_window(judged, head.score, shortest=2, longest=3, each=3) == max(windows[:2])
    assert highest_window(judged, head.score, shortest=2, longest=2, each=3) == max(
        windows[0], windows[2]
    )


@pytest.mark.parametrize("kind", ["motion", "shifted", "recurrent", "skeleton"])
def test_every_network_learns_what_parts_two_classes(kind: str) -> None:
    torch = pytest.importorskip("torch", reason=torch_reason)
    from edgeai_lab.actions.fights import networks
    from edgeai_lab.actions.fights.fitting import Lesson, fit, out_of_fold, score_clip

    back = torch.nn.Sequential(torch.nn.Conv2d(8, networks.MIDDLE_CHANNELS, 1))
    build, shape = {
        "motion": (lambda: networks.MotionNetwork(back), (4, 8, 3, 3)),
        "shifted": (lambda: networks.ShiftedNetwork(back), (4, 8, 3, 3)),
        "recurrent": (networks.RecurrentNetwork, (4, networks.FEATURES)),
        "skeleton": (lambda: networks.SkeletonNetwork(6), (6, 16)),
    }[kind]
    labels = np.array([0, 1] * 8)
    pattern = np.sign(np.random.default_rng(9).normal(size=shape))

    class Drawn:
        def draw(self, chosen, rng):
            noise = rng.normal(0, 0.3, (len(chosen), *shape))
            signs = (2.0 * labels[chosen] - 1).reshape(-1, *[1] * len(shape))
            return (noise + signs * pattern).astype(np.float32)

        def fixed(self, index):
            return self.draw(np.array([index]), np.random.default_rng(index))

    views = Drawn()
    lesson = Lesson(passes=12, batch_clips=8, learning_rate=1e-2)

    def fitted(chosen):
        network = fit(build, views, labels, chosen, lesson, seed=3)
        return lambda index: score_clip(network, views, index)

    scores = out_of_fold(fitted, np.arange(16) // 8, report=lambda text: None)
    assert area_under_curve(scores, labels) == 1.0


def test_a_shift_takes_an_eighth_from_each_neighbour_in_time() -> None:
    torch = pytest.importorskip("torch", reason=torch_reason)
    from edgeai_lab.actions.fights.networks import ShiftedNetwork

    network = ShiftedNetwork(torch.nn.Sequential(torch.nn.Conv2d(8, 112, 1))).eval()
    rng = torch.Generator().manual_seed(1)
    series = torch.randn((1, 4, 8, 2, 2), generator=rng)
    with torch.inference_mode():
        forward, backward = network(series), network(series.flip(1))
    assert not torch.allclose(forward, backward)


def test_a_regression_on_features_that_tell_nothing_reads_chance() -> None:
    pytest.importorskip("torch", reason=torch_reason)
    from edgeai_lab.actions.fights.contenders import TableContender, milliseconds_per_clip

    labels = np.array([0, 1] * 50)
    useful = labels[:, None] + np.random.default_rng(1).normal(0, 0.1, (100, 1))
    chosen = np.arange(60)
    for features, expected in ((useful, 1.0), (np.ones((100, 1)), 0.5)):
        contender = TableContender(name="x", sees="y", features=features)
        model = contender.fit(labels, chosen, seed=1)
        scores = np.array([model.score(index) for index in range(60, 100)])
        assert area_under_curve(scores, labels[60:]) == pytest.approx(expected)
        assert milliseconds_per_clip(model, 0) < 1000


def test_the_readings_of_a_window_are_those_of_the_product() -> None:
    pytest.importorskip("torch", reason=torch_reason)
    from edgeai_lab.actions.fights.contenders import _readings_in

    # A reading spans 0.3 s and one follows every 0.2 s.
    assert [_readings_in(s) for s in (0.3, 0.5, 1.2, 2.5)] == [1, 2, 5, 12]
