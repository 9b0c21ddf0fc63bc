"""Where the gallery's key comes from: the environment or a file that only its owner can read."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from edgeai_core.errors import GalleryError, GalleryMissingError

KEY_VARIABLE = "EDGEAI_GALLERY_KEY"
KEY_BYTES = 32


class KeySource(Protocol):
    """Gives the 32-byte key of a gallery."""

    def load(self) -> bytes:
        """Return the key.

        Raises:
            GalleryMissingError: there is none.
            GalleryError: it has a wrong form or can be read by others.
        """
        ...

    def load_or_create(self) -> bytes:
        """Return the key, making a new one if there is none; for a gallery without records only.

        Raises:
            GalleryError: as for `load`, or a new key cannot be kept.
        """
        ...


class EnvironmentKey:
    """A key given as base64 text, as it stands in ``$EDGEAI_GALLERY_KEY``."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "EnvironmentKey(<hidden>)"

    def load(self) -> bytes:
        return _decoded(self._text, where=f"${KEY_VARIABLE}")

    def load_or_create(self) -> bytes:
        return self.load()


class KeyFile:
    """A key in a file of mode 0600, as one line of base64.

    Args:
        path: the file; it is created, with its folder, by `load_or_create`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> bytes:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as exc:
            raise GalleryMissingError(
                f"gallery key {self._path} does not exist; put the key back from its backup or "
                f"set {KEY_VARIABLE}; without it the faces must be enrolled again"
            ) from exc
        except OSError as exc:
            raise GalleryError(f"gallery key {self._path} cannot be read: {exc.strerror}") from exc
        with os.fdopen(descriptor, "rb") as file:
            # The open descriptor is asked, not the path: nobody can swap the file in between.
            mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
            if mode & 0o077:
                raise GalleryError(
                    f"gallery key {self._path} has mode {mode:04o} and can be reached by others, "
                    f"expected 0600; run: chmod 600 {self._path}"
                )
            text = file.read(4096)
        return _decoded(text.decode("ascii", "replace").strip(), where=str(self._path))

    def load_or_create(self) -> bytes:
        if self._path.exists():
            return self.load()
        key = secrets.token_bytes(KEY_BYTES)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._publish(base64.b64encode(key) + b"\n")
        except OSError as exc:
            raise GalleryError(
                f"gallery key {self._path} cannot be written: {exc.strerror}; "
                f"nobody was enrolled; make room or rights, then repeat"
            ) from exc
        # Read back: another process may have been first, and its key is then the one to use.
        return self.load()

    def _publish(self, content: bytes) -> None:
        """Put a whole key file in place, or leave the one that is already there."""
        temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            try:
                os.link(temporary, self._path)
            except FileExistsError:
                return
        finally:
            temporary.unlink()


def default_key_source(
    gallery_path: Path, *, environ: Mapping[str, str] = os.environ
) -> EnvironmentKey | KeyFile:
    """Return the environment's key if it is set, else the key file beside the gallery."""
    text = environ.get(KEY_VARIABLE, "")
    return EnvironmentKey(text) if text else KeyFile(gallery_path.with_suffix(".key"))


def _decoded(text: str, *, where: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        # Neither the text nor its length in characters is told: it is a secret.
        raise GalleryError(
            f"gallery key in {where}: expected {KEY_BYTES} bytes as base64; "
            f"put the right key back (a new one: head -c {KEY_BYTES} /dev/urandom | base64)"
        )
    return key
