"""What watchers of the live picture never get to see."""

from __future__ import annotations

import asyncio
import threading

import cv2
import numpy as np
import pytest

from edgeai_core.config import build
from edgeai_core.errors import ModelError, ModelMissingError
from edgeai_core.geometry import Box
from edgeai_core.privacy.live import LivePrivacy
from edgeai_core.privacy.masks import masks_of
from edgeai_core.types import DetectedFace, FaceMatch, Frame
from edgeai_dashboard.config import LiveConfig
from edgeai_dashboard.live_feed import LiveFeed

MASK = "window: 0.5,0.0 1.0,0.0 1.0,1.0 0.5,1.0"
ADA, STRANGER = Box(20.0, 20.0, 60.0, 60.0), Box(20.0, 120.0, 60.0, 160.0)


class Finder:
    """Finds Ada and a stranger in every picture, as long as it is open."""

    def __init__(self) -> None:
        self.closed = False
        self.fails = False
        self.threads: set[str] = set()

    def detect(self, image) -> list[DetectedFace]:
        assert not self.closed
        if self.fails:
            raise ModelError("the model gave no faces")
        self.threads.add(threading.current_thread().name)
        landmarks = np.full((5, 2), 30.0, np.float32)
        return [DetectedFace(box=b, score=0.9, landmarks_xy_px=landmarks) for b in (ADA, STRANGER)]

    def close(self) -> None:
        self.closed = True


class Camera:
    """A feed whose frames are stripes one pixel wide, which no hidden place keeps."""

    def __init__(self, make_finder, **live: object) -> None:
        self.reports: list[str] = []
        self.opened: list[bool] = []
        self.feed = LiveFeed(
            "hall",
            build(LiveConfig, {"fps": 30.0, "jpeg_quality": 95, **live}),
            privacy=LivePrivacy(masks_of([MASK], cameras=["hall"])["hall"], make_finder),
            report=self.reports.append,
            clock_s=lambda: 0.0,
            open_source=lambda feed: self._note(True),
            close_source=lambda feed: self._note(False),
        )

    async def _note(self, opened: bool) -> None:
        self.opened.append(opened)
        if opened:
            known = FaceMatch(box=ADA, detection_score=0.9, person_id="p1", person_name="Ada")
            self.feed.privacy.faces.add(0, (known,))

    def show(self) -> Frame:
        image = np.zeros((200, 300, 3), np.uint8)
        image[::2] = 255
        image.setflags(write=False)
        frame = Frame(image=image, stamp_ns=10)
        self.feed._due_s = 0.0
        self.feed.take_frame(frame)
        return frame


def contrast(picture, box: Box) -> float:
    """Return how much neighbouring rows in the middle of a box differ."""
    x, y = (int(v) for v in box.center_px)
    part = picture[y - 8 : y + 8, x - 8 : x + 8, 0].astype(int)
    return float(np.abs(np.diff(part, axis=0)).mean())


def test_strangers_are_hidden_masks_are_black_and_who_is_known_is_shown() -> None:
    finder = Finder()
    camera = Camera(lambda: finder)

    async def story() -> bytes:
        async with camera.feed.watch() as pictures:
            camera.show()
            return (await anext(pictures)).jpeg

    jpeg = asyncio.run(story())
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert contrast(picture, ADA) > 200
    assert contrast(picture, STRANGER) < 20
    assert picture[:, 160:].max() <= 16
    # Never on the thread of the camera or of the server.
    assert threading.current_thread().name not in finder.threads
    assert camera.opened == [True, False]
    assert finder.closed


def test_the_model_is_loaded_only_while_somebody_watches() -> None:
    made: list[Finder] = []

    def make() -> Finder:
        made.append(Finder())
        return made[-1]

    camera = Camera(make)

    async def story() -> None:
        assert made == []
        for _ in range(2):
            async with camera.feed.watch() as first, camera.feed.watch() as second:
                camera.show()
                assert (await anext(first)).jpeg == (await anext(second)).jpeg
                assert not made[-1].closed

    asyncio.run(story())
    assert [finder.closed for finder in made] == [True, True]


def test_without_the_face_model_nobody_watches() -> None:
    def missing() -> Finder:
        raise ModelMissingError("face model: not on this machine")

    camera = Camera(missing)

    async def story() -> None:
        with pytest.raises(ModelMissingError):
            async with camera.feed.watch():
                pytest.fail("somebody watches")

    asyncio.run(story())
    assert camera.opened == []
    assert camera.feed.watchers == 0


def test_a_picture_that_cannot_be_screened_is_shown_to_nobody_and_the_next_one_is() -> None:
    finder = Finder()
    camera = Camera(lambda: finder)

    async def story() -> None:
        async with camera.feed.watch() as pictures:
            finder.fails = True
            camera.show()
            while not camera.reports:
                await asyncio.sleep(0.005)
            finder.fails = False
            camera.show()
            await anext(pictures)

    asyncio.run(story())
    assert camera.reports == ["live picture of hall not shown: the model gave no faces"]


def test_a_picture_under_way_when_the_last_watcher_leaves_is_dropped() -> None:
    finder = Finder()
    camera = Camera(lambda: finder)

    async def story() -> None:
        async with camera.feed.watch():
            pass
        camera.show()
        while camera.feed._busy:
            await asyncio.sleep(0.005)

    asyncio.run(story())
    assert finder.closed
    assert camera.reports == []
