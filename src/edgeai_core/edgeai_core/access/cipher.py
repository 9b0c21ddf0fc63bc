"""Authenticated encryption of face templates (AES-256-GCM, NIST SP 800-38D)."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from edgeai_core.errors import GalleryCorruptError

NONCE_BYTES = 12
_KEY_CHECK_PLAIN = b"edgeai gallery key check"
_KEY_CHECK_DATA = b"edgeai-gallery-v2:key-check"
_UNSEALED_KEY_CHECK_DATA = b"edgeai-gallery-v1:key-check"


class TemplateCipher:
    """Encrypts templates and binds each to the record, person and model it belongs to.

    A ciphertext moved to another record does not decrypt. Nonces are 96 random bits: with one key
    the chance of a repeat stays below 2**-32 up to 2**32 templates.

    Args:
        key: 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        # Imported here: commands that never touch a face must start quickly.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._aead = AESGCM(key)

    def __repr__(self) -> str:
        return "TemplateCipher(<hidden>)"

    def seal(
        self, template: npt.NDArray[np.float32], *, record_id: str, person_id: str, model_id: str
    ) -> bytes:
        """Return nonce and ciphertext of a (D,) float32 template."""
        data = _associated_data(record_id, person_id, model_id)
        return self._sealed(np.asarray(template, "<f4").tobytes(), data)

    def open(
        self, sealed: bytes, *, record_id: str, person_id: str, model_id: str
    ) -> npt.NDArray[np.float32]:
        """Return the (D,) float32 template.

        Raises:
            GalleryCorruptError: the record was changed, moved, or made with another key.
        """
        plain = self._opened(sealed, _associated_data(record_id, person_id, model_id))
        if plain is None or not plain or len(plain) % 4:
            raise GalleryCorruptError(
                f"gallery record {record_id} fails its authentication: it was damaged or changed; "
                f"restore the gallery from a backup or forget and enrol that person again"
            )
        return np.frombuffer(plain, "<f4").astype(np.float32)

    def key_check(self) -> bytes:
        """Return a sealed constant by which `matches` recognises this key."""
        return self._sealed(_KEY_CHECK_PLAIN, _KEY_CHECK_DATA)

    def matches(self, key_check: bytes) -> bool:
        """Return whether `key_check` was made with this key."""
        return self._opened(key_check, _KEY_CHECK_DATA) == _KEY_CHECK_PLAIN

    def matches_unsealed(self, key_check: bytes) -> bool:
        """Return whether `key_check` was made with this key for a gallery of schema 1.

        Only such a gallery may lack seals: nobody without the key can make a newer one pass for it.
        """
        return self._opened(key_check, _UNSEALED_KEY_CHECK_DATA) == _KEY_CHECK_PLAIN

    def _sealed(self, plain: bytes, data: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, data)

    def _opened(self, sealed: bytes, data: bytes) -> bytes | None:
        from cryptography.exceptions import InvalidTag

        if len(sealed) < NONCE_BYTES + 16:
            return None
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], data)
        except InvalidTag:
            return None


def _associated_data(*parts: str) -> bytes:
    # Each part is preceded by its length, so that no two triples share one encoding.
    lengths = ",".join(str(len(part)) for part in parts)
    return f"edgeai-gallery-v1:template:{lengths}:{':'.join(parts)}".encode()
