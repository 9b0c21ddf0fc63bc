"""What a picture of the live view costs: plain, with a mask, and with unknown faces hidden.

    python bench/live_view.py --json bench/results/live_view.json

Times are processor time of the whole process, so that other work on the machine does not count;
OpenCV and the face model have one thread each. The pictures are those of demo clips, enlarged to
the size that is measured. Nothing of it is done while nobody watches.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import cv2

from device import device_name
from edgeai_core import catalog
from edgeai_core.privacy.config import PrivacyConfig
from edgeai_core.privacy.live import LivePrivacy
from edgeai_core.privacy.masks import masks_of
from edgeai_core.types import Frame
from edgeai_dashboard.config import LiveConfig
from edgeai_dashboard.live_feed import LiveFeed
from evidence import CLIPS, MASK, pictures_of

SIZES = {"VGA": (640, 480), "1080p": (1920, 1080)}
PICTURES = 100
OPENINGS = 10


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    config = LiveConfig()
    content = {
        "command": "bench/live_view.py",
        "device": device_name(),
        "load_average": round(os.getloadavg()[0], 1),
        "fps_at_most": config.fps,
        "width_px_at_most": config.width_px,
        "face_model_loaded_ms": round(loading_ms(), 1),
        "footage": {
            clip: {name: measured(clip, size, config) for name, size in SIZES.items()}
            for clip in CLIPS
        },
    }
    arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(content, indent=2))


def measured(clip: str, size: tuple[int, int], config: LiveConfig) -> dict[str, float]:
    """Return milliseconds of processor time per picture, and the share of a core while watched."""
    images = pictures_of(clip, size)
    plain_ms = per_picture_ms(images, config, masks=(), hide=False)
    hidden_ms = per_picture_ms(images, config, masks=(MASK,), hide=True)
    return {
        "plain_ms": round(plain_ms, 2),
        "masked_ms": round(per_picture_ms(images, config, masks=(MASK,), hide=False), 2),
        "masked_and_faces_hidden_ms": round(hidden_ms, 2),
        "more_percent_of_a_core_while_watched": round((hidden_ms - plain_ms) * config.fps / 10, 1),
    }


def per_picture_ms(
    images: list, config: LiveConfig, *, masks: tuple[str, ...], hide: bool
) -> float:
    """Return the processor time of one picture in milliseconds."""
    privacy = LivePrivacy(masks_of(masks, cameras=["c"])["c"], make_finder if hide else None)
    feed = LiveFeed(
        "c",
        config,
        privacy=privacy,
        report=print,
        clock_s=time.monotonic,
        open_source=lambda feed: None,
        close_source=lambda feed: None,
    )
    privacy.open()
    feed._jpeg(Frame(image=images[0], stamp_ns=1))
    begin_s = time.process_time()
    for number in range(PICTURES):
        feed._jpeg(Frame(image=images[number % len(images)], stamp_ns=number + 2))
    taken_s = time.process_time() - begin_s
    privacy.close()
    return taken_s * 1e3 / PICTURES


def loading_ms() -> float:
    """Return how long a first watcher waits for the face model, the median of several times."""
    times_s = []
    for _ in range(OPENINGS):
        begin_s = time.perf_counter()
        make_finder().close()
        times_s.append(time.perf_counter() - begin_s)
    return sorted(times_s)[OPENINGS // 2] * 1e3


def make_finder():
    """Return what finds faces, as the page makes it."""
    return catalog.create_face_finder(min_score=PrivacyConfig().face_score)


if __name__ == "__main__":
    main()
