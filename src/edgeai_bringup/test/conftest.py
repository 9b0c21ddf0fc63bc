"""Fake face models, so that enrolment needs neither models nor faces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgeai_core import catalog
from edgeai_core.geometry import Box
from edgeai_core.types import DetectedFace

NOISE = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)


class FakeModels:
    """Reads from the first pixels of a picture whose face is in it."""

    runtime_name = "fake"
    template_variance = 0.0

    def __init__(self, model_id: str) -> None:
        self.model_id = model_id

    def detect(self, image: npt.NDArray[np.uint8]) -> list[DetectedFace]:
        landmarks = [(160, 180), (240, 180), (200, 220), (200, 260), (110, 190), (290, 190)]
        mesh = np.zeros((468, 3), np.float32)
        # The cheeks, forehead and chin of a head that faces the camera.
        mesh[[234, 454, 10, 152], :2] = ((110, 200), (290, 200), (200, 100), (200, 300))
        face = DetectedFace(
            box=Box(100, 100, 300, 300),
            score=0.9,
            landmarks_xy_px=np.array(landmarks, np.float32),
            mesh_xyz_px=mesh,
        )
        return [face] if image[0, 0, 2] == 0 else []

    def embed(self, image: npt.NDArray[np.uint8], face: DetectedFace) -> npt.NDArray[np.float32]:
        embedding = np.zeros(128, np.float32)
        embedding[int(image[0, 0, 0])] = 1.0
        embedding[64 + int(image[0, 0, 1])] = 0.1
        return embedding


@pytest.fixture
def fake_models(monkeypatch) -> FakeModels:
    models = FakeModels(catalog.face_model_id())

    @contextmanager
    def opened(*args: object, **kwargs: object) -> Iterator[tuple[FakeModels, FakeModels]]:
        yield models, models

    monkeypatch.setattr(catalog, "face_models", opened)
    return models


@pytest.fixture
def pictures(tmp_path):
    """Return what makes a folder of pictures of person number `who`."""

    def made(who: int, count: int = 5) -> Path:
        folder = tmp_path / f"pictures_{who}"
        folder.mkdir()
        for shade in range(count):
            image = NOISE.copy()
            image[0, 0] = (who, shade, 0)
            assert cv2.imwrite(str(folder / f"{shade}.png"), image)
        return folder

    return made
