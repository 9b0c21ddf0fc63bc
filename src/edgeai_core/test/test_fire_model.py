"""The fire model's crops, boxes and answers, with a function in the network's place."""

import cv2
import numpy as np
import pytest

from edgeai_core.analyzers.fire.crops import (
    FOREST_CROPS,
    HOME_CROPS,
    INPUT_SIDE_PX,
    WHOLE_FRAME,
    Crop,
    close_up,
    crop_input,
    shrunk,
    tiled,
)
from edgeai_core.analyzers.fire.model import FireModel
from edgeai_core.analyzers.fire.readings import (
    CropReading,
    FireScores,
    FireStage,
    joined_scores,
)
from edgeai_core.errors import ModelError

SIDE = 14


class Network:
    """Answers with what it was given, once per inference, and keeps its inputs."""

    runtime_name = "function"
    input_names = ("image",)
    output_names = ("scores", "cell_scores", "cell_boxes")

    def __init__(self, *answers):
        self.answers = list(answers)
        self.inputs = []
        self.closed = 0

    def run(self, inputs):
        self.inputs.append(inputs["image"])
        return self.answers.pop(0)

    def close(self):
        self.closed += 1


def answer(scores=(0.1, 0.1, 0.1, 0.2), boxes=()):
    cells = np.zeros((1, 2, SIDE, SIDE), np.float32)
    edges = np.zeros((1, 2, 4, SIDE, SIDE), np.float32)
    for number, (column, score, box) in enumerate(boxes):
        cells[0, column, 0, number] = score
        edges[0, column, :, 0, number] = box
    return {
        "scores": np.array([scores], np.float32),
        "cell_scores": cells,
        "cell_boxes": edges,
    }


def model(*answers, **options):
    return FireModel(Network(*answers), **options)


def frame(width=200, height=100):
    return np.zeros((height, width, 3), np.uint8)


def test_a_tiling_covers_the_frame_and_overlaps_by_the_share():
    whole, first, second = tiled(columns=2, rows=1, overlap=0.5)
    assert whole == WHOLE_FRAME
    assert (first.x_min, first.x_max) == pytest.approx((0, 2 / 3))
    assert (second.x_min, second.x_max) == pytest.approx((1 / 3, 1))
    assert (len(HOME_CROPS), len(FOREST_CROPS)) == (5, 10)
    assert HOME_CROPS[1].x_max == pytest.approx(0.6)
    assert tiled(columns=1, rows=1, overlap=0.3) == (WHOLE_FRAME,)


@pytest.mark.parametrize(("columns", "overlap"), [(0, 0.1), (2, 0.95), (2, -0.1)])
def test_a_tiling_that_cannot_be_is_refused(columns, overlap):
    with pytest.raises(ValueError, match="expected sides of at least 1"):
        tiled(columns=columns, rows=1, overlap=overlap)


def test_a_crop_outside_of_the_frame_is_refused():
    with pytest.raises(ValueError, match="expected 0 <= min < max <= 1"):
        Crop(x_min=0.5, y_min=0.0, x_max=0.5, y_max=1.0)


def test_the_input_is_the_crop_in_red_green_blue_about_zero():
    image = frame()
    image[:, 100:] = (0, 127, 255)
    tensor = crop_input(image, Crop(x_min=0.5, y_min=0.0, x_max=1.0, y_max=1.0))
    assert tensor.shape == (1, 3, INPUT_SIDE_PX, INPUT_SIDE_PX)
    assert tensor.dtype == np.float32
    assert tensor[0, :, 5, 5].tolist() == [1.0, 0.0, -127 / 128]


@pytest.mark.parametrize(
    ("height", "width"), [(480, 640), (288, 384), (1080, 1920), (300, 2000), (450, 900)]
)
def test_large_parts_are_shrunk_nearly_as_by_averaging_over_areas(height, width):
    y, x = np.mgrid[:height, :width]
    waves = 128 + 60 * np.sin(40 * x / width) + 60 * np.cos(30 * y / height)
    picture = np.repeat(waves[..., None], 3, axis=2).astype(np.uint8)
    small = shrunk(picture).astype(int)
    assert small.shape == (INPUT_SIDE_PX, INPUT_SIDE_PX, 3)
    wanted = cv2.resize(picture, (INPUT_SIDE_PX, INPUT_SIDE_PX), interpolation=cv2.INTER_AREA)
    assert np.abs(small - wanted).max() <= 6


def test_small_parts_are_averaged_over_areas():
    noise = np.random.default_rng(0).integers(0, 255, (256, 256, 3), np.uint8)
    wanted = cv2.resize(noise, (INPUT_SIDE_PX, INPUT_SIDE_PX), interpolation=cv2.INTER_AREA)
    assert np.array_equal(shrunk(noise), wanted)


def test_a_close_up_lies_inside_the_frame():
    crop = close_up(0.5, 0.25, share=0.3)
    assert (crop.x_min, crop.y_max) == (pytest.approx(0.35), pytest.approx(0.4))
    corner = close_up(1.0, 0.0, share=0.25)
    assert (corner.x_min, corner.x_max, corner.y_min, corner.y_max) == (0.75, 1.0, 0.0, 0.25)


def test_even_one_pixel_has_crops():
    for crop in FOREST_CROPS:
        x_min, y_min, x_max, y_max = crop.pixels(width_px=1, height_px=1)
        assert (x_min, y_min, x_max, y_max) == (0, 0, 1, 1)


def test_the_worst_part_speaks_for_the_frame_and_the_whole_frame_for_the_size():
    calm, burning = answer((0.1, 0.05, 0.2, 0.9)), answer((0.8, 0.7, 0.1, 0.1))
    reading = model(calm, burning, crops=HOME_CROPS[:2]).read(frame())
    assert reading.scores.hazard == pytest.approx(0.8)
    assert reading.scores.flame == pytest.approx(0.7)
    assert reading.scores.smoke == pytest.approx(0.2)
    assert reading.scores.large == pytest.approx(0.9)
    assert reading.stage is FireStage.FIRE
    assert reading.probabilities == {
        FireStage.NONE: pytest.approx(0.2),
        FireStage.START_FIRE: pytest.approx(0.08),
        FireStage.FIRE: pytest.approx(0.72),
    }


@pytest.mark.parametrize(
    ("hazard", "large", "stage"),
    [(0.49, 0.9, FireStage.NONE), (0.51, 0.4, FireStage.START_FIRE), (0.51, 0.5, FireStage.FIRE)],
)
def test_the_stage_follows_hazard_and_size(hazard, large, stage):
    reading = model(answer((hazard, 0, 0, large)), crops=[WHOLE_FRAME]).read(frame())
    assert reading.stage is stage


def test_boxes_come_in_frame_pixels_best_first():
    found = answer(boxes=[(1, 0.4, (0.1, 0.2, 0.5, 0.6)), (0, 0.9, (0.5, 0.5, 1.2, 1.0))])
    flame, smoke = model(found, crops=[WHOLE_FRAME]).read(frame()).detections
    assert (flame.label, smoke.label) == ("flame", "smoke")
    assert flame.box.as_xyxy() == pytest.approx((100, 50, 200, 100))
    assert smoke.box.as_xyxy() == pytest.approx((20, 20, 100, 60), abs=1e-4)
    assert smoke.score == pytest.approx(0.4)


def test_boxes_of_a_tile_lie_in_the_tile():
    tile = Crop(x_min=0.5, y_min=0.0, x_max=1.0, y_max=0.5)
    reading = model(answer(boxes=[(0, 0.9, (0.2, 0.2, 0.4, 0.6))])).read_crop(frame(), tile)
    assert reading.detections[0].box.as_xyxy() == pytest.approx((120, 10, 140, 30), abs=1e-4)


def test_a_box_that_a_tile_cuts_is_left_to_another_crop():
    tile = Crop(x_min=0.5, y_min=0.0, x_max=1.0, y_max=0.5)
    cut = answer(boxes=[(0, 0.9, (0.0, 0.2, 0.4, 0.6)), (0, 0.8, (0.6, 0.2, 1.0, 0.4))])
    kept = model(cut).read_crop(frame(), tile).detections
    assert [d.score for d in kept] == [pytest.approx(0.8)]


def test_faint_boxes_and_doubles_are_dropped():
    twins = answer(
        boxes=[
            (0, 0.9, (0.1, 0.1, 0.5, 0.5)),
            (0, 0.8, (0.1, 0.1, 0.52, 0.5)),
            (0, 0.7, (0.2, 0.2, 0.3, 0.3)),
            (0, 0.2, (0.7, 0.7, 0.9, 0.9)),
        ]
    )
    kept = model(twins, crops=[WHOLE_FRAME], min_box_score=0.3).read(frame()).detections
    assert [d.score for d in kept] == [pytest.approx(0.9)]


def test_smoke_of_tiles_counts_only_where_the_whole_frame_has_none():
    tile = answer(boxes=[(1, 0.9, (0.2, 0.2, 0.6, 0.6))])
    whole = answer(boxes=[(1, 0.5, (0.1, 0.1, 0.9, 0.9))])
    both = model(whole, tile, crops=HOME_CROPS[:2]).read(frame()).detections
    alone = model(answer(), tile, crops=HOME_CROPS[:2]).read(frame()).detections
    assert [d.score for d in both] == [pytest.approx(0.5)]
    assert [d.score for d in alone] == [pytest.approx(0.9)]


def test_joining_needs_the_whole_frame():
    scores = FireScores(hazard=0.1, flame=0.1, smoke=0.1, large=0.1)
    part = CropReading(crop=HOME_CROPS[1], scores=scores, detections=())
    with pytest.raises(ValueError, match="the whole frame is not among the crops"):
        joined_scores([part])


def test_a_model_with_other_outputs_is_refused():
    with pytest.raises(ModelError, match="expected outputs scores"):
        model({"logits": np.zeros((1, 3))}, crops=[WHOLE_FRAME]).read(frame())


def test_closing_frees_the_session():
    network = Network()
    FireModel(network).close()
    assert network.closed == 1
