"""The open pictures that the passive liveness network is trained on, and the faces in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeai_core.analyzers.faces.face_mesh import mesh_box
from edgeai_core.analyzers.faces.interfaces import DetectsFaces
from edgeai_core.errors import DataError
from edgeai_core.geometry import Box
from edgeai_core.sources.image_folder import IMAGE_SUFFIXES
from edgeai_lab.clips import frames_every
from edgeai_lab.pictures import Image, read_picture
from edgeai_lab.progress import Track, silent

_CLIP_SUFFIXES = frozenset({".avi", ".mp4"})
_CLIP_STEP_S = 0.4
# Smaller faces have nothing left that tells a copy, once they fill the simulated picture.
_SMALLEST_PICTURE_PX, _SMALLEST_CLIP_PX = 48.0, 32.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSource:
    """A folder with an open licence.

    Attributes:
        folder: below the root of the data. licence: as its publisher states it.
        origin: repository it was taken from. people: it shows faces; else it gives textures and
            rooms only.
    """

    folder: str
    licence: str
    origin: str
    people: bool


#: Folders that are named as evaluation-only never appear here.
OPEN_SOURCES = (
    OpenSource(
        folder="personal/wallet_phone_airpods",
        licence="CC BY 4.0",
        origin="aitkherimed1228/Yolov10_project @ 9b895c03691c",
        people=True,
    ),
    OpenSource(
        folder="fight",
        licence="MIT",
        origin="seymanurakti/fight-detection-surv-dataset @ ff83b7c521e5",
        people=True,
    ),
    OpenSource(
        folder="fall/gmdcsa24",
        licence="MIT",
        origin="ekramalam/GMDCSA24-A-Dataset-for-Human-Fall-Detection-in-Videos @ 5abac7693229",
        people=True,
    ),
    OpenSource(
        folder="fire/abonia_cctv",
        licence="CC BY 4.0",
        origin="Abonia1/YOLOv8-Fire-and-Smoke-Detection @ f2c67efae8ff",
        people=False,
    ),
    OpenSource(
        folder="fire/biplab_forest",
        licence="CC BY 4.0",
        origin="BIPLABMAHAPATRA1951/forest_fire_detection_ @ 0fcb849b53da",
        people=False,
    ),
)
ROOM_FOLDER = "fire/abonia_cctv"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenFace:
    """A face in an open picture: the picture, (H, W, 3) uint8 BGR, and where the mesh lies."""

    source: OpenSource
    picture: Image
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenPictures:
    """What training patches are rendered from.

    Attributes:
        faces: pictures with a face. textures: files without one that matters; squares of them
            stand in for faces, so that the network looks at the surface and not at the few people.
        rooms: files for behind the copies.
    """

    faces: tuple[OpenFace, ...]
    textures: tuple[Path, ...]
    rooms: tuple[Path, ...]


def open_pictures(
    root: Path, *, detector: DetectsFaces, track: Track[Path] = silent
) -> OpenPictures:
    """Find the open pictures below a data folder and the faces in them.

    Raises:
        DataError: a folder is missing, or there is no face at all.
        ModelError: the detector cannot be run.
    """
    faces: list[OpenFace] = []
    textures: list[Path] = []
    for source in OPEN_SOURCES:
        files = _files(root / source.folder)
        pictures = [path for path in files if path.suffix.lower() in IMAGE_SUFFIXES]
        textures.extend(pictures)
        if source.people:
            for path in track(files, f"faces in {source.folder}"):
                faces.extend(_faces_of(path, source, detector))
    if not faces:
        raise DataError(f"liveness: no face found in the open pictures below {root}")
    rooms = tuple(path for path in textures if path.is_relative_to(root / ROOM_FOLDER))
    return OpenPictures(faces=tuple(faces), textures=tuple(textures), rooms=rooms)


def hold_out(pictures: OpenPictures, *, share: float) -> tuple[OpenPictures, OpenPictures]:
    """Return what is trained on and what is not: of each kind the last part in order.

    Neighbours in order look alike, so runs are held out instead of single pictures.

    Raises:
        DataError: too few faces to leave one on either side.
    """
    kept = tuple(
        len(part) - max(1, round(share * len(part)))
        for part in (pictures.faces, pictures.textures, pictures.rooms)
    )
    if min(kept) < 1:
        raise DataError(
            f"liveness: got {len(pictures.faces)} faces, {len(pictures.textures)} textures and "
            f"{len(pictures.rooms)} rooms; a training needs two of each"
        )
    faces, textures, rooms = kept
    return (
        OpenPictures(
            faces=pictures.faces[:faces],
            textures=pictures.textures[:textures],
            rooms=pictures.rooms[:rooms],
        ),
        OpenPictures(
            faces=pictures.faces[faces:],
            textures=pictures.textures[textures:],
            rooms=pictures.rooms[rooms:],
        ),
    )


def _files(folder: Path) -> Sequence[Path]:
    wanted = IMAGE_SUFFIXES | _CLIP_SUFFIXES
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in wanted)
    if not files:
        raise DataError(
            f"liveness: no picture or clip in {folder}; the recipe needs the open folders "
            f"{', '.join(source.folder for source in OPEN_SOURCES)} below its data"
        )
    return files


def _faces_of(path: Path, source: OpenSource, detector: DetectsFaces) -> list[OpenFace]:
    if path.suffix.lower() in IMAGE_SUFFIXES:
        pictures, smallest_px = [read_picture(path)], _SMALLEST_PICTURE_PX
    else:
        pictures = [frame.image for frame in frames_every(path, every_s=_CLIP_STEP_S)]
        smallest_px = _SMALLEST_CLIP_PX
    found = []
    for picture in pictures:
        for face in detector.detect(picture):
            if face.mesh_xyz_px is None:
                continue
            box = mesh_box(face.mesh_xyz_px)
            if min(box.width_px, box.height_px) >= smallest_px:
                found.append(OpenFace(source=source, picture=picture, box=box))
    return found
