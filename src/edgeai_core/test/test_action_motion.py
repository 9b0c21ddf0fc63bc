"""Pictures of motion: where it is, how it is cut out, which frames count, what the model takes."""

from __future__ import annotations

import numpy as np
import pytest

from edgeai_core import catalog
from edgeai_core.analyzers.actions.fight_model import FightModel, window_features
from edgeai_core.analyzers.actions.motion import (
    INPUT_PX,
    SHORT_SIDE_PX,
    Moments,
    Square,
    busiest_square,
    cut_out,
    differences,
    network_input,
    small_grey,
)
from edgeai_core.errors import ModelError
from edgeai_core.geometry import Box
from edgeai_core.runtimes.fake import FakeSession
from edgeai_core.runtimes.validation import InputSpec

MS = 1_000_000


def plain(value: int, *, height: int = 180, width: int = 240) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def test_the_small_picture_keeps_proportions_and_its_short_side():
    assert small_grey(plain(7, height=720, width=1280)).shape == (SHORT_SIDE_PX, 320)
    assert small_grey(plain(7, height=162, width=90)).shape == (324, SHORT_SIDE_PX)


def test_a_light_that_is_switched_on_is_no_motion_and_a_part_that_changes_is():
    dark, bright = np.full((6, 8), 10, np.uint8), np.full((6, 8), 90, np.uint8)
    assert differences([dark, bright]).max() == 0.0
    moved = dark.copy()
    moved[2, 3] = 60
    changes = differences([dark, moved, dark])
    assert changes.shape == (2, 6, 8)
    assert (changes[:, 2, 3] == 50.0).all()
    assert changes.sum() == 100.0


def test_the_busiest_square_holds_the_motion():
    changes = np.zeros((3, 100, 200), np.float32)
    changes[1, 60:70, 150:160] = 30.0
    square = busiest_square(changes, share=0.1)
    assert (square.x_px, square.y_px, square.side_px) == (150, 60, 10)
    whole = busiest_square(changes, share=1.0)
    assert whole.side_px == 100
    assert whole.y_px == 0
    assert square.x_px >= whole.x_px
    assert square.x_px + 10 <= whole.x_px + 100


def test_a_square_of_the_small_picture_is_found_again_in_the_frame():
    box = Square(x_px=18, y_px=36, side_px=90).box_in(width_px=1280, height_px=720)
    assert box == Box(72.0, 144.0, 432.0, 504.0)


def test_the_network_gets_differences_in_its_backbones_scale():
    changes = np.zeros((3, 40, 40), np.float32)
    changes[2] = 200.0
    picture = cut_out(changes, Square(x_px=0, y_px=0, side_px=40))
    assert picture.shape == (INPUT_PX, INPUT_PX, 3)
    given = network_input(picture)
    assert given.dtype == np.float32
    assert given.shape == (3, INPUT_PX, INPUT_PX)
    assert (given[0] == np.float32(-127 / 128)).all()
    # Twice 200 is cut at 255.
    assert (given[2] == 1.0).all()


@pytest.mark.parametrize(("fps", "kept"), [(30, 10), (15, 10), (10, 10), (5, 5)])
def test_moments_are_a_tenth_of_a_second_apart_whatever_the_camera_gives(fps, kept):
    moments = Moments()
    taken = [moments.add(plain(0), round(n * 1e9 / fps)) for n in range(fps)]
    assert sum(taken) == kept


def test_there_are_no_changes_before_four_moments_or_across_a_stall():
    moments = Moments()
    for number in range(3):
        assert moments.add(plain(number), number * 100 * MS)
        assert moments.changes() is None
    moments.add(plain(9), 300 * MS)
    assert moments.changes() is not None
    assert moments.begun_ns() == 0
    moments.add(plain(9), 5000 * MS)
    assert moments.changes() is None


def test_a_window_is_its_mean_and_spread():
    rows = np.array([[1.0, 5.0], [3.0, 5.0]], np.float32)
    assert window_features(rows).tolist() == [2.0, 5.0, 1.0, 0.0]


def session(function, name: str, size: tuple[int, ...], output: str) -> FakeSession:
    spec = InputSpec(name=name, shape=size, dtype=np.dtype(np.float32))
    return FakeSession(function, inputs=(spec,), outputs=(output,))


def fake_model(logit) -> FightModel:
    trunk = session(
        lambda given: {"features": given["motion"].mean(axis=(2, 3))},
        "motion",
        (1, 3, INPUT_PX, INPUT_PX),
        "features",
    )
    head = session(lambda given: {"logit": logit(given["window"])}, "window", (1, 6), "logit")
    return FightModel(trunk, head)


def test_the_model_gives_a_row_for_each_picture_and_one_number_for_all():
    model = fake_model(lambda window: window[:, :1])
    dark = np.zeros((INPUT_PX, INPUT_PX, 3), np.float32)
    features = model.features([dark, dark + 127.5])
    assert features.shape == (2, 3)
    assert model.logit(features) == pytest.approx((-127 / 128 + 1.0) / 2)
    model.close()


def test_a_model_that_answers_nonsense_says_what_to_do():
    model = fake_model(lambda window: np.full((1, 1), np.nan, np.float32))
    with pytest.raises(ModelError, match=r"fight model: expected finite numbers logit.*export"):
        model.logit(np.zeros((2, 3), np.float32))


def test_the_shipped_models_take_what_motion_gives():
    model = catalog.create_fight_model()
    try:
        rng = np.random.default_rng(3)
        pictures = [rng.uniform(0, 60, (INPUT_PX, INPUT_PX, 3)).astype(np.float32)] * 2
        features = model.features(pictures)
        assert features.shape[0] == 2
        assert np.array_equal(features[0], features[1])
        assert np.isfinite(model.logit(features))
    finally:
        model.close()
