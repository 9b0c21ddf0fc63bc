"""The demo: real footage and a gallery of its own in which the person of the clip may unlock."""

from __future__ import annotations

import itertools
from pathlib import Path

from edgeai_core import catalog
from edgeai_core.access.gallery import Gallery
from edgeai_core.access.keys import default_key_source
from edgeai_core.access.people import Role
from edgeai_core.analyzers.faces.enrolment import EnrolmentConfig
from edgeai_core.analyzers.faces.registration import enrol_person
from edgeai_core.errors import GalleryError
from edgeai_core.model_store import demo_directory
from edgeai_core.source_choice import footage_directory
from edgeai_core.sources.reading import images_of

DEMO_PERSON = "Demo Person"
_TALKING_HEAD = "1_talking_head.mp4"
# The clip lasts 4 s: enrolled from its second half, recognised from its first frame on.
_ENROL_AFTER_S = 2.0
_ENROL_FPS = 10.0


def demo_gallery() -> Path:
    """Return the demo's own gallery: never the one of the people who live here."""
    return demo_directory() / "people" / "gallery.sqlite3"


def prepare_demo_gallery() -> None:
    """Enrol the person of the talking-head clip, unless that was done with the present model.

    Raises:
        SourceError: the footage is not set up. ModelError: the face models are not.
    """
    path = demo_gallery()
    if _is_prepared(path):
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    with (
        catalog.face_models() as (detector, embedder),
        Gallery.open(path, key_source=default_key_source(path), create=True) as gallery,
    ):
        frames = images_of(str(footage_directory() / _TALKING_HEAD), fps=_ENROL_FPS)
        enrol_person(
            DEMO_PERSON,
            itertools.islice(frames, round(_ENROL_AFTER_S * _ENROL_FPS), None),
            detector=detector,
            embedder=embedder,
            gallery=gallery,
            role=Role.OWNER,
            authorised=True,
            config=EnrolmentConfig(),
        )


def _is_prepared(path: Path) -> bool:
    model_id = catalog.face_model_id()
    try:
        with Gallery.open(path, key_source=default_key_source(path)) as gallery:
            return gallery.find(DEMO_PERSON) is not None and not gallery.count_without(model_id)
    except GalleryError:
        return False
