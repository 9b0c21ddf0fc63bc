import dataclasses

import cv2
import numpy as np
import pytest

from edgeai_core.errors import DataError, SourceError
from edgeai_lab.liveness.instruments import Framing, Presentation
from edgeai_lab.liveness.pose import FOCAL_PX, HEIGHT_PX, WIDTH_PX, Pose, draw_pose, hand_motion
from edgeai_lab.liveness.pose import surface_coordinates as coordinates
from edgeai_lab.liveness.rendering import render
from edgeai_lab.liveness.scene import MEASURED, TRAINED, draw_scene, fill_frame, paint_room
from edgeai_lab.liveness.spoof import frame_count, read_source, save_spoof

ATTACKS = [
    (kind, framing)
    for kind in (Presentation.PRINT, Presentation.SCREEN, Presentation.REPLAY)
    for framing in Framing
]


def picture(seed=0):
    """Blobs of all sizes: corners to follow and tones to print."""
    rng = np.random.default_rng(seed)
    canvas = np.full((180, 200, 3), 120, np.uint8)
    for _ in range(150):
        centre = (int(rng.integers(0, 200)), int(rng.integers(0, 180)))
        colour = [int(value) for value in rng.integers(20, 235, 3)]
        cv2.circle(canvas, centre, int(rng.integers(2, 14)), colour, -1)
    return canvas


def frames(kind, framing, *, seed=4, count=2, pictures=None):
    pictures = pictures or [picture()]
    scene = draw_scene(kind, framing, aspect=200 / 180, seed=seed)
    return list(render(scene, pictures, count=count, frame_rate_hz=15.0))


@pytest.mark.parametrize(("kind", "framing"), ATTACKS)
def test_an_attack_is_decided_by_its_seed_and_changes_the_picture(kind, framing):
    first = frames(kind, framing)
    assert [image.shape for image in first] == [(HEIGHT_PX, WIDTH_PX, 3)] * 2
    assert all(np.array_equal(a, b) for a, b in zip(first, frames(kind, framing), strict=True))
    assert not np.array_equal(first[0], frames(kind, framing, seed=5)[0])
    plain = fill_frame(picture()).astype(float)
    assert np.abs(first[0] - plain).mean() > 5.0


def test_a_living_scene_is_the_picture_seen_through_the_camera_alone():
    scene = draw_scene(Presentation.BONA_FIDE, Framing.FULL, aspect=1.0, seed=1)
    assert (scene.pose, scene.paper, scene.screen, scene.thief) == (None, None, None, None)
    image = next(render(scene, [picture()], count=1, frame_rate_hz=15.0))
    plain = fill_frame(picture(), zoom=scene.zoom)
    assert np.corrcoef(image.ravel(), plain.ravel())[0, 1] > 0.9


def test_a_living_scene_with_a_border_is_refused():
    with pytest.raises(ValueError, match="no border"):
        draw_scene(Presentation.BONA_FIDE, Framing.BORDER, aspect=1.0, seed=0)


def test_a_replay_moves_within_the_screen_and_a_still_screen_does_not():
    played = [picture(seed) for seed in range(3)]
    scene = draw_scene(Presentation.REPLAY, Framing.FULL, aspect=200 / 180, seed=2)
    still = dataclasses.replace(scene, presentation=Presentation.SCREEN)
    changes = []
    for shown in (scene, still):
        images = list(render(shown, played, count=3, frame_rate_hz=15.0))
        changes.append(np.abs(images[2].astype(float) - images[0]).mean())
    assert changes[0] > 3 * changes[1]


@pytest.mark.parametrize("seed", range(4))
def test_one_homography_explains_how_a_flat_copy_moves(seed):
    rng = np.random.default_rng(seed)
    pose = draw_pose(Framing.BORDER, 1.0, rng)
    moved = pose.moved(np.array([0.02, -0.01, 0.03, 0.05, -0.04, 0.02]))
    points, targets = [], []
    maps = [coordinates(p, aspect=1.0, bend_rad=0.0) for p in (pose, moved)]
    for row in range(40, HEIGHT_PX, 100):
        for column in range(40, WIDTH_PX, 100):
            points.append([layer[row, column] for layer in maps[0]])
            targets.append([layer[row, column] for layer in maps[1]])
    source, target = np.float32(points), np.float32(targets)
    homography, _ = cv2.findHomography(source, target)
    there = cv2.perspectiveTransform(source[:, None], homography)[:, 0]
    assert np.abs(there - target).max() < 1e-4


@pytest.mark.parametrize("bend_rad", [0.6, -0.6, 0.2])
def test_each_pixel_looks_at_the_point_of_a_bent_sheet_that_projects_onto_it(bend_rad):
    pose = Pose(span=0.8, x=0.05, y=-0.03, yaw=0.2, pitch=-0.1, roll=0.05)
    arc, down = coordinates(pose, aspect=1.0, bend_rad=bend_rad)
    radius = 0.5 / bend_rad
    sheet = np.stack([radius * np.sin(arc / radius), down, radius * (1 - np.cos(arc / radius))], -1)
    turned = cv2.Rodrigues(np.array([pose.pitch, pose.yaw, 0.0]))[0]
    rolled = cv2.Rodrigues(np.array([0.0, 0.0, pose.roll]))[0]
    distance = FOCAL_PX / (pose.span * HEIGHT_PX)
    scale = HEIGHT_PX * distance / FOCAL_PX
    seen = sheet @ (turned @ rolled).T + [pose.x * scale, pose.y * scale, distance]
    columns = seen[..., 0] / seen[..., 2] * FOCAL_PX + (WIDTH_PX - 1) / 2
    rows = seen[..., 1] / seen[..., 2] * FOCAL_PX + (HEIGHT_PX - 1) / 2
    on_sheet = (np.abs(arc) < 0.5) & (np.abs(down) < 0.5)
    assert on_sheet.sum() > 50_000
    assert np.abs(columns - np.arange(WIDTH_PX))[on_sheet].max() < 0.01
    assert np.abs(rows - np.arange(HEIGHT_PX)[:, None])[on_sheet].max() < 0.01


def test_a_hand_trembles_within_its_limits_or_the_copy_is_supported():
    moves = [hand_motion(150, 15.0, np.random.default_rng(seed)) for seed in range(60)]
    supported = sum(not move.any() for move in moves)
    assert 3 <= supported <= 24
    assert max(np.abs(move[:, :2]).max() for move in moves) < 0.04
    assert max(np.abs(move[:, 3:5]).max() for move in moves) < 0.07


def test_training_and_measuring_draw_from_other_ranges():
    for part in ("camera", "paper", "screen"):
        trained, measured = (dataclasses.asdict(getattr(c, part)) for c in (TRAINED, MEASURED))
        same = [name for name, value in trained.items() if value == measured[name]]
        assert same == []


def test_a_room_is_decided_by_its_seed():
    assert np.array_equal(paint_room(3), paint_room(3))
    assert not np.array_equal(paint_room(3), paint_room(4))


def test_frames_overview_and_document_are_written(tmp_path):
    source = tmp_path / "face.png"
    cv2.imwrite(str(source), picture())
    clip = save_spoof(
        source,
        tmp_path / "out",
        presentation=Presentation.PRINT,
        framing=Framing.BORDER,
        seconds=0.2,
        seed=1,
    )
    assert [path.name for path in clip.frames] == ["0000.png", "0001.png", "0002.png"]
    assert cv2.imread(str(clip.frames[0])).shape == (480, 640, 3)
    assert cv2.imread(str(clip.sheet)).shape == (200, 600, 3)
    document = clip.document()
    assert (document["source"], document["frames"]) == ("face.png", 3)
    assert document["scene"]["presentation"] == "print"
    assert document["scene"]["paper"]["margin"] == clip.scene.paper.margin
    assert document["ranges"]["paper"]["margin"] == (0.0, 0.12)


def save(tmp_path, **changes):
    options = {"presentation": Presentation.PRINT, "framing": Framing.FULL} | changes
    save_spoof(tmp_path / "face.png", tmp_path / "out", **({"seconds": 1.0, "seed": 0} | options))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"presentation": Presentation.BONA_FIDE, "framing": Framing.BORDER}, "has no border"),
        ({"seconds": 0.0}, "above 0 and at most 10, got 0"),
        ({"seconds": 10.5}, "at most 10, got 10.5"),
        ({"seconds": float("nan")}, "got nan"),
        ({"seed": -1}, "0 or more, got -1"),
        ({}, "face.png cannot be read"),
    ],
)
def test_what_cannot_be_rendered_is_told(tmp_path, changes, sentence):
    with pytest.raises(DataError, match=sentence):
        save(tmp_path, **changes)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(DataError, match="not an empty folder"):
        save(tmp_path)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_clip_that_is_no_clip_is_refused(tmp_path):
    with pytest.raises(SourceError, match="there is no such file"):
        read_source(tmp_path / "none.mp4", seconds=1.0)


def test_a_camera_delivers_at_least_one_frame():
    assert [frame_count(seconds) for seconds in (0.01, 1.0, 10.0)] == [1, 15, 150]
