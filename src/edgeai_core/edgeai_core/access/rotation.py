"""Changing the gallery's key."""

from __future__ import annotations

from edgeai_core.access.audit import Action
from edgeai_core.access.cipher import TemplateCipher
from edgeai_core.access.erasure import rewrite
from edgeai_core.access.gallery_store import damaged
from edgeai_core.access.seals import Sealer
from edgeai_core.access.tables import GalleryTables
from edgeai_core.errors import GalleryError


def rotate_key(tables: GalleryTables) -> int:
    """Seal everything under a new key; return the number of templates.

    Whenever the power fails, one of the two keys on disk opens the gallery: the new one is kept
    beside the old one first, the file changes in one transaction, the new key then takes the old
    one's place, and whoever opens the gallery in between finishes that.

    Raises:
        GalleryCorruptError: something in the gallery fails its authentication.
        GalleryError: nobody was ever enrolled, or the new key or the file cannot be written.
    """
    source = tables.keyring.key_source
    with tables.reading():
        if tables.keyring.current() is None:
            raise GalleryError(f"gallery {tables.path} has no key yet: enrol the first person")
    with tables.changing():
        # Under the lock: a second rotation must not replace a prepared key that is already in use.
        key = source.prepare_next()
        cipher, sealer = TemplateCipher(key), Sealer(key)
        if complaint := tables.audit.objection():
            raise damaged(tables.path, complaint)
        people = tables.people.all()
        count = tables.templates.reencrypt(tables.keyring.required().cipher, cipher)
        for person in people:
            tables.people.update(person, sealer=sealer)
        tables.audit.relink(sealer)
        tables.keyring.install(key, successor=True)
        tables.audit.append(Action.KEY_ROTATED, detail=f"{count} templates")
    tables.settle_key()
    if complaint := rewrite(tables.connection):
        raise GalleryError(
            f"gallery {tables.path}: the key is changed, but old pages under the old key may "
            f"remain ({complaint}); stop every program that uses the gallery"
        )
    return count
