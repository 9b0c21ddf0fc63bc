"""The sentence that a picture of evidence carries in itself."""

from __future__ import annotations

# Start of image, then at once the marker of a comment (ITU-T T.81, B.2.4.5).
_BEGINNING = b"\xff\xd8\xff\xfe"
_LENGTH_BYTES = 2


def comment_of(jpeg: bytes) -> str:
    """Return the comment after a JPEG's first marker, empty when it has none there."""
    begin = len(_BEGINNING)
    if not jpeg.startswith(_BEGINNING):
        return ""
    # The length counts its own two bytes.
    length = int.from_bytes(jpeg[begin : begin + _LENGTH_BYTES], "big")
    return jpeg[begin + _LENGTH_BYTES : begin + length].decode("ascii", "replace")
