"""Files that people upload: limited, looked at before they are kept, private and removed."""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import BodyPartReader, web

from edgeai_dashboard.desk import RefusedError

_HEAD_BYTES = 64
# A picture of 12000 x 8000 px; a small file can unpack to far more (a "decompression bomb").
_MAX_PIXELS = 100_000_000
_MAX_FILES = 64
_MAX_FIELD_BYTES = 1024
_CHUNK_BYTES = 64 * 1024
# Markers of JPEG that are followed by the picture's size (ITU-T T.81, table B.1).
_SIZE_MARKERS = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What a form held.

    Attributes:
        source: a clip, or a folder of pictures, that exists only while it is read.
        fields: the texts of the form by name.
    """

    source: Path
    fields: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def received(
    request: web.Request, *, folder: Path, limit_bytes: int
) -> AsyncIterator[Upload]:
    """Receive a form with one clip or several pictures; the files are gone afterwards.

    Args:
        request: multipart/form-data. folder: for the time of reading; made when it is not there.
        limit_bytes: of all files together.

    Raises:
        RefusedError: no form, no file, too much, or neither a clip nor pictures.
    """
    if request.content_type != "multipart/form-data":
        raise RefusedError(415, f"got {request.content_type}, expected multipart/form-data")
    if request.content_length is not None and request.content_length > limit_bytes + 65536:
        raise _too_large(limit_bytes)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkdtemp makes it for its owner alone.
    own = Path(tempfile.mkdtemp(prefix="upload_", dir=folder))
    try:
        yield await _saved(request, own, limit_bytes)
    finally:
        shutil.rmtree(own, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what a process that was killed left behind."""
    for left in folder.glob("upload_*"):
        shutil.rmtree(left, ignore_errors=True)


async def _saved(request: web.Request, folder: Path, limit_bytes: int) -> Upload:
    fields: dict[str, str] = {}
    clips: list[Path] = []
    pictures: list[Path] = []
    left = limit_bytes
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader) or not part.name:
            raise RefusedError(400, "the form holds a part without a name")
        if part.filename is None:
            fields[part.name] = await _text(part)
            continue
        if len(clips) + len(pictures) >= _MAX_FILES:
            raise RefusedError(413, f"got more than {_MAX_FILES} files")
        # The name that the browser gives is not used: only what the bytes say counts.
        target = folder / f"{len(clips) + len(pictures):03d}"
        left -= await _write(part, target, left, limit_bytes)
        kind = kind_of(target)
        named = target.rename(target.with_suffix(f".{kind}"))
        (pictures if kind in ("jpg", "png") else clips).append(named)
    if len(clips) == 1 and not pictures:
        return Upload(source=clips[0], fields=fields)
    if pictures and not clips:
        return Upload(source=folder, fields=fields)
    raise RefusedError(400, "expected one clip, or pictures of one person")


async def _text(part: BodyPartReader) -> str:
    data = bytearray()
    while chunk := await part.read_chunk(_MAX_FIELD_BYTES):
        data += chunk
        if len(data) > _MAX_FIELD_BYTES:
            raise RefusedError(413, f"{part.name}: expected at most {_MAX_FIELD_BYTES} bytes")
    return data.decode("utf-8", "replace")


async def _write(part: BodyPartReader, target: Path, left: int, limit_bytes: int) -> int:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    written = 0
    with os.fdopen(descriptor, "wb") as file:
        while chunk := await part.read_chunk(_CHUNK_BYTES):
            written += len(chunk)
            if written > left:
                raise _too_large(limit_bytes)
            file.write(chunk)
    return written


def _too_large(limit_bytes: int) -> RefusedError:
    return RefusedError(
        413,
        f"the upload is larger than {limit_bytes / 1e6:g} MB; a clip of ten seconds is enough",
        code="large",
    )


def kind_of(file: Path) -> str:
    """Return what a file is by its first bytes: jpg, png, webm, mp4 or avi.

    Raises:
        RefusedError: it is something else, or a picture of more than 100 million pixels.
    """
    with file.open("rb") as opened:
        head = opened.read(_HEAD_BYTES)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm"  # or Matroska, whose container it is
    if head[4:8] == b"ftyp":
        return "mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) >= 24:
        _check_pixels(*struct.unpack(">II", head[16:24]))
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        _check_pixels(*_jpeg_size(file.read_bytes()))
        return "jpg"
    raise RefusedError(415, "expected JPEG, PNG, WebM, MP4 or AVI", code="type")


def _check_pixels(width_px: int, height_px: int) -> None:
    if not 0 < width_px * height_px <= _MAX_PIXELS:
        raise RefusedError(
            413, f"the picture has {width_px} x {height_px} px, expected at most {_MAX_PIXELS}"
        )


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Return width and height from the frame header."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _SIZE_MARKERS:
            height_px, width_px = struct.unpack(">HH", data[at + 5 : at + 9])
            return width_px, height_px
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    raise RefusedError(415, "the JPEG picture is damaged", code="type")
