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
NEXT_KEY_VARIABLE = "EDGEAI_GALLERY_NEXT_KEY"
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

    def load_next(self) -> bytes | None:
        """Return the key that a rotation prepared, None when there is none.

        Raises:
            GalleryError: as for `load`.
        """
        ...

    def prepare_next(self) -> bytes:
        """Keep a key to rotate to, beside the present one, and return it.

        Raises:
            GalleryError: it cannot be kept, or somebody has to give one.
        """
        ...

    def promote_next(self) -> None:
        """Make the prepared key the present one; harmless when that was done already.

        Raises:
            GalleryError: it cannot be done; both keys are still there.
        """
        ...


class EnvironmentKey:
    """A key given as base64 text, as it stands in ``$EDGEAI_GALLERY_KEY``.

    Args:
        text: the key. next_text: the key to rotate to (``$EDGEAI_GALLERY_NEXT_KEY``), or empty.
    """

    def __init__(self, text: str, next_text: str = "") -> None:
        self._text = text
        self._next_text = next_text

    def __repr__(self) -> str:
        return "EnvironmentKey(<hidden>)"

    def load(self) -> bytes:
        return _decoded(self._text, where=f"${KEY_VARIABLE}")

    def load_or_create(self) -> bytes:
        return self.load()

    def load_next(self) -> bytes | None:
        if not self._next_text:
            return None
        return _decoded(self._next_text, where=f"${NEXT_KEY_VARIABLE}")

    def prepare_next(self) -> bytes:
        key = self.load_next()
        if key is None:
            raise GalleryError(
                f"the key stands in ${KEY_VARIABLE}: put the new one into ${NEXT_KEY_VARIABLE}, "
                f"rotate, then move it to ${KEY_VARIABLE}"
            )
        return key

    def promote_next(self) -> None:
        """Do nothing: whoever sets the variables moves the key; until then both are known."""


class KeyFile:
    """A key in a file of mode 0600, as one line of base64.

    Args:
        path: the file; it is created, with its folder, by `load_or_create`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next_path = path.with_name(path.name + ".next")

    def load(self) -> bytes:
        return _read(self._path)

    def load_next(self) -> bytes | None:
        return _read(self._next_path) if self._next_path.exists() else None

    def prepare_next(self) -> bytes:
        try:
            # One left by a rotation that failed protects nothing: the gallery did not take it.
            self._next_path.unlink(missing_ok=True)
            _publish(self._next_path, _encoded(secrets.token_bytes(KEY_BYTES)))
        except OSError as exc:
            raise GalleryError(
                f"gallery key {self._next_path} cannot be written: {exc.strerror}; nothing was "
                f"changed; make room or rights, then repeat"
            ) from exc
        return _read(self._next_path)

    def promote_next(self) -> None:
        try:
            self._next_path.replace(self._path)
            sync_folder(self._path)
        except FileNotFoundError:
            return  # another process was first
        except OSError as exc:
            raise GalleryError(
                f"gallery key {self._path} cannot be replaced by {self._next_path}: "
                f"{exc.strerror}; make room or rights, then use the gallery again: it finds both"
            ) from exc

    def load_or_create(self) -> bytes:
        if self._path.exists():
            return self.load()
        key = secrets.token_bytes(KEY_BYTES)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _publish(self._path, _encoded(key))
        except OSError as exc:
            raise GalleryError(
                f"gallery key {self._path} cannot be written: {exc.strerror}; "
                f"nobody was enrolled; make room or rights, then repeat"
            ) from exc
        # Read back: another process may have been first, and its key is then the one to use.
        return self.load()


def default_key_source(
    gallery_path: Path, *, environ: Mapping[str, str] = os.environ
) -> EnvironmentKey | KeyFile:
    """Return the environment's key if it is set, else the key file beside the gallery."""
    text = environ.get(KEY_VARIABLE, "")
    if text:
        return EnvironmentKey(text, environ.get(NEXT_KEY_VARIABLE, ""))
    return KeyFile(gallery_path.with_suffix(".key"))


def sync_folder(path: Path) -> None:
    """Make sure that a file put in place by its name is there after a power cut.

    Raises:
        OSError: the folder cannot be synchronised.
    """
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as exc:
        raise GalleryMissingError(
            f"gallery key {path} does not exist; put the key back from its backup or "
            f"set {KEY_VARIABLE}; without it the faces must be enrolled again"
        ) from exc
    except OSError as exc:
        raise GalleryError(f"gallery key {path} cannot be read: {exc.strerror}") from exc
    with os.fdopen(descriptor, "rb") as file:
        # The open descriptor is asked, not the path: nobody can swap the file in between.
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        if mode & 0o077:
            raise GalleryError(
                f"gallery key {path} has mode {mode:04o} and can be reached by others, "
                f"expected 0600; run: chmod 600 {path}"
            )
        text = file.read(4096)
    return _decoded(text.decode("ascii", "replace").strip(), where=str(path))


def _publish(path: Path, content: bytes) -> None:
    """Put a whole key file in place, or leave the one that is already there."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink()


def _encoded(key: bytes) -> bytes:
    return base64.b64encode(key) + b"\n"


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
