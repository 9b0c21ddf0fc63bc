"""From pictures to templates through the product's own models, timed stage by stage."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgeai_core.types import DetectedFace
from edgeai_lab.pictures import Image, read_picture
from edgeai_lab.progress import Track, silent

Template = npt.NDArray[np.float32]


class DetectsFaces(Protocol):
    """Finds the faces of a (H, W, 3) uint8 BGR picture."""

    def detect(self, image: Image) -> Sequence[DetectedFace]: ...


class EmbedsChips(Protocol):
    """Turns (K, 150, 150, 3) uint8 RGB chips of one face into its template."""

    def embed_chips(self, chips: Image) -> Template: ...


class AlignsAndEmbeds(EmbedsChips, Protocol):
    """Cuts chips of a face out, and embeds them; see the core's FaceEmbedder."""

    def align(self, image: Image, face: DetectedFace) -> Image: ...


@dataclass(slots=True)
class StageTimes:
    """Milliseconds of each picture by stage; `faceless` pictures have a detection only."""

    detect: list[float] = field(default_factory=list)
    align: list[float] = field(default_factory=list)
    embed: list[float] = field(default_factory=list)

    def medians_ms(self) -> dict[str, float | None]:
        """Return the median of each stage and their sum; None where nothing was timed.

        The first picture pays for what the runtime prepares and is left out where there are more.
        """
        stages: dict[str, float | None] = {
            name: round(median(times[1:] or times), 3) if times else None
            for name, times in (
                ("detect", self.detect),
                ("align", self.align),
                ("embed", self.embed),
            )
        }
        known = [value for value in stages.values() if value is not None]
        complete = len(known) == len(stages)
        return {**stages, "total": round(sum(known), 3) if complete else None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """Templates of pictures by name, None where no face was found.

    Attributes:
        by_picture: (D,) float32 each. times: what the stages took.
    """

    by_picture: Mapping[str, Template | None]
    times: StageTimes

    @property
    def faces_not_found(self) -> int:
        """In how many pictures no face was found."""
        return sum(template is None for template in self.by_picture.values())

    def __repr__(self) -> str:
        return f"Templates({len(self.by_picture)} hidden)"

    def distance(self, first: str, second: str) -> float:
        """Return the L2 distance of two pictures' faces, inf where one has none."""
        one, other = self.by_picture[first], self.by_picture[second]
        if one is None or other is None:
            return math.inf
        return float(np.linalg.norm(one - other))


def compute_templates(
    root: Path,
    names: Sequence[str],
    *,
    detector: DetectsFaces,
    embedder: AlignsAndEmbeds,
    track: Track[str] = silent,
    clock_s: Callable[[], float] = time.perf_counter,
) -> Templates:
    """Detect, align and embed the face of every picture.

    Of several faces the most central one is taken: in LFW and in cropped portraits the named person
    is in the middle. What gives no finite template counts as a picture without a face.

    Raises:
        DataError: a picture cannot be read. ModelError: a model fails.
    """
    times = StageTimes()
    templates: dict[str, Template | None] = {}
    for name in track(names, "detect, align, embed"):
        image = read_picture(root / name)
        start = clock_s()
        faces = detector.detect(image)
        detected = clock_s()
        times.detect.append(1e3 * (detected - start))
        if not faces:
            templates[name] = None
            continue
        face = central_face(faces, image)
        start = clock_s()
        try:
            chips = embedder.align(image, face)
        except ValueError:  # no points to align to, or they coincide
            templates[name] = None
            continue
        aligned = clock_s()
        template = embedder.embed_chips(chips)
        times.align.append(1e3 * (aligned - start))
        times.embed.append(1e3 * (clock_s() - aligned))
        templates[name] = template if np.isfinite(template).all() else None
    return Templates(by_picture=templates, times=times)


def central_face(faces: Sequence[DetectedFace], image: Image) -> DetectedFace:
    """Return the face whose box centre is nearest to the centre of the picture."""
    x, y = image.shape[1] / 2, image.shape[0] / 2
    return min(
        faces, key=lambda face: math.hypot(face.box.center_px[0] - x, face.box.center_px[1] - y)
    )
