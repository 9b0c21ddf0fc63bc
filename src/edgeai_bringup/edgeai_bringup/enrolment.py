"""Enrolling a person from the command line: material in, contact sheet and reasons out."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path
from typing import Any

import cv2

from edgeai_core import catalog
from edgeai_core.access.gallery import Gallery
from edgeai_core.access.people import Person, Role
from edgeai_core.analyzers.faces.enrolment import EnrolmentConfig, EnrolmentResult
from edgeai_core.analyzers.faces.registration import enrol_person
from edgeai_core.contact_sheet import contact_sheet
from edgeai_core.errors import GalleryError, SourceError
from edgeai_core.sources.reading import images_of
from edgeai_core.sources.usb import first_camera

# Half a minute at 10 pictures per second; reading stops as soon as enough faces are kept.
_CAMERA_PICTURES = 300


def add_person(gallery: Gallery, arguments: argparse.Namespace) -> tuple[Person, dict[str, Any]]:
    """Enrol a person; return the person and what became of each frame, in the types of JSON.

    Raises:
        EnrolmentError, GalleryError, SourceError: as `people.run_people`.
    """
    source = named_source(arguments.source)
    if arguments.sheet is not None and arguments.sheet.exists():
        raise GalleryError(f"{arguments.sheet} exists already; choose another file for the sheet")
    if source != arguments.source:
        print("look into the camera and turn your head slowly to both sides")
    with catalog.face_models() as (detector, embedder):
        registration = enrol_person(
            arguments.name,
            images_of(source, live_pictures=_CAMERA_PICTURES),
            detector=detector,
            embedder=embedder,
            gallery=gallery,
            role=Role(arguments.role),
            authorised=not arguments.unauthorised,
            config=EnrolmentConfig(),
            valid_from_ns=arguments.valid_from,
            valid_until_ns=arguments.valid_until,
        )
    result = registration.result
    rejected = [
        {"index": r.index, "reason": r.reason.value, "detail": r.detail} for r in result.rejections
    ]
    print(
        f"enrolled {registration.person.name} from {len(result.accepted)} pictures, "
        f"{len(rejected)} refused"
    )
    for line in refused_summary(rejected):
        print(f"  {line}")
    if arguments.sheet is not None:
        write_private(arguments.sheet, _sheet(result))
        print(f"the kept faces are in {arguments.sheet}: look them over, then delete the file")
    return registration.person, {"accepted": len(result.accepted), "rejected": rejected}


def named_source(word: str) -> str:
    """Return the source that a word of the command line names; `camera` is the first USB camera.

    Raises:
        SourceError: there is no camera.
    """
    if word.strip().casefold() != "camera":
        return word
    found = first_camera()
    if found is None:
        raise SourceError("source camera: no USB camera was found; plug one in or name a clip")
    return found


def _sheet(result: EnrolmentResult) -> bytes:
    sheet = contact_sheet(
        [frame.crop for frame in result.accepted], [str(frame.index) for frame in result.accepted]
    )
    return bytes(cv2.imencode(".png", sheet)[1].tobytes())


def refused_summary(rejected: list[dict[str, Any]]) -> list[str]:
    """Return one line for each reason: how many frames, which, and the first figure."""
    counted = Counter(str(entry["reason"]) for entry in rejected)
    lines = []
    for reason, count in counted.most_common():
        of_reason = [entry for entry in rejected if entry["reason"] == reason]
        frames = _ranges([int(entry["index"]) for entry in of_reason])
        detail = next((f", first: {entry['detail']}" for entry in of_reason if entry["detail"]), "")
        lines.append(f"{count} {reason} (frames {frames}{detail})")
    return lines


def _ranges(numbers: list[int]) -> str:
    """Return sorted numbers as "1-3, 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{a}-{b}" if a != b else str(a) for a, b in runs)


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read.

    Raises:
        GalleryError: there is a file of that name, or it cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise GalleryError(
            f"{path} cannot be written: {exc.strerror}; choose another file"
        ) from exc
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
