"""Seals over what the gallery keeps in the clear: who may what, and the log of its changes.

HMAC-SHA256 (RFC 2104) under keys derived from the gallery's key with HKDF (RFC 5869). Whoever can
write the file but has no key can destroy it, but cannot make it say something else. What no seal
inside a file can show is that the whole file was replaced by an older copy of itself.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from edgeai_core.access.people import Person

SEAL_BYTES = 32


class Sealer:
    """Makes seals. A seal belongs to one record: moved to another it is wrong.

    Args:
        key: the 32 bytes of the gallery's key; only keys derived from it are used.
    """

    def __init__(self, key: bytes) -> None:
        self._person_key = _derived(key, b"person")
        self._state_key = _derived(key, b"state")
        self._log_key = _derived(key, b"audit")

    def __repr__(self) -> str:
        return "Sealer(<hidden>)"

    def person(self, person: Person) -> bytes:
        """Return the seal of everything that is stored about a person."""
        return _mac(
            self._person_key,
            person.person_id,
            person.name,
            person.role.value,
            int(person.authorised),
            person.created_ns,
            person.valid_from_ns,
            person.valid_until_ns,
            person.audit_ref,
        )

    def state(self, person_seals: Sequence[bytes], *, log_length: int, log_link: bytes) -> bytes:
        """Return the seal of the whole: who is in the gallery, and where its log ends.

        With it no record can be added, taken away or put back from an older copy one by one.
        """
        return _mac(self._state_key, log_length, log_link, *sorted(person_seals))

    def link(self, previous: bytes, *entry: int | str) -> bytes:
        """Return the seal of a log entry and, through `previous`, of every entry before it."""
        return _mac(self._log_key, previous, *entry)


def same(seal: object, expected: bytes) -> bool:
    """Return whether a stored value is the expected seal, in constant time."""
    return isinstance(seal, bytes) and hmac.compare_digest(seal, expected)


def _derived(key: bytes, purpose: bytes) -> bytes:
    # HKDF with an empty salt, one block of output.
    extracted = hmac.digest(bytes(SEAL_BYTES), key, hashlib.sha256)
    return hmac.digest(extracted, b"edgeai-gallery-v2:" + purpose + b"\x01", hashlib.sha256)


def _mac(key: bytes, *parts: bytes | str | int | None) -> bytes:
    # Each part with its kind and length, so that no two records share one encoding.
    encoded = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        kind = type(part).__name__
        content = part if isinstance(part, bytes) else str(part).encode()
        encoded.update(f"{kind}:{len(content)}:".encode() + content)
    return encoded.digest()
