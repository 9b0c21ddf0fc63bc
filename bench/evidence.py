"""What evidence costs: the pictures that are remembered all the time, and the clip of an alert.

    python bench/evidence.py --json bench/results/evidence.json

Times are processor time of one thread, so that other work on the machine does not count. The
pictures are those of a demo clip, enlarged to the size that is measured.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from device import device_name
from edgeai_alerts.evidence.capture import FrameCompressor
from edgeai_alerts.evidence.clip import encode_clip
from edgeai_alerts.evidence.config import EvidenceConfig
from edgeai_alerts.evidence.memory import CameraMemory
from edgeai_alerts.evidence.pictures import PictureMaker
from edgeai_core import catalog
from edgeai_core.privacy.masks import masks_of
from edgeai_core.source_choice import footage_directory
from edgeai_core.types import Frame

SIZES = {"VGA": (640, 480), "720p": (1280, 720)}
CLIPS = ("1_talking_head.mp4", "2_street.mp4")
RING_S = 10.0
# An hour of a ring: whether its memory grows.
LONG_RUN_FRAMES = 18_000
MASK = "half: 0.5,0.0 1.0,0.0 1.0,1.0 0.5,1.0"
NS_PER_S = 1_000_000_000


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    content = {
        "command": "bench/evidence.py",
        "device": device_name(),
        "load_average": round(os.getloadavg()[0], 1),
        "pyav": importlib.metadata.version("av"),
        "fps": EvidenceConfig().ring.fps,
        "footage": {
            clip: {name: measured(clip, size) for name, size in SIZES.items()} for clip in CLIPS
        },
        "hour_of_a_ring_at_vga": long_run(),
    }
    arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(content, indent=2))


def measured(clip: str, size: tuple[int, int]) -> dict[str, float | int]:
    """Return the figures of one clip at one size."""
    config = EvidenceConfig()
    images = pictures_of(clip, size)
    count = round(RING_S * config.ring.fps)
    frames = [
        Frame(image=images[n % len(images)], stamp_ns=round(n * NS_PER_S / config.ring.fps))
        for n in range(count)
    ]
    none = masks_of((), cameras=["c"])["c"]
    memory = CameraMemory.of(length_s=RING_S, max_bytes=config.ring.max_bytes, mask=none)
    plain_ms = per_frame_ms(frames, filler(memory, config))
    masked = CameraMemory.of(
        length_s=RING_S, max_bytes=config.ring.max_bytes, mask=masks_of([MASK], cameras=["c"])["c"]
    )
    masked_ms = per_frame_ms(frames, filler(masked, config))
    kept = memory.ring.between(0, 10**18)
    figures: dict[str, float | int] = {
        "ring_ms_per_frame": round(plain_ms, 2),
        "ring_ms_per_frame_half_masked": round(masked_ms, 2),
        "idle_percent_of_a_core": round(plain_ms * config.ring.fps / 10, 2),
        "ring_bytes_for_10_s": memory.ring.bytes,
    }
    finder = catalog.create_face_finder(min_score=config.privacy.face_score)
    for name, maker in (
        ("clip", PictureMaker(None, jpeg_quality=85)),
        ("clip_faces_hidden", PictureMaker(finder, jpeg_quality=85)),
    ):
        begin_s = time.process_time()
        data = encode_clip(
            ((maker.plain(one, memory), one.stamp_ns) for one in kept),
            bits_per_s=config.clip.bits_per_s,
            frames_per_s=config.ring.fps,
        )
        figures[f"{name}_cpu_s_for_10_s"] = round(time.process_time() - begin_s, 3)
        figures[f"{name}_bytes"] = len(data)
    begin_s = time.process_time()
    PictureMaker(finder, jpeg_quality=85).snapshot(kept[0], memory)
    figures["snapshot_faces_hidden_cpu_ms"] = round((time.process_time() - begin_s) * 1e3, 1)
    finder.close()
    return figures


def filler(memory: CameraMemory, config: EvidenceConfig) -> Callable[[Frame], None]:
    """Return what takes a frame in, as the recorder does."""
    compressor = FrameCompressor(
        memory.mask,
        max_width_px=config.ring.max_width_px,
        jpeg_quality=config.ring.jpeg_quality,
    )
    return lambda frame: memory.ring.add(compressor.compressed(frame))


def per_frame_ms(frames: list[Frame], take: Callable[[Frame], None]) -> float:
    """Return the processor time of one frame in milliseconds."""
    take(frames[0])
    begin_s = time.process_time()
    for frame in frames[1:]:
        take(frame)
    return (time.process_time() - begin_s) * 1e3 / (len(frames) - 1)


def long_run() -> dict[str, float | int]:
    """Return what an hour of pictures leaves in memory."""
    config = EvidenceConfig()
    images = pictures_of(CLIPS[0], SIZES["VGA"])
    none = masks_of((), cameras=["c"])["c"]
    memory = CameraMemory.of(length_s=RING_S, max_bytes=config.ring.max_bytes, mask=none)
    take = filler(memory, config)
    peaks = []
    for number in range(LONG_RUN_FRAMES):
        image = images[number % len(images)]
        take(Frame(image=image, stamp_ns=round(number * NS_PER_S / config.ring.fps)))
        if number % 1000 == 999:
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return {
        "frames": LONG_RUN_FRAMES,
        "ring_bytes_at_the_end": memory.ring.bytes,
        "peak_rss_mb_after_1000_frames": round(peaks[0], 1),
        "peak_rss_mb_at_the_end": round(peaks[-1], 1),
    }


def pictures_of(clip: str, size: tuple[int, int]) -> list[npt.NDArray[np.uint8]]:
    """Return every sixth frame of a demo clip at a size."""
    film = cv2.VideoCapture(str(footage_directory() / clip))
    images: list[npt.NDArray[np.uint8]] = []
    number = 0
    while (read := film.read())[0]:
        if number % 6 == 0:
            images.append(np.asarray(cv2.resize(read[1], size), np.uint8))
        number += 1
    film.release()
    return images


if __name__ == "__main__":
    main()
