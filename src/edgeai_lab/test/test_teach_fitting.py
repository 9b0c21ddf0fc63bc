from __future__ import annotations

import importlib.util

import cv2
import numpy as np
import pytest

from edgeai_core.analyzers.objects.features import FeatureMaps
from edgeai_core.analyzers.objects.taught import TaughtHead
from edgeai_core.analyzers.objects.taught_closer import parts_of
from edgeai_core.analyzers.objects.taught_file import TaughtCard
from edgeai_core.analyzers.objects.testing import blind_level, closer_saying
from edgeai_core.errors import TeachingError
from edgeai_core.geometry import Box, Letterbox
from edgeai_lab.compose.cutouts import Cutout
from edgeai_lab.teach.backgrounds import draw_room
from edgeai_lab.teach.lessons import lesson_of, targets_of
from edgeai_lab.teach.material import Material
from edgeai_lab.teach.practice import Practice, practice_of

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed: ./edgeai lab"
)


def look(image: np.ndarray) -> FeatureMaps:
    """A trunk that sees colours and edges: maps of 208 x 208 px pictures."""
    letterbox = Letterbox.fit(
        image_width_px=image.shape[1],
        image_height_px=image.shape[0],
        canvas_width_px=208,
        canvas_height_px=208,
    )
    canvas = letterbox.apply(image, border=114).astype(np.float32) / 255
    edges = np.abs(cv2.Laplacian(canvas, cv2.CV_32F))
    levels = []
    for stride in (8, 16, 32):
        side = -(-208 // stride)
        parts = [
            cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA)
            for part in (canvas, 1 - canvas, edges)
        ]
        levels.append(np.ascontiguousarray(np.dstack(parts).transpose(2, 0, 1)))
    return FeatureMaps(levels=tuple(levels), strides_px=(8, 16, 32), letterbox=letterbox)


def test_cells_about_the_middle_of_a_box_of_the_right_size_answer() -> None:
    targets = targets_of(10, 12, np.array([[2, 3, 8, 7]], np.float32))
    # 6 x 4 cells about (5, 5): 30 % of it are columns 4.1..5.9 and rows 4.4..5.6.
    assert targets.cells.tolist() == [4 * 12 + 4, 4 * 12 + 5, 5 * 12 + 4, 5 * 12 + 5]
    assert targets.boxes.tolist() == [[2, 3, 8, 7]] * 4
    assert (~targets.free).sum() == 6 * 4


def test_a_level_is_not_asked_about_things_of_another_size() -> None:
    large = targets_of(13, 13, np.array([[0, 0, 12, 12]], np.float32))
    assert large.cells.size == 0
    assert (~large.free).sum() == 144


def test_things_too_small_for_all_levels_answer_on_the_finest() -> None:
    image = np.zeros((208, 208, 3), np.uint8)
    lesson = lesson_of(look(image), [Box(97, 97, 103, 103)])
    assert [len(targets.cells) for targets in lesson.targets] == [1, 0, 0]
    assert lesson.targets[0].boxes.tolist() == [[12.125, 12.125, 12.875, 12.875]]
    assert lesson.boxes_px.tolist() == [[97, 97, 103, 103]]


def test_equal_seeds_draw_equal_rooms() -> None:
    first, second = (draw_room(np.random.default_rng(4)) for _ in range(2))
    assert first.shape == (312, 416, 3)
    assert first.std() > 5
    assert np.array_equal(first, second)
    assert not np.array_equal(first, draw_room(np.random.default_rng(5)))


def thing_cutout(number: int) -> Cutout:
    image = np.full((80, 80, 3), (30, 20, 230), np.uint8)
    image[:, 40:] = (250, 240, 20)
    cv2.circle(image, (40, 40), 10 + number, (0, 0, 0), -1)
    alpha = np.zeros((80, 80), np.float32)
    cv2.circle(alpha, (40, 40), 36, 1.0, -1)
    return Cutout(image=image, alpha=alpha)


@needs_torch
def test_a_taught_thing_is_found_where_it_was_never_shown() -> None:
    from edgeai_lab.compose.composition import ComposeConfig, compose
    from edgeai_lab.teach.fitting import FitConfig
    from edgeai_lab.teach.teaching import TeachConfig, require_good, teach
    from edgeai_lab.teach.trunk import Trunk

    rng = np.random.default_rng(1)
    rooms = [draw_room(rng, width_px=208, height_px=208) for _ in range(24)]
    size = ComposeConfig(width_px=208, height_px=208, most_things=1, least_side=0.2)
    thing = teach(
        "ball",
        Material(cutouts=tuple(thing_cutout(number) for number in range(8))),
        Trunk(look=look, sha256="ab" * 32),
        common=[rooms[:16]],
        config=TeachConfig(
            pictures=100,
            checks=24,
            compose=size,
            fit=FitConfig(gate_steps=50, steps=120),
            closer_steps=40,
        ),
    )
    assert thing.card.trunk_sha256 == "ab" * 32
    assert thing.card.figures["validation_ap50"] > 0.6
    require_good(thing.card)
    head = TaughtHead("ball", thing.levels, thing.closer, min_score=0.2)
    hits = 0
    for number in range(20):
        composition = compose(
            rooms[16 + number % 8],
            {"ball": [thing_cutout(9)]},
            np.random.default_rng(100 + number),
            config=size,
            things=1,
        )
        wanted = composition.things[0].box
        found = head.detect(look(composition.image), composition.image)
        hits += bool(found) and overlap(found[0].box, wanted) > 0.5
    assert hits >= 14


def overlap(a: Box, b: Box) -> float:
    width = min(a.x_max_px, b.x_max_px) - max(a.x_min_px, b.x_min_px)
    height = min(a.y_max_px, b.y_max_px) - max(a.y_min_px, b.y_min_px)
    inner = max(0.0, width) * max(0.0, height)
    return inner / (a.area_px2 + b.area_px2 - inner)


@needs_torch
def test_the_threshold_finds_most_at_few_false_alarms_and_becomes_one_half() -> None:
    from edgeai_lab.teach.teaching import best_threshold, calibrated

    hits = np.array([0.3, 0.7, 0.8, 0.9])
    clean, dirty = np.array([0.1, 0.2, 0.05]), np.array([0.1, 0.75, 0.05])
    assert 0.2 < best_threshold(hits, clean) <= 0.3
    assert 0.75 < best_threshold(hits, dirty) <= 0.8
    closer = closer_saying(1.0)
    moved = calibrated(closer, 0.8)
    assert closer.out_bias[0] - moved.out_bias[0] == pytest.approx(np.log(4), abs=1e-5)
    assert np.array_equal(closer.out_bias[1:], moved.out_bias[1:])


def squares(count: int, seed: int) -> tuple[list[np.ndarray], list[Box]]:
    """Pictures of a red square on grey, in a second half of them a blue one instead."""
    rng = np.random.default_rng(seed)
    pictures, boxes = [], []
    for number in range(count):
        image = np.full((120, 120, 3), 128, np.uint8)
        x, y = (int(v) for v in rng.integers(20, 60, 2))
        image[y : y + 40, x : x + 40] = (220, 40, 30) if number % 2 else (30, 40, 220)
        pictures.append(image)
        boxes.append(Box(x, y, x + 40, y + 40))
    return pictures, boxes


@needs_torch
def test_a_closer_look_learns_colours_and_where_the_edges_are() -> None:
    from edgeai_lab.teach.closer import fit_closer

    rng = np.random.default_rng(0)

    def moved(boxes: list[Box]) -> np.ndarray:
        return np.array([b.as_xyxy() for b in boxes]) + rng.normal(0, 6, (len(boxes), 4))

    pictures, boxes = squares(40, 1)
    about = moved(boxes)
    parts = [parts_of(p, b[None]) for p, b in zip(pictures, about, strict=True)]
    truth = [np.array([b.as_xyxy()]) for b in boxes]
    practice = Practice(
        images=np.concatenate([p.images for p in parts]),
        boxes=np.concatenate([p.inside(b[None]) for p, b in zip(parts, about, strict=True)]),
        wanted=np.concatenate([p.inside(e) for p, e in zip(parts, truth, strict=True)]),
        overlap=np.array([1.0, 0.0] * 20, np.float32),
    )
    closer = fit_closer(practice, steps=40, seed=0)
    pictures, boxes = squares(20, 2)
    about = moved(boxes)
    logits, errors = [], []
    for number, (picture, box) in enumerate(zip(pictures, boxes, strict=True)):
        (logit,), (found,) = closer.judge(parts_of(picture, about[[number]]), about[[number]])
        logits.append(logit)
        edges = np.array(box.as_xyxy())
        errors.append((np.abs(about[number] - edges).mean(), np.abs(found - edges).mean()))
    before, after = np.mean(errors[::2], axis=0)
    assert after < before
    assert min(logits[::2]) > max(logits[1::2])


def test_practice_is_what_a_head_proposes_what_is_shaken_and_anything() -> None:
    image = np.zeros((208, 208, 3), np.uint8)
    lesson = lesson_of(look(image), [Box(80, 80, 120, 120)])
    empty = lesson_of(look(image), [])
    blind = [blind_level(9)] * 3
    practice = practice_of([image, image], [lesson, empty], blind, np.random.default_rng(0))
    assert practice.images.shape == (6 + 2 + 2, 48, 48, 3)
    assert (practice.overlap[:6] > 0.4).all()
    assert (practice.overlap[8:] == 0).all()
    # The shaken boxes' parts hold the thing about their middle.
    assert np.abs(practice.wanted[:6].mean(axis=1) - 0.5).max() < 0.3


@needs_torch
def test_a_thing_that_is_found_badly_is_refused_with_what_to_do() -> None:
    from edgeai_lab.teach.teaching import require_good

    card = TaughtCard(
        name="glass",
        taught_at_ns=1,
        trunk_sha256="ab",
        levels=3,
        cutouts=12,
        figures={"validation_ap50": 0.41},
    )
    with pytest.raises(TeachingError, match=r"0\.41.*--force"):
        require_good(card)


@needs_torch
def test_the_last_fifth_of_the_cutouts_is_not_learned_from() -> None:
    from edgeai_lab.teach.teaching import split_material

    material = Material(cutouts=tuple(thing_cutout(number) for number in range(11)))
    learned, held_out = split_material(material)
    assert learned.cutouts == material.cutouts[:9]
    assert held_out.cutouts == material.cutouts[9:]
