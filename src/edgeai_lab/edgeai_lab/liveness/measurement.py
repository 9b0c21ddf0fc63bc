"""Build the spoof set from people and clips and run the liveness check on all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.faces.face_mesh import head_pose
from edgeai_core.analyzers.faces.interfaces import DetectsFaces
from edgeai_core.analyzers.faces.liveness import LivenessConfig, ScoresLiveness
from edgeai_core.errors import DataError
from edgeai_core.types import DetectedFace
from edgeai_lab.clips import frames_every
from edgeai_lab.liveness.attempts import (
    Attempt,
    Timing,
    attempts_of_clip,
    attempts_of_still,
    turning_attempts,
)
from edgeai_lab.liveness.evaluation import AttemptResult, run_attempt
from edgeai_lab.liveness.relief import LivingHead
from edgeai_lab.liveness.report import LivenessReport
from edgeai_lab.liveness.scene import fill_frame, shrunk
from edgeai_lab.pictures import Image, pictures_by_person, read_picture
from edgeai_lab.progress import Track, silent

# A head in a picture that already looks aside cannot be turned far by shifting pixels.
_FRONTAL_DEG = 12.0
_STRETCH_STEP_S = 0.5


def measure_liveness(
    root: Path,
    *,
    clips: Sequence[Path],
    people: int,
    timing: Timing,
    turning_seconds: float,
    detector: DetectsFaces,
    passive: ScoresLiveness,
    config: LivenessConfig,
    seed: int,
    track: Track[Attempt] = silent,
) -> LivenessReport:
    """Run every attempt of the spoof set and return what was found.

    Args:
        root: folder with a folder of pictures per person; the first picture of each is used.
        clips: of one living person each. people: how many of the folder, drawn by the seed.
        turning_seconds: length of an attempt at the challenge, if the config has one.

    Raises:
        DataError: no people, no face in any picture, a clip too short. SourceError: a clip cannot
            be read. ModelError: a model cannot be run.
    """
    chosen, left_out = _heads(root, people=people, seed=seed, detector=detector)
    stretches = [
        (number, stretch)
        for number, clip in enumerate(clips)
        for stretch in _stretches(clip, timing)
    ]
    turning = Timing(seconds=turning_seconds, frame_rate_hz=timing.frame_rate_hz)
    challenged = config.challenge.turns > 0
    attempts: list[Attempt] = []
    for number, (picture, face) in enumerate(chosen):
        head = LivingHead(picture, _mesh(face))
        own = seed * 100_003 + number
        if not challenged:
            attempts.extend(
                attempts_of_still(head, picture, subject=number, seed=own, timing=timing)
            )
        elif abs(head_pose(_mesh(face)).yaw_deg) <= _FRONTAL_DEG:
            attempts.extend(turning_attempts(head, subject=number, seed=own, timing=turning))
    if not challenged:
        for index, (number, stretch) in enumerate(stretches):
            own = seed * 100_003 + 50_000 + index
            subject = len(chosen) + number
            attempts.extend(attempts_of_clip(stretch, subject=subject, seed=own, timing=timing))
    results: list[AttemptResult] = [
        run_attempt(
            attempt,
            detector=detector,
            passive=passive,
            config=config,
            timing=turning if challenged else timing,
            seed=seed + index,
        )
        for index, attempt in enumerate(track(attempts, "liveness"))
    ]
    return LivenessReport(
        results=tuple(results),
        config=config,
        timing=turning if challenged else timing,
        seed=seed,
        people=len(chosen),
        clips=0 if challenged else len(stretches),
        left_out=left_out,
    )


def _heads(
    root: Path, *, people: int, seed: int, detector: DetectsFaces
) -> tuple[list[tuple[Image, DetectedFace]], int]:
    """Return frame-filling pictures of people with their faces, and how many had none."""
    folders = pictures_by_person(root)
    names = sorted(folders)
    order = np.random.default_rng(seed).permutation(len(names))
    found: list[tuple[Image, DetectedFace]] = []
    left_out = 0
    for index in order:
        if len(found) == people:
            break
        picture = fill_frame(read_picture(folders[names[index]][0]))
        faces = [face for face in detector.detect(picture) if face.mesh_xyz_px is not None]
        if faces:
            found.append((picture, max(faces, key=lambda face: face.box.area_px2)))
        else:
            left_out += 1
    if not found:
        raise DataError(f"liveness: no face found in any first picture of the folders of {root}")
    return found, left_out


def _stretches(clip: Path, timing: Timing) -> Iterator[list[Image]]:
    """Yield stretches of an attempt's length, half a second apart.

    Raises:
        DataError: the clip is shorter than an attempt.
    """
    images = [
        shrunk(frame.image) for frame in frames_every(clip, every_s=1.0 / timing.frame_rate_hz)
    ]
    if len(images) < timing.count:
        raise DataError(
            f"liveness: {clip} has {len(images)} frames at {timing.frame_rate_hz:g} Hz, an attempt "
            f"of {timing.seconds:g} s needs {timing.count}; give a longer clip or fewer seconds"
        )
    step = max(1, round(_STRETCH_STEP_S * timing.frame_rate_hz))
    for start in range(0, len(images) - timing.count + 1, step):
        yield images[start : start + timing.count]


def _mesh(face: DetectedFace) -> npt.NDArray[np.float32]:
    if face.mesh_xyz_px is None:
        raise ValueError("liveness: a face without a mesh")
    return face.mesh_xyz_px
