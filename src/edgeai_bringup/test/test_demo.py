"""The demo's own gallery."""

from __future__ import annotations

import numpy as np
import pytest

from edgeai_bringup import demo
from edgeai_core.access.gallery import Gallery
from edgeai_core.access.keys import default_key_source
from edgeai_core.errors import SourceError


@pytest.fixture
def frames_read(tmp_path, monkeypatch, fake_models):
    """Put a stand-in for the clip in place; return the list of reads of the footage."""
    monkeypatch.setenv("EDGEAI_DEMO_DIR", str(tmp_path))
    monkeypatch.delenv("EDGEAI_GALLERY_KEY", raising=False)
    reads: list[str] = []
    noise = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)

    def images(source: str, *, fps: float):
        reads.append(source)
        for number in range(40):
            image = noise.copy()
            # The first two seconds show nobody who serves: they are for recognising.
            image[0, 0] = (9 if number < 20 else 3, number % 20, 0)
            yield image

    monkeypatch.setattr(demo, "images_of", images)
    return reads


def opened() -> Gallery:
    path = demo.demo_gallery()
    return Gallery.open(path, key_source=default_key_source(path))


def test_the_person_of_the_clip_is_enrolled_from_its_second_half(frames_read, tmp_path):
    demo.prepare_demo_gallery()
    assert frames_read == [str(tmp_path / "footage" / "1_talking_head.mp4")]
    with opened() as gallery:
        (person,) = gallery.people()
        assert (person.name, person.authorised) == (demo.DEMO_PERSON, True)
        (stored,) = gallery.templates(gallery_model())
        assert len(stored.templates) == 20
        assert (stored.templates[:, 9] == 0).all()


def gallery_model() -> str:
    from edgeai_core import catalog

    return catalog.face_model_id()


def test_it_is_done_once(frames_read):
    demo.prepare_demo_gallery()
    demo.prepare_demo_gallery()
    assert len(frames_read) == 1


def test_another_model_enrols_anew(frames_read, fake_models):
    fake_models.model_id = "an older model"
    demo.prepare_demo_gallery()
    fake_models.model_id = gallery_model()
    demo.prepare_demo_gallery()
    demo.prepare_demo_gallery()
    assert len(frames_read) == 2


@pytest.mark.parametrize("damage", ["empty", "garbage", "no key"])
def test_a_damaged_gallery_is_made_anew(frames_read, damage):
    demo.prepare_demo_gallery()
    path = demo.demo_gallery()
    if damage == "no key":
        path.with_suffix(".key").unlink()
    else:
        path.write_bytes(b"" if damage == "empty" else b"garbage" * 1000)
    demo.prepare_demo_gallery()
    with opened() as gallery:
        assert gallery.find(demo.DEMO_PERSON) is not None


def test_the_demo_never_touches_the_gallery_of_the_house(frames_read, tmp_path):
    from edgeai_core.access.locations import gallery_path

    assert demo.demo_gallery() == tmp_path / "people" / "gallery.sqlite3"
    assert demo.demo_gallery() != gallery_path()


def test_without_footage_the_sentence_says_so(tmp_path, monkeypatch, fake_models):
    monkeypatch.setenv("EDGEAI_DEMO_DIR", str(tmp_path))
    with pytest.raises(SourceError, match="1_talking_head"):
        demo.prepare_demo_gallery()
