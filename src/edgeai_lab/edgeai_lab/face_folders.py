"""From a folder per person to a folder of aligned chips per person, with every refusal told."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.faces.alignment import CHIP_SIDE_PX
from edgeai_core.analyzers.faces.enrolment import EnrolmentConfig, RejectionReason
from edgeai_core.analyzers.faces.face_mesh import mesh_chip
from edgeai_core.analyzers.faces.quality import sharpness
from edgeai_core.errors import DataError
from edgeai_core.types import DetectedFace
from edgeai_lab.face_classifier import FaceClassifier, Prediction
from edgeai_lab.face_templates import DetectsFaces, EmbedsChips, Template, central_face
from edgeai_lab.pictures import Image, pictures_by_person, read_picture, write_picture
from edgeai_lab.progress import Track, silent

REJECTIONS_NAME = "rejections.csv"
# Cuts the (150, 150, 3) uint8 RGB chip of a face out of a BGR picture; ValueError where it cannot.
Align = Callable[[Image, DetectedFace], Image]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A picture that gave no chip: whose it is, its file, why, and the figure that decided."""

    person: str
    file: str
    reason: str
    detail: str = ""


def upright_chip(image: Image, face: DetectedFace) -> Image:
    """Return the (150, 150, 3) uint8 RGB chip of a face in a BGR picture.

    Raises:
        ValueError: the face has no mesh, or its points coincide.
    """
    if face.mesh_xyz_px is None:
        raise ValueError("no mesh was placed on the face")
    return mesh_chip(image, face.mesh_xyz_px)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """What came of a folder of people: how many chips, and which pictures gave none."""

    chips: int
    rejections: tuple[Rejection, ...]


def align_people(
    source: Path,
    target: Path,
    *,
    detector: DetectsFaces,
    config: EnrolmentConfig,
    align: Align = upright_chip,
    several_faces: bool = False,
    track: Track[tuple[str, Path]] = silent,
) -> Alignment:
    """Write ``target/PERSON/picture.png``, 150 x 150, and ``target/rejections.csv``.

    The limits on size and sharpness are those of enrolment, so that what is learned from the chips
    holds for what the product accepts.

    Args:
        source: a folder with a folder of pictures per person. target: empty or not there yet.
        detector: finds the faces. config: what is asked of a picture. align: cuts the chip.
        several_faces: take the most central of several faces instead of refusing the picture.

    Raises:
        DataError: there are no pictures, or the target holds something or cannot be written.
    """
    people = pictures_by_person(source)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DataError(f"people: {target} is not empty; name a new folder or empty it first")
    pictures = [(person, path) for person, paths in people.items() for path in paths]
    rejections, chips = [], 0
    for person, path in track(pictures, "align"):
        outcome = _chip_of(path, detector, align, config, several_faces=several_faces)
        if isinstance(outcome, np.ndarray):
            # The whole name stays in the chip's: a.jpg and a.png are two pictures.
            name = f"{path.name}.png"
            bgr = np.asarray(cv2.cvtColor(outcome, cv2.COLOR_RGB2BGR), np.uint8)
            write_picture(target / person / name, bgr)
            chips += 1
        else:
            reason, detail = outcome
            rejections.append(
                Rejection(person=person, file=path.name, reason=reason, detail=detail)
            )
    _write_rejections(target / REJECTIONS_NAME, rejections)
    return Alignment(chips=chips, rejections=tuple(rejections))


def _chip_of(
    path: Path,
    detector: DetectsFaces,
    align: Align,
    config: EnrolmentConfig,
    *,
    several_faces: bool,
) -> Image | tuple[str, str]:
    """Return the (150, 150, 3) uint8 RGB chip, or why there is none and a detail."""
    try:
        image = read_picture(path)
    except DataError:
        return "unreadable picture", ""
    faces = detector.detect(image)
    if not faces:
        return RejectionReason.NO_FACE.value, ""
    if len(faces) > 1 and not several_faces:
        return RejectionReason.SEVERAL_FACES.value, f"{len(faces)} faces"
    face = central_face(faces, image)
    side_px = min(face.box.width_px, face.box.height_px)
    if side_px < config.min_face_px:
        return RejectionReason.TOO_SMALL.value, f"{side_px:.0f} of {config.min_face_px} px"
    sharp = sharpness(image, face.box)
    if sharp < config.min_sharpness:
        return RejectionReason.BLURRED.value, f"sharpness {sharp:.1f} of {config.min_sharpness:g}"
    try:
        return align(image, face)
    except ValueError as exc:
        return RejectionReason.NO_TEMPLATE.value, str(exc)


def _write_rejections(path: Path, rejections: Iterable[Rejection]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(["person", "file", "reason", "detail"])
            writer.writerows([r.person, r.file, r.reason, r.detail] for r in rejections)
    except OSError as exc:
        raise DataError(f"{path} cannot be written: {exc.strerror}") from exc


def read_chip(path: Path) -> Image:
    """Return a (150, 150, 3) uint8 RGB chip that :func:`align_people` wrote.

    Raises:
        DataError: it cannot be read or has another size.
    """
    image = read_picture(path)
    if image.shape[:2] != (CHIP_SIDE_PX, CHIP_SIDE_PX):
        raise DataError(
            f"{path} is {image.shape[1]} x {image.shape[0]} px, expected an aligned chip of "
            f"{CHIP_SIDE_PX} x {CHIP_SIDE_PX}; run ./edgeai lab faces align first"
        )
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def embed_files(
    paths: Sequence[Path], *, embedder: EmbedsChips, track: Track[Path] = silent
) -> npt.NDArray[np.float32]:
    """Return the (N, D) float32 templates of N aligned chips.

    Raises:
        DataError: a chip cannot be read or has another size. ModelError: the model fails.
    """
    templates: list[Template] = [
        embedder.embed_chips(read_chip(path)[None]) for path in track(paths, "embed")
    ]
    return np.stack(templates)


def predict_people(
    paths: Sequence[Path],
    *,
    classifier: FaceClassifier,
    detector: DetectsFaces,
    embedder: EmbedsChips,
    align: Align = upright_chip,
) -> dict[Path, Prediction | None]:
    """Return who the most central face of each picture is, None where there is no face.

    Raises:
        DataError: a picture cannot be read. ModelError: a model fails.
    """
    found: dict[Path, Prediction | None] = {}
    for path in paths:
        image = read_picture(path)
        faces = detector.detect(image)
        found[path] = None
        if faces:
            try:
                chip = align(image, central_face(faces, image))
            except ValueError:
                continue
            found[path] = classifier.predict(embedder.embed_chips(chip[None]))
    return found
