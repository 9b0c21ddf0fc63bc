"""`edgeai recognise`: who is in a picture, a clip or before a camera, as text and as pictures."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_bringup.enrolment import named_source
from edgeai_bringup.report import write_json
from edgeai_core import catalog
from edgeai_core.access.gallery import Gallery
from edgeai_core.access.index import TemplateIndex
from edgeai_core.access.keys import default_key_source
from edgeai_core.access.locations import gallery_path
from edgeai_core.analyzers.faces.liveness import LivenessChecker, LivenessConfig
from edgeai_core.analyzers.faces.logic import FaceAuthenticator, FaceConfig
from edgeai_core.analyzers.faces.model import FaceEmbedder
from edgeai_core.errors import ConfigError, FrameError
from edgeai_core.overlay import annotated, face_caption
from edgeai_core.sources.image_folder import IMAGE_SUFFIXES
from edgeai_core.sources.reading import images_of
from edgeai_core.sources.video_file import VIDEO_SUFFIXES
from edgeai_core.types import FaceMatch, Frame

_FPS = 10.0
_PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")


def run_recognise(arguments: argparse.Namespace) -> int:
    """Name every face of a source; return the exit code. Nothing is unlocked by it.

    Raises:
        GalleryError: the gallery is there and cannot be used. SourceError: the source cannot be
            read. ConfigError, FrameError: the pictures cannot be written.
    """
    if arguments.pictures < 1:
        raise ConfigError(f"--pictures: got {arguments.pictures}, expected 1 or more")
    source = named_source(arguments.source)
    path: Path = arguments.gallery or gallery_path()
    images = images_of(source, fps=_FPS, live_pictures=arguments.pictures)
    writer = PictureWriter(arguments.picture)
    seen: list[dict[str, Any]] = []
    last = ""
    with ExitStack() as stack:
        detector, embedder = stack.enter_context(catalog.face_models())
        index = _index(path, embedder)
        liveness = None
        if shows_motion(source):
            passive = stack.enter_context(closing(catalog.create_passive_liveness()))
            liveness = LivenessChecker(passive, LivenessConfig())
        authenticator = FaceAuthenticator(
            detector=detector,
            embedder=embedder,
            index=lambda: index,
            config=FaceConfig(),
            liveness=liveness,
        )
        for number, (image, faces) in enumerate(
            recognised(images, authenticator, start_ns=time.time_ns())
        ):
            text = "; ".join(map(face_caption, faces)) or "no face"
            if text != last:
                print(f"picture {number}: {text}")
                last = text
            seen.append({"picture": number, "faces": [_described(face) for face in faces]})
            writer.take(number, image, faces)
    writer.close()
    people = _times_named(seen)
    print(f"{len(seen)} pictures: " + (_summary(people) or "nobody was recognised"))
    if writer.written:
        print(f"{writer.written} annotated in {arguments.picture}")
    if arguments.json is not None:
        write_json(arguments.json, {"pictures": seen, "people": people})
    return 0


def shows_motion(source: str) -> bool:
    """Return whether a source is a clip or a camera: single pictures cannot show who is living."""
    path = Path(source)
    if path.is_dir():
        return any(file.suffix.casefold() in VIDEO_SUFFIXES for file in path.iterdir())
    return path.suffix.casefold() not in IMAGE_SUFFIXES


def recognised(
    images: Iterator[npt.NDArray[np.uint8]], authenticator: FaceAuthenticator, *, start_ns: int
) -> Iterator[tuple[npt.NDArray[np.uint8], tuple[FaceMatch, ...]]]:
    """Yield every picture with its faces.

    Args:
        images: (H, W, 3) uint8 BGR. authenticator: fresh.
        start_ns: wall clock of the first picture; who may unlock depends on the date.
    """
    for number, image in enumerate(images):
        stamp_ns = start_ns + round(number * 1e9 / _FPS)
        yield image, authenticator.analyze(Frame(image=image, stamp_ns=stamp_ns, sequence=number))


class PictureWriter:
    """Keeps annotated pictures: the last one with a face in a file, or every one in a folder.

    Args:
        target: a file ending in .png or .jpg, a folder, or None for nothing.

    Raises:
        ConfigError: the target has another ending.
    """

    def __init__(self, target: Path | None) -> None:
        if target is not None and target.suffix and target.suffix.lower() not in _PICTURE_SUFFIXES:
            raise ConfigError(
                f"--picture {target}: expected {', '.join(_PICTURE_SUFFIXES)} or a folder"
            )
        self._target = target
        self._is_folder = target is not None and not target.suffix
        self._last: Callable[[], npt.NDArray[np.uint8]] | None = None
        self.written = 0

    def take(self, number: int, image: npt.NDArray[np.uint8], faces: Sequence[FaceMatch]) -> None:
        """Take a picture and what was seen in it.

        Raises:
            FrameError: it cannot be written.
        """
        if self._target is None:
            return

        def draw() -> npt.NDArray[np.uint8]:
            return annotated(image, faces=faces, caption=f"picture {number}, {len(faces)} faces")

        if self._is_folder:
            self._write(self._target / f"picture-{number:06d}.png", draw())
        elif faces or self._last is None:
            self._last = draw

    def close(self) -> None:
        """Write what waits; errors as for `take`."""
        if self._last is not None and self._target is not None:
            self._write(self._target, self._last())

    def _write(self, path: Path, picture: npt.NDArray[np.uint8]) -> None:
        encoded = cv2.imencode(path.suffix, picture)[1]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded.tobytes())
        except OSError as exc:
            raise FrameError(f"picture {path} cannot be written: {exc.strerror}") from exc
        self.written += 1


def _index(path: Path, embedder: FaceEmbedder) -> TemplateIndex:
    """Return the people of a gallery; without a gallery every face is unknown."""
    if not path.is_file():
        print(f"no gallery {path}: nobody is enrolled, every face is unknown")
        return TemplateIndex()
    with Gallery.open(path, key_source=default_key_source(path)) as gallery:
        return gallery.index(embedder.model_id, template_variance=embedder.template_variance)


def _described(face: FaceMatch) -> dict[str, Any]:
    return {
        "box": [round(edge, 1) for edge in face.box.as_xyxy()],
        "track": face.track_id,
        "name": face.person_name,
        "distance": round(face.distance, 4) if math.isfinite(face.distance) else None,
        "authorised": face.authorised,
        "liveness": face.liveness.name,
        "liveness_score": (
            round(face.liveness_score, 3) if math.isfinite(face.liveness_score) else None
        ),
        "rejection": face.rejection,
    }


def _times_named(seen: Sequence[dict[str, Any]]) -> dict[str, int]:
    names: dict[str, int] = {}
    for entry in seen:
        for face in entry["faces"]:
            if face["name"]:
                names[face["name"]] = names.get(face["name"], 0) + 1
    return names


def _summary(people: dict[str, int]) -> str:
    return ", ".join(f"{name} in {count}" for name, count in sorted(people.items()))
