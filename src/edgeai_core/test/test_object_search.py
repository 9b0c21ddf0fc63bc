"""All that is looked for in a frame, joined."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgeai_core.analyzers.objects.model import ObjectView
from edgeai_core.analyzers.objects.search import ObjectSearch
from edgeai_core.analyzers.objects.taught_store import TaughtThings, ThingStore
from edgeai_core.analyzers.objects.testing import TRUNK, maps_with, taught_thing
from edgeai_core.analyzers.objects.tiles import TilesConfig
from edgeai_core.config import build
from edgeai_core.geometry import Box
from edgeai_core.types import Detection

FRAME = np.zeros((64, 128, 3), np.uint8)


class Detector:
    """Sees a cat everywhere, and maps with a thing in the whole frame only."""

    def __init__(self) -> None:
        self.looks: list[tuple[int, ...]] = []

    def look(self, image) -> ObjectView:
        self.looks.append(image.shape[:2])
        whole = image.shape == FRAME.shape
        cat = Detection(label="cat", score=0.9, box=Box(10, 10, 30, 30))
        return ObjectView(
            detections=(cat,), features=maps_with(*([(0, 0, 4, 3, 1.0)] if whole else []))
        )


def taught(folder: Path) -> TaughtThings:
    store = ThingStore(folder)
    store.save(taught_thing("keys"))
    things = TaughtThings(store, trunk_sha256=TRUNK)
    assert things.refresh()
    return things


def test_own_things_come_with_the_detectors_classes_surest_first(tmp_path):
    search = ObjectSearch(Detector(), taught=taught(tmp_path))
    assert search.taught_names == ("keys",)
    for _ in range(2):
        assert [found.label for found in search.detect(FRAME)] == ["keys", "cat"]


def test_own_things_are_found_in_the_whole_frame_though_parts_are_looked_at_too(tmp_path):
    detector = Detector()
    tiles = build(TilesConfig, {"labels": ("cat",)})
    search = ObjectSearch(detector, tiles=tiles, taught=taught(tmp_path))
    labels = [found.label for found in search.detect(FRAME)]
    assert len(detector.looks) == 2
    assert labels.count("keys") == 1


def test_without_own_things_nothing_is_added():
    search = ObjectSearch(Detector())
    assert search.taught_names == ()
    assert [found.label for found in search.detect(FRAME)] == ["cat"]
