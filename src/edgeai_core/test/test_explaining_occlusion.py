"""Heat-maps of models whose score depends on a known part of the picture."""

from __future__ import annotations

import numpy as np
import pytest

from edgeai_core.explaining.explanation import Explanation, occlusion_reason
from edgeai_core.explaining.faithfulness import (
    centred_heat,
    deletion_and_insertion,
    hottest_cell_is_in,
    random_heat,
)
from edgeai_core.explaining.grid import MapGrid
from edgeai_core.explaining.occlusion import OcclusionStudy, covered, occlusion_map
from edgeai_core.geometry import Box

WIDTH_PX, HEIGHT_PX = 160, 96
PATCH = Box(100.0, 24.0, 120.0, 36.0)


def picture() -> np.ndarray:
    """Grey noise with a red patch."""
    image = np.random.default_rng(1).integers(90, 110, (HEIGHT_PX, WIDTH_PX, 3)).astype(np.uint8)
    image[24:36, 100:120] = (20, 20, 220)
    return image


def redness(image: np.ndarray) -> float:
    """How much of the patch is red, 0..1, whatever else the picture shows."""
    part = image[24:36, 100:120].astype(int)
    return float((part[..., 2] - part[..., 0] > 100).mean())


def study(**options) -> OcclusionStudy:
    whole = Box(0.0, 0.0, float(WIDTH_PX), float(HEIGHT_PX))
    return OcclusionStudy(picture(), redness, base_score=1.0, **{"region": whole} | options)


def test_the_heat_lies_on_the_patch_that_the_score_depends_on():
    made = occlusion_map(picture(), redness)
    # Cells of 20 x 12 px: the patch is the sixth of the third row.
    assert made.heat.shape == (8, 8)
    assert np.unravel_index(int(made.heat.argmax()), made.heat.shape) == (2, 5)
    assert made.heat.max() == 1.0
    assert np.median(made.heat) < 0.25
    assert hottest_cell_is_in(made.heat, PATCH, width_px=WIDTH_PX, height_px=HEIGHT_PX)


def test_hiding_the_hottest_fifth_takes_the_whole_score_of_a_small_patch():
    made = occlusion_map(picture(), redness)
    assert made.deletion == 0.0
    assert made.looks == 96


def test_the_same_seed_gives_the_same_map_and_another_one_other_masks():
    first, second = (occlusion_map(picture(), redness, seed=3).heat for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, occlusion_map(picture(), redness, seed=4).heat)


def test_the_number_of_looks_is_what_was_asked_for_and_one_for_the_measure():
    seen: list[int] = []

    def score(image: np.ndarray) -> float:
        seen.append(1)
        return redness(image)

    occlusion_map(picture(), score, base_score=1.0, looks=40)
    assert len(seen) == 41


def test_a_study_takes_one_look_at_a_time():
    begun = study(looks=16)
    for _ in range(16):
        begun.look()
    assert not begun.done
    with pytest.raises(ValueError, match="not done"):
        begun.result()
    begun.look()
    assert begun.done
    done = begun.result()
    begun.look()
    assert begun.result() is done


def test_outside_of_the_cells_of_the_region_nothing_is_hidden_and_nothing_is_hot():
    shown: list[np.ndarray] = []

    def score(image: np.ndarray) -> float:
        shown.append(image)
        return redness(image)

    region = Box(80.0, 12.0, 140.0, 60.0)
    made = occlusion_map(picture(), score, base_score=1.0, region=region)
    outside = np.ones((HEIGHT_PX, WIDTH_PX), bool)
    # The cells that the region touches: up to 8 px more.
    outside[6:66, 76:145] = False
    assert all(np.array_equal(image[outside], picture()[outside]) for image in shown)
    rows, columns = made.heat.shape
    assert (rows, columns) == (16, 21)
    hot_rows, hot_columns = np.nonzero(made.heat)
    assert hot_rows.min() * HEIGHT_PX / rows >= 12
    assert hot_columns.min() * WIDTH_PX / columns > 75
    assert made.heat[round(30 / 96 * 16), round(110 / 160 * 21)] > 0.5


def test_hidden_cells_have_the_mean_colour_and_the_picture_itself_stays_as_it_was():
    image = picture()
    grid = MapGrid.about(
        Box(0, 0, WIDTH_PX, HEIGHT_PX), width_px=WIDTH_PX, height_px=HEIGHT_PX, cells=8
    )
    hidden = np.zeros((8, 8), bool)
    hidden[2, 5] = True
    shown = grid.concealed(image, covered(image), hidden)
    mean = np.round(image.reshape(-1, 3).mean(axis=0))
    assert (shown[24:36, 100:120] == mean).all()
    shown[24:36, 100:120] = image[24:36, 100:120]
    assert np.array_equal(shown, picture())


def test_a_score_that_no_part_changes_gives_a_cold_map_and_says_so():
    made = occlusion_map(picture(), lambda image: 0.7)
    assert made.heat.max() == 0.0
    assert made.deletion == 1.0
    assert "no part decides alone" in occlusion_reason(deletion=1.0, looks=96)


def test_the_sentence_tells_what_is_left():
    assert occlusion_reason(deletion=0.119, looks=96) == (
        "occlusion, 96 looks: hiding the hottest fifth leaves 12 % of the score"
    )


def test_what_has_no_score_cannot_be_explained():
    with pytest.raises(ValueError, match="nothing to explain, the score is 0"):
        occlusion_map(picture(), lambda image: 0.0)


def test_a_region_beside_the_picture_is_refused():
    with pytest.raises(ValueError, match="expected a region in the picture of 160 x 96"):
        study(region=Box(200.0, 0.0, 220.0, 40.0))


@pytest.mark.parametrize(
    ("width_px", "height_px", "region"),
    [
        (1, 1, Box(0, 0, 1, 1)),
        (4000, 3000, Box(10, 10, 14, 13)),
        (33, 7, Box(0, 0, 33, 7)),
        (640, 480, Box(-50, 470, 700, 600)),
    ],
    ids=["one pixel", "tiny object", "odd", "partly outside"],
)
def test_any_picture_and_region_give_a_map_of_bounded_size(width_px, height_px, region):
    image = np.zeros((height_px, width_px, 3), np.uint8)
    made = occlusion_map(image, lambda shown: 0.5, region=region, looks=16)
    assert max(made.heat.shape) <= 96
    assert made.heat.shape[0] <= max(1, height_px)


def test_our_map_is_more_faithful_than_a_random_and_a_centred_one():
    judged = study()
    while not judged.done:
        judged.look()
    ours = judged.result().heat
    figures = {
        name: deletion_and_insertion(judged, heat.ravel())
        for name, heat in (
            ("ours", ours),
            ("random", random_heat((8, 8), seed=2)),
            ("centred", centred_heat((8, 8))),
        )
    }
    for other in ("random", "centred"):
        assert figures["ours"].deletion < figures[other].deletion
        assert figures["ours"].insertion > figures[other].insertion
    # The one cell that matters goes first: half a step of ten is all that is left.
    assert figures["ours"].deletion == pytest.approx(0.05)
    assert figures["ours"].insertion == pytest.approx(0.95)


def explanation(**changes) -> Explanation:
    values = {
        "stamp_ns": 1,
        "label": "gun",
        "box": Box(1, 2, 3, 4),
        "score": 0.5,
        "heat": np.zeros((2, 3), np.float32),
        "method": "occlusion",
        "deletion": 0.1,
        "reason": "",
    }
    return Explanation(**values | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heat": np.zeros((0, 3), np.float32)}, r"1\.\.96 cells a side, got \(0, 3\)"),
        ({"heat": np.zeros((97, 3), np.float32)}, r"got \(97, 3\)"),
        ({"heat": np.full((2, 2), 1.5, np.float32)}, r"heat of 0\.\.1"),
        ({"heat": np.full((2, 2), np.nan, np.float32)}, r"heat of 0\.\.1"),
        ({"score": 1.1}, "score must be in"),
        ({"deletion": float("nan")}, "deletion must be"),
    ],
)
def test_what_is_no_explanation_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        explanation(**changes)
