from __future__ import annotations

import csv

import cv2
import numpy as np
import pytest

from edgeai_core.errors import DataError
from edgeai_lab.compose.composition import ComposeConfig, compose
from edgeai_lab.compose.cutouts import (
    Cutout,
    decoded_cutout,
    encoded_cutout,
    read_classes,
    read_cutout,
    window,
)
from edgeai_lab.compose.data_set import compose_set
from edgeai_lab.compose.pool import BackgroundPool
from edgeai_lab.compose.variation import Variation
from edgeai_lab.data.yolo import read_yolo

_PURE = {"blue": 0, "green": 1, "red": 2}
_UNLIT = Variation(light=0.0, tint=0.0, noise=0.0)
_STILL = Variation(rotation_deg=0.0, tilt=0.0, light=0.0, tint=0.0, blur=0.0, noise=0.0)


def pure_cutout(channel: int, height: int = 60, width: int = 90) -> Cutout:
    image = np.zeros((height, width, 3), np.uint8)
    image[..., channel] = 255
    alpha = np.zeros((height, width), np.float32)
    cv2.ellipse(
        alpha, (width // 2, height // 2), (width // 2 - 3, height // 2 - 3), 0, 0, 360, 1, -1
    )
    return Cutout(image=image, alpha=alpha)


def write_cutout(path, cutout: Cutout) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded_cutout(cutout))


def extent_of(channel: np.ndarray) -> tuple[int, int, int, int]:
    """Measured from the picture alone: on black, a pure colour's level is its opacity."""
    ys, xs = np.where(channel >= 127.5)
    return xs.min(), ys.min(), xs.max() + 1, ys.max() + 1


def test_boxes_fit_what_can_be_seen_within_one_pixel() -> None:
    classes = {name: [pure_cutout(channel)] for name, channel in _PURE.items()}
    config = ComposeConfig(variation=_UNLIT, cover_share=0.7)
    black = np.zeros((480, 640, 3), np.uint8)
    checked = covered = 0
    for seed in range(150):
        composition = compose(black, classes, np.random.default_rng(seed), config=config)
        labels = [thing.label for thing in composition.things]
        for thing in composition.things:
            if labels.count(thing.label) > 1:
                continue
            measured = extent_of(composition.image[..., _PURE[thing.label]])
            assert np.abs(np.subtract(thing.box.as_xyxy(), measured)).max() <= 1
            checked += 1
            covered += thing.visible_share < 0.95
    assert checked > 150
    assert covered > 40


def test_an_uncovered_thing_on_an_empty_place_has_the_box_of_its_mask() -> None:
    config = ComposeConfig(
        variation=_STILL, most_distractors=0, cover_share=0.0, least_side=0.25, most_side=0.25
    )
    composition = compose(
        np.zeros((480, 640, 3), np.uint8),
        {"blue": [pure_cutout(0, 80, 120)]},
        np.random.default_rng(2),
        config=config,
        things=1,
    )
    (thing,) = composition.things
    assert thing.box.as_xyxy() == extent_of(composition.image[..., 0])
    assert (thing.box.width_px, thing.box.height_px) == (115, 75)
    assert thing.visible_share == 1.0


def test_no_labelled_thing_is_hidden_below_the_least_share() -> None:
    classes = {"blue": [pure_cutout(0)], "red": [pure_cutout(2)]}
    config = ComposeConfig(cover_share=1.0, most_things=5, least_visible=0.6)
    background = np.full((480, 640, 3), 90, np.uint8)
    shares = [
        thing.visible_share
        for seed in range(40)
        for thing in compose(background, classes, np.random.default_rng(seed), config=config).things
    ]
    assert min(shares) >= 0.6
    assert min(shares) < 0.9


def test_equal_seeds_compose_equal_pictures() -> None:
    classes = {"blue": [pure_cutout(0)]}
    background = np.random.default_rng(0).integers(0, 255, (300, 400, 3)).astype(np.uint8)
    first, second = (
        compose(background, classes, np.random.default_rng(5), config=ComposeConfig())
        for _ in range(2)
    )
    assert np.array_equal(first.image, second.image)
    assert first.things == second.things


def test_a_window_outside_of_the_picture_is_empty() -> None:
    inside = window((10, 20), (4, 6), x_px=17, y_px=-1)
    assert inside.picture == (slice(0, 3), slice(17, 20))
    assert inside.patch == (slice(1, 4), slice(0, 3))
    outside = window((10, 20), (4, 6), x_px=30, y_px=0)
    assert np.zeros((10, 20))[outside.picture].size == 0
    assert np.zeros((4, 6))[outside.patch].size == 0


def test_the_data_set_is_read_back_as_yolo_and_agrees_with_the_table(tmp_path) -> None:
    write_cutout(tmp_path / "cut" / "keys" / "a.png", pure_cutout(0))
    write_cutout(tmp_path / "cut" / "cup" / "b.png", pure_cutout(1))
    backgrounds = tmp_path / "rooms"
    backgrounds.mkdir()
    cv2.imwrite(str(backgrounds / "wall.png"), np.full((200, 300, 3), 120, np.uint8))
    (backgrounds / "broken.jpg").write_bytes(b"nothing")
    rng = np.random.default_rng(1)
    result = compose_set(
        tmp_path / "out",
        read_classes(tmp_path / "cut"),
        BackgroundPool.of_folder(backgrounds, rng),
        count=12,
        rng=rng,
        config=ComposeConfig(width_px=320, height_px=240),
    )
    data = read_yolo(tmp_path / "out")
    assert data.problems == ()
    assert len(data.pictures) == result.pictures == 12
    with (tmp_path / "out" / "annotations.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == result.things == sum(len(picture.boxes) for picture in data.pictures)
    boxes = [
        (picture.path.name, box.label, box.x_min * 320, box.y_max * 240)
        for picture in data.pictures
        for box in picture.boxes
    ]
    for row, (image, label, x_min, y_max) in zip(rows, boxes, strict=True):
        assert (row["image"], row["label"]) == (image, label)
        assert float(row["x_min_px"]) == pytest.approx(x_min, abs=0.01)
        assert float(row["y_max_px"]) == pytest.approx(y_max, abs=0.01)
        assert 0.4 <= float(row["visible_share"]) <= 1.0
    assert result.unreadable_backgrounds == 1
    assert (tmp_path / "out" / "sheet.jpg").is_file()
    with pytest.raises(DataError, match="is not empty"):
        compose_set(
            tmp_path / "out",
            read_classes(tmp_path / "cut"),
            BackgroundPool.of_folder(backgrounds, rng),
            count=1,
            rng=rng,
            config=ComposeConfig(),
        )


def test_a_cutout_keeps_its_opacity_through_its_file() -> None:
    cutout = pure_cutout(1)
    again = decoded_cutout(np.frombuffer(encoded_cutout(cutout), np.uint8))
    assert np.array_equal(again.image, cutout.image)
    assert np.abs(again.alpha - cutout.alpha).max() <= 1 / 255


def test_pictures_without_transparency_are_refused(tmp_path) -> None:
    cv2.imwrite(str(tmp_path / "flat.png"), np.zeros((50, 50, 3), np.uint8))
    with pytest.raises(DataError, match="alpha"):
        read_cutout(tmp_path / "flat.png")
    empty = Cutout(image=np.zeros((50, 50, 3), np.uint8), alpha=np.zeros((50, 50), np.float32))
    write_cutout(tmp_path / "empty.png", empty)
    with pytest.raises(DataError, match="no pixel is opaque"):
        read_cutout(tmp_path / "empty.png")
    small = Cutout(image=np.zeros((3, 3, 3), np.uint8), alpha=np.ones((3, 3), np.float32))
    write_cutout(tmp_path / "small.png", small)
    with pytest.raises(DataError, match="8 px or more"):
        read_cutout(tmp_path / "small.png")
    with pytest.raises(DataError, match="CLASS/"):
        read_classes(tmp_path)


def test_a_folder_of_broken_backgrounds_is_refused(tmp_path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    pool = BackgroundPool.of_folder(tmp_path, np.random.default_rng(0))
    with pytest.raises(DataError, match="none of the pictures"):
        pool.draw()
