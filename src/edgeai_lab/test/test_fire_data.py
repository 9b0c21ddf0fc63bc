"""What the fire model is trained on: scenes, groups, samples and made pictures."""

import numpy as np
import pytest

from edgeai_core.errors import DataError
from edgeai_lab.average_precision import PictureBoxes, average_precision
from edgeai_lab.fire.audit import DOUBTFUL, FOG, HARMLESS, audit_key
from edgeai_lab.fire.calibration import area_under_curve, calibrate
from edgeai_lab.fire.generated import generated_scenes
from edgeai_lab.fire.groups import Part, near_duplicates, split
from edgeai_lab.fire.landscapes import landscape
from edgeai_lab.fire.pasting import cut_flames, draw_smoke, flame_opacity, paste_flame
from edgeai_lab.fire.samples import Kind, Order, cropped, draw, plan
from edgeai_lab.fire.scenes import Scene, Source, Stage, covered_share, read_boxes, stage_of
from edgeai_lab.fire.synthesis import HARD_NEGATIVES

NO_BOXES = np.zeros((0, 4), np.float32)


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def scene(flames=NO_BOXES, smokes=NO_BOXES):
    image = np.full((100, 200, 3), 80, np.uint8)
    return Scene(
        name="x.jpg",
        source=Source.BIPLAB,
        image=image,
        flames=flames,
        smokes=smokes,
        stage=stage_of(flames, smokes),
    )


def test_labels_become_corners_inside_the_picture(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("2 0.5 0.5 0.2 0.4\n\n0 0.0 0.0 0.2 0.2\n")
    assert read_boxes(path).tolist() == [
        pytest.approx([2, 0.4, 0.3, 0.6, 0.7]),
        pytest.approx([0, 0, 0, 0.1, 0.1]),
    ]


def test_a_label_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("0 0.1 0.2\n")
    with pytest.raises(DataError, match="expected rows of class, x, y, width, height"):
        read_boxes(path)


def test_stages_follow_from_the_boxes():
    large, small = boxes([0, 0, 0.5, 0.5]), boxes([0, 0, 0.125, 0.125])
    assert covered_share(large) == 0.25
    assert stage_of(NO_BOXES, NO_BOXES) is Stage.NONE
    assert stage_of(small, large) is Stage.START_FIRE
    assert stage_of(NO_BOXES, large) is Stage.START_FIRE
    assert stage_of(large, NO_BOXES) is Stage.FIRE


def test_no_picture_is_audited_twice():
    assert not FOG & DOUBTFUL
    assert not HARMLESS & (FOG | DOUBTFUL)
    assert audit_key("Smoke-342-_jpg.rf.fc64a32c836b.jpg") == "Smoke-342-_jpg.rf.fc64a3"


def test_alike_rows_and_frames_of_a_clip_are_one_group():
    features = np.array([[1, 0], [0.99, 0.1], [0, 1], [-1, 0]], np.float32)
    groups = near_duplicates(features, ["a", "b", "c", "c"], similarity=0.93)
    assert groups[0] == groups[1]
    assert groups[2] == groups[3]
    assert groups[0] != groups[2]


def test_a_group_is_never_divided_and_large_ones_train():
    groups = np.array([0] * 20 + list(range(1, 41)) + list(range(1, 41)), np.int32)
    parts = split(groups, ["x"] * len(groups), np.random.default_rng(0))
    assert set(parts[:20]) == {Part.TRAINING}
    for group in range(1, 41):
        assert len({parts[row] for row in np.flatnonzero(groups == group)}) == 1
    assert [parts.count(part) for part in Part] == [68, 8, 10, 14]


def test_crops_tell_how_much_of_a_box_they_show():
    moved, shown = cropped(boxes([0.4, 0.0, 0.8, 0.5]), np.array([0.5, 0.0, 1.0, 1.0]))
    assert moved.tolist() == [pytest.approx([0.0, 0.0, 0.6, 0.5])]
    assert shown.tolist() == [pytest.approx(0.75)]


def test_a_sample_is_the_same_at_every_draw():
    scenes = generated_scenes(np.random.default_rng(0))
    cutouts = cut_flames(scenes)
    for kind in Kind:
        order = Order(kind=kind, scene=2, seed=5)
        first, second = draw(order, scenes, cutouts), draw(order, scenes, cutouts)
        assert (first is None) == (second is None)
        if first is not None:
            assert first.image.shape == (224, 224, 3)
            assert np.array_equal(first.image, second.image)


def test_the_background_of_a_fire_picture_is_harmless():
    burning = scene(flames=boxes([0.0, 0.0, 0.5, 1.0]))
    drawn = [draw(Order(kind=Kind.BACKGROUND, scene=0, seed=s), [burning], []) for s in range(20)]
    found = [sample for sample in drawn if sample is not None]
    assert len(found) > 10
    for sample in found:
        assert sample.scores[:3].tolist() == [0, 0, 0]
        assert not len(sample.flames)


def test_whole_pictures_know_their_size_and_parts_do_not():
    burning = scene(flames=boxes([0.2, 0.2, 0.8, 0.8]))
    whole = draw(Order(kind=Kind.WHOLE, scene=0, seed=1), [burning], [])
    part = draw(Order(kind=Kind.PART, scene=0, seed=1), [burning], [])
    assert whole.scores[[0, 1, 3]].tolist() == [1, 1, 1]
    assert np.isnan(whole.scores[2])  # smoke beside flames often has no box
    assert np.isnan(part.scores[3])


def test_orders_follow_the_repeats():
    scenes = [scene(), scene(flames=boxes([0, 0, 1, 1]))]
    orders = plan(
        scenes,
        repeats={"BIPLAB": {Kind.WHOLE: 2}, "BIPLAB none": {Kind.HARD: 3}},
        rng=np.random.default_rng(0),
    )
    counted = sorted((order.scene, order.kind.name) for order in orders)
    assert counted == [(0, "HARD")] * 3 + [(1, "WHOLE")] * 2


@pytest.mark.parametrize("name", HARD_NEGATIVES)
def test_hard_negatives_change_the_picture_and_keep_its_form(name):
    image = np.full((96, 128, 3), (60, 120, 70), np.uint8)
    changed = HARD_NEGATIVES[name](image, np.random.default_rng(1))
    assert changed.shape == image.shape
    assert changed.dtype == np.uint8
    assert not np.array_equal(changed, image)


def test_landscapes_have_the_form_of_their_picture():
    image = np.full((96, 128, 3), (60, 120, 70), np.uint8)
    for seed in range(5):
        assert landscape(image, np.random.default_rng(seed)).shape == image.shape


def test_a_flame_is_opaque_and_the_dark_around_it_is_not():
    patch = np.full((60, 60, 3), 20, np.uint8)
    patch[20:40, 20:40] = (30, 160, 250)
    alpha = flame_opacity(patch)
    assert alpha[30, 30] > 0.95
    assert alpha[5, 5] < 0.01


def test_what_is_pasted_has_a_box():
    scenes = generated_scenes(np.random.default_rng(0))
    ground = np.full((128, 128, 3), 40, np.uint8)
    _, flames = paste_flame(ground, cut_flames(scenes), np.random.default_rng(3))
    _, smokes = draw_smoke(ground, np.random.default_rng(3))
    for found in (flames, smokes):
        assert len(found) >= 1
        assert (found[:, 2:] > found[:, :2]).all()
        assert found.min() >= 0
        assert found.max() <= 1


def test_the_threshold_lets_the_share_of_false_alarms_pass():
    result = calibrate(np.arange(100.0), np.array([50.0, 99.5, 120]), most_false_alarms=0.02)
    assert 98 < result.threshold < 98.01
    assert result.false_alarms == pytest.approx(0.01)
    assert result.recall == pytest.approx(2 / 3)


def test_calibration_needs_both_kinds():
    with pytest.raises(DataError, match="got one kind"):
        calibrate([], [1.0])


def test_the_area_counts_ties_half():
    assert area_under_curve(np.array([1.0, 2]), np.array([1.0, 0])) == pytest.approx(0.875)


def test_average_precision_of_a_hit_a_double_and_a_miss():
    picture = PictureBoxes(
        wanted=np.array([[0, 0, 10, 10], [20, 20, 30, 30.0]]),
        found=np.array([[0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60.0]]),
        scores=np.array([0.9, 0.8, 0.7]),
    )
    assert average_precision([picture]) == pytest.approx(0.5)


def test_average_precision_without_labels_or_boxes():
    empty = np.zeros((0, 4))
    nothing = PictureBoxes(wanted=empty, found=empty, scores=np.zeros(0))
    missed = PictureBoxes(wanted=np.array([[0, 0, 1, 1.0]]), found=empty, scores=np.zeros(0))
    assert np.isnan(average_precision([nothing]))
    assert average_precision([missed]) == 0.0
