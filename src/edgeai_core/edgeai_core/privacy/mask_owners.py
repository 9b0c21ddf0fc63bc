"""Whose a privacy mask is: ``NAME: …`` is every camera's, ``CAMERA/NAME: …`` that of one.

Masks are texts here, as in the parameter privacy.masks; what is no mask is passed on as it is, for
whoever reads it to say what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from edgeai_core.errors import ConfigError

MASKS = "privacy.masks"


def masks_at(texts: Sequence[str], *, camera: str) -> list[str]:
    """Return the masks that concern a camera, those of all and its own, without its name."""
    return [plain for owner, plain in map(_parted, texts) if owner in ("", camera)]


def masks_elsewhere(texts: Sequence[str], *, cameras: Collection[str]) -> list[str]:
    """Return the masks of cameras other than these."""
    return [text for text in texts if _parted(text)[0] not in ("", *cameras)]


def masks_drawn(
    texts: Sequence[str], drawn: Sequence[str], *, camera: str, cameras: Sequence[str]
) -> list[str]:
    """Return all masks after those of one camera were drawn anew; others keep what they hide.

    A mask of all that was taken away at this camera becomes one of each other camera. Where there
    is no other camera, a new mask names none.

    Args:
        texts: all masks so far. drawn: what `masks_at` is to be now. camera: at which; empty for
            those of all. cameras: all of the graph.

    Raises:
        ConfigError: the name of a new mask has a slash: it would be another camera's.
    """
    left = list(drawn)
    result = []
    for text in texts:
        owner, plain = _parted(text)
        if owner not in ("", camera):
            result.append(text)
        elif plain in left:
            left.remove(plain)
            result.append(text)
        elif camera and not owner:
            result += [f"{other}/{plain}" for other in cameras if other != camera]
    for plain in left:
        if "/" in plain.partition(":")[0]:
            raise ConfigError(f"privacy mask {plain!r}: got a slash in its name; leave it out")
    prefix = f"{camera}/" if camera and len(cameras) > 1 else ""
    return result + [f"{prefix}{plain}" for plain in left]


def _parted(text: str) -> tuple[str, str]:
    """Return the camera of a mask, empty for all, and the mask without it."""
    name, colon, corners = text.partition(":")
    owner, _, plain = name.strip().rpartition("/")
    return owner, f"{plain}{colon}{corners}"
