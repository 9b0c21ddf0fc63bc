"""All pictures of a clip or folder for enrolment."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgeai_core.errors import SourceError
from edgeai_core.sources.reading import images_of
from edgeai_core.types import Frame


def write(path, shade: int, *, height: int = 48, width: int = 64) -> None:
    assert cv2.imwrite(str(path), np.full((height, width, 3), shade, np.uint8))


def test_the_pictures_of_a_folder_come_in_natural_order_and_end(tmp_path):
    for number in (10, 2, 1):
        write(tmp_path / f"p{number}.png", number * 20)
    images = list(images_of(str(tmp_path)))
    assert [image.shape for image in images] == [(480, 640, 3)] * 3
    assert [int(image[240, 320, 0]) for image in images] == [20, 40, 200]


def test_unusable_pictures_are_left_out(tmp_path):
    write(tmp_path / "a.png", 50)
    (tmp_path / "b.png").write_bytes(b"not a picture")
    write(tmp_path / "c.png", 70)
    assert [int(image[240, 320, 0]) for image in images_of(str(tmp_path))] == [50, 70]


def test_a_clip_is_thinned_to_the_asked_rate(tmp_path):
    path = str(tmp_path / "clip.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 30, (64, 48))
    for _ in range(30):
        writer.write(np.full((48, 64, 3), 90, np.uint8))
    writer.release()
    assert len(list(images_of(path, fps=10.0))) == 10


def test_reading_may_stop_early_and_frees_the_file(tmp_path):
    write(tmp_path / "a.png", 50)
    write(tmp_path / "b.png", 60)
    images = images_of(str(tmp_path))
    next(images)
    images.close()
    assert list(images) == []


def test_a_camera_is_refused_before_it_is_opened():
    with pytest.raises(SourceError, match="expected a clip or a folder of pictures"):
        next(images_of("/dev/video0"))


@pytest.mark.parametrize("source", ["", "auto"])
def test_no_source_is_no_material(source):
    with pytest.raises(SourceError):
        next(images_of(source))


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(SourceError, match=r"gone\.mp4"):
        next(images_of(str(tmp_path / "gone.mp4")))


class Camera:
    """Never ends."""

    live = True
    description = "a camera"
    reads = 0

    def open(self) -> None: ...

    def close(self) -> None: ...

    def read(self):
        self.reads += 1
        return Frame(image=np.zeros((4, 4, 3), np.uint8), stamp_ns=self.reads)


def test_a_camera_gives_so_many_pictures_as_are_asked_and_is_refused_otherwise(monkeypatch):
    camera = Camera()
    monkeypatch.setattr("edgeai_core.sources.reading.open_source", lambda *a, **k: camera)
    assert len(list(images_of("/dev/video0", live_pictures=3))) == camera.reads == 3
    with pytest.raises(SourceError, match="a camera: expected a clip or a folder"):
        next(images_of("/dev/video0"))
