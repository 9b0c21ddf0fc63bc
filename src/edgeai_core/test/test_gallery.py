"""The encrypted gallery: what it stores, refuses, and how it fails."""

from __future__ import annotations

import base64
import os
import sqlite3
import stat
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edgeai_core.access.gallery import Gallery
from edgeai_core.access.keys import EnvironmentKey, KeyFile, default_key_source
from edgeai_core.access.live_index import LiveIndex
from edgeai_core.access.locations import data_directory, gallery_path
from edgeai_core.access.people import Role
from edgeai_core.errors import (
    EnrolmentError,
    GalleryCorruptError,
    GalleryError,
    GalleryMissingError,
    GalleryModelMismatchError,
)

MODEL = "face-embedder-1"
KEY = EnvironmentKey(base64.b64encode(bytes(range(32))).decode())
OTHER_KEY = EnvironmentKey(base64.b64encode(bytes(32)).decode())


def templates_of(seed: int, count: int = 4) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(count, 128)).astype(np.float32)


def enrol(gallery: Gallery, name: str, seed: int = 1, *, model_id: str = MODEL) -> None:
    gallery.add_person(
        name, templates_of(seed), model_id=model_id, role=Role.MEMBER, authorised=False
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "gallery.sqlite3"


@pytest.fixture
def enrolled(path: Path) -> Path:
    """A closed gallery with Ada in it."""
    with Gallery.open(path, key_source=KEY, create=True) as gallery:
        enrol(gallery, "Ada")
    return path


def test_templates_come_back_bit_for_bit_after_reopening(enrolled: Path) -> None:
    with Gallery.open(enrolled, key_source=KEY) as gallery:
        (entry,) = gallery.templates(MODEL)
    assert entry.person.name == "Ada"
    assert entry.person.role is Role.MEMBER
    assert not entry.person.authorised
    np.testing.assert_array_equal(entry.templates, templates_of(1))


def test_neither_templates_nor_key_are_on_disk_or_in_a_repr(enrolled: Path) -> None:
    stored = b"".join(file.read_bytes() for file in enrolled.parent.iterdir())
    for template in templates_of(1):
        assert template[:4].tobytes() not in stored
    assert bytes(range(32)) not in stored
    with Gallery.open(enrolled, key_source=KEY) as gallery:
        (entry,) = gallery.templates(MODEL)
    assert repr(entry) == f"PersonTemplates({entry.person.person_id}, 4 hidden)"
    assert repr(KEY) == "EnvironmentKey(<hidden>)"


def test_file_is_private_and_in_wal_mode(path: Path) -> None:
    with Gallery.open(path, key_source=KEY, create=True) as gallery:
        enrol(gallery, "Ada")
        modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        assert path.with_name("gallery.sqlite3-wal").exists()
    assert modes == {0o600}


def test_missing_gallery_says_to_enrol(path: Path) -> None:
    with pytest.raises(GalleryMissingError, match="does not exist: nobody is enrolled"):
        Gallery.open(path, key_source=KEY)
    assert not path.exists()


@pytest.mark.parametrize(
    "content", [b"", b"not a database at all, but long enough to have a header" * 20]
)
def test_file_that_is_no_gallery_is_called_damaged(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(GalleryCorruptError, match="restore it from a backup"):
        Gallery.open(path, key_source=KEY, create=True)
    assert path.read_bytes() == content


def test_other_sqlite_file_is_not_taken_for_a_gallery(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE events (id INTEGER)")
    connection.close()
    with pytest.raises(GalleryCorruptError, match="not a face gallery"):
        Gallery.open(path, key_source=KEY)


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_truncated_gallery_is_refused(enrolled: Path, keep: float) -> None:
    content = enrolled.read_bytes()
    enrolled.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(GalleryCorruptError):
        Gallery.open(enrolled, key_source=KEY)


def test_overwritten_pages_are_refused(enrolled: Path) -> None:
    content = bytearray(enrolled.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    enrolled.write_bytes(content)
    with pytest.raises(GalleryCorruptError):
        Gallery.open(enrolled, key_source=KEY)


def test_newer_schema_asks_for_an_update(enrolled: Path) -> None:
    connection = sqlite3.connect(enrolled)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(GalleryError, match=r"schema 99.*update the program"):
        Gallery.open(enrolled, key_source=KEY)


def test_wrong_key_is_refused_on_opening(enrolled: Path) -> None:
    with pytest.raises(GalleryCorruptError, match="made with another key"):
        Gallery.open(enrolled, key_source=OTHER_KEY)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE templates SET sealed = zeroblob(length(sealed))",
        "UPDATE templates SET sealed = x'00'",
        "UPDATE templates SET sealed = (SELECT sealed FROM templates LIMIT 1)",
        f"UPDATE templates SET id = '{'0' * 32}' WHERE rowid = 1",
    ],
)
def test_changed_or_moved_record_fails_its_authentication(enrolled: Path, statement: str) -> None:
    connection = sqlite3.connect(enrolled)
    connection.execute(statement)
    connection.commit()
    connection.close()
    with (
        Gallery.open(enrolled, key_source=KEY) as gallery,
        pytest.raises(GalleryCorruptError, match="fails its authentication"),
    ):
        gallery.templates(MODEL)


def test_templates_moved_to_another_person_are_refused(enrolled: Path) -> None:
    with Gallery.open(enrolled, key_source=KEY) as gallery:
        enrol(gallery, "Bob", 2)
    connection = sqlite3.connect(enrolled)
    connection.execute(
        "UPDATE templates SET person_id = (SELECT id FROM persons WHERE name = 'Ada')"
    )
    connection.commit()
    connection.close()
    with (
        Gallery.open(enrolled, key_source=KEY) as gallery,
        pytest.raises(GalleryCorruptError, match="fails its authentication"),
    ):
        gallery.index(MODEL, template_variance=0.0)


def test_other_model_asks_for_enrolment_again(enrolled: Path) -> None:
    with (
        Gallery.open(enrolled, key_source=KEY) as gallery,
        pytest.raises(GalleryModelMismatchError, match="face-embedder-1, but face-embedder-2"),
    ):
        gallery.templates("face-embedder-2")


def test_empty_gallery_needs_no_key_and_has_no_templates(path: Path) -> None:
    with Gallery.open(path, key_source=KeyFile(path.with_suffix(".key")), create=True) as gallery:
        assert gallery.templates(MODEL) == ()
        assert gallery.index(MODEL, template_variance=0.0).empty_reason == "nobody is enrolled"
    assert not path.with_suffix(".key").exists()


def test_names_are_unique_whatever_their_case(enrolled: Path) -> None:
    with Gallery.open(enrolled, key_source=KEY) as gallery:
        enrol(gallery, "Émile", 2)
        for name in ("ADA", " ada ", "éMILE", "E\u0301mile"):
            with pytest.raises(EnrolmentError, match="already enrolled"):
                enrol(gallery, name, 3)
        assert [person.name for person in gallery.people()] == ["Ada", "Émile"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\nb", "a\x00"])
def test_unusable_name_is_refused(path: Path, name: str) -> None:
    with (
        Gallery.open(path, key_source=KEY, create=True) as gallery,
        pytest.raises(GalleryError, match="a name"),
    ):
        enrol(gallery, name)


@pytest.mark.parametrize(
    "templates",
    [np.zeros((0, 128)), np.zeros(128), np.full((1, 128), np.nan)],
    ids=["none", "one-dimensional", "not finite"],
)
def test_unusable_templates_are_refused(path: Path, templates: npt.NDArray[np.float64]) -> None:
    with Gallery.open(path, key_source=KEY, create=True) as gallery:
        with pytest.raises(ValueError, match="templates"):
            gallery.add_person(
                "Ada",
                templates.astype(np.float32),
                model_id=MODEL,
                role=Role.OWNER,
                authorised=True,
            )
        assert gallery.people() == ()


def test_authorise_and_rename_change_one_person_and_the_revision(enrolled: Path) -> None:
    with (
        Gallery.open(enrolled, key_source=KEY) as gallery,
        Gallery.open(enrolled, key_source=KEY) as other_process,
    ):
        enrol(gallery, "Bob", 2)
        before = other_process.revision()
        assert gallery.authorise("ada", True).authorised
        assert other_process.revision() == before + 1
        assert gallery.rename("Ada", "Ada Lovelace").name == "Ada Lovelace"
        assert gallery.rename("Ada Lovelace", "ADA LOVELACE").name == "ADA LOVELACE"
        assert other_process.revision() == before + 3
        assert [(p.name, p.authorised) for p in other_process.people()] == [
            ("ADA LOVELACE", True),
            ("Bob", False),
        ]
        with pytest.raises(GalleryError, match="Bob is already enrolled"):
            gallery.rename("ADA LOVELACE", "bob")
        with pytest.raises(GalleryError, match="nobody named 'Eve'"):
            gallery.authorise("Eve", True)
        assert other_process.revision() == before + 3


def test_forget_leaves_no_trace_in_any_file(enrolled: Path) -> None:
    with Gallery.open(enrolled, key_source=KEY) as gallery:
        enrol(gallery, "Bartholomew", 2)
        bob = gallery.find("Bartholomew")
        assert bob is not None
        rows = gallery._tables.connection.execute(
            "SELECT id, sealed FROM templates WHERE person_id = ?", (bob.person_id,)
        ).fetchall()
        gallery.forget("bartholomew")
        stored = b"".join(file.read_bytes() for file in enrolled.parent.iterdir())
        assert len(rows) == 4
        for record_id, sealed in rows:
            assert record_id.encode() not in stored
            assert sealed not in stored
        assert bob.person_id.encode() not in stored
        assert b"Bartholomew" not in stored
        assert [person.name for person in gallery.people()] == ["Ada"]
        assert len(gallery.templates(MODEL)) == 1


def test_forget_does_not_claim_what_the_search_disproves(
    enrolled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgeai_core.access.erasure.rewrite", lambda connection: "")
    with Gallery.open(enrolled, key_source=KEY) as gallery:
        enrol(gallery, "Bob", 2)
        with pytest.raises(GalleryError, match=r"still hold the person's id, .*template 3"):
            gallery.forget("Bob")
        assert [person.name for person in gallery.people()] == ["Ada"]


def test_forget_tells_when_a_reader_keeps_old_pages(
    enrolled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgeai_core.access.gallery_store.BUSY_TIMEOUT_S", 0.05)
    with Gallery.open(enrolled, key_source=KEY) as gallery:
        enrol(gallery, "Bob", 2)
        reader = sqlite3.connect(enrolled, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM persons").fetchone()
        with pytest.raises(GalleryError, match="is forgotten and cannot be recognised any more"):
            gallery.forget("Bob")
        reader.close()
        assert [person.name for person in gallery.people()] == ["Ada"]


def test_forget_of_a_short_name_within_another_name_passes(enrolled: Path) -> None:
    with Gallery.open(enrolled, key_source=KEY) as gallery:
        enrol(gallery, "Bob Johnson O'Neil", 2)
        enrol(gallery, "Johnson O'Neil", 3)
        gallery.forget("Johnson O'Neil")
        assert [person.name for person in gallery.people()] == ["Ada", "Bob Johnson O'Neil"]


def test_full_disk_while_enrolling_loses_nothing(enrolled: Path) -> None:
    with Gallery.open(enrolled, key_source=KEY) as gallery:
        connection = gallery._tables.connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        before = gallery.revision()
        with pytest.raises(GalleryError, match="full; nothing was changed"):
            gallery.add_person(
                "Bob", templates_of(2, 500), model_id=MODEL, role=Role.MEMBER, authorised=True
            )
        assert [person.name for person in gallery.people()] == ["Ada"]
        assert gallery.revision() == before


def test_replaced_file_is_noticed(enrolled: Path) -> None:
    with Gallery.open(enrolled, key_source=KEY) as gallery:
        enrolled.rename(enrolled.with_suffix(".old"))
        with pytest.raises(GalleryMissingError, match="removed or replaced"):
            gallery.revision()


def test_closed_gallery_is_not_called_damaged(enrolled: Path) -> None:
    gallery = Gallery.open(enrolled, key_source=KEY)
    gallery.close()
    gallery.close()
    with pytest.raises(sqlite3.ProgrammingError):
        gallery.people()


def test_key_file_is_made_on_first_enrolment_and_found_again(path: Path) -> None:
    source = default_key_source(path, environ={})
    with Gallery.open(path, key_source=source, create=True) as gallery:
        enrol(gallery, "Ada")
    key_file = path.with_suffix(".key")
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert len(base64.b64decode(key_file.read_bytes())) == 32
    assert {file.name for file in path.parent.iterdir()} == {"gallery.sqlite3", "gallery.key"}
    with Gallery.open(path, key_source=default_key_source(path, environ={})) as gallery:
        assert len(gallery.templates(MODEL)) == 1
    key_file.unlink()
    with pytest.raises(GalleryMissingError, match="put the key back"):
        Gallery.open(path, key_source=source)
    assert not key_file.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_key_file_that_others_reach_is_refused(path: Path, mode: int) -> None:
    source = default_key_source(path, environ={})
    source.load_or_create()
    path.with_suffix(".key").chmod(mode)
    with pytest.raises(GalleryError, match=f"mode 0{mode:o}.*chmod 600"):
        source.load()


@pytest.mark.parametrize("text", ["short", "!" * 44, base64.b64encode(bytes(31)).decode()])
def test_malformed_key_is_refused_without_telling_it(path: Path, text: str) -> None:
    source = default_key_source(path, environ={"EDGEAI_GALLERY_KEY": text})
    with pytest.raises(GalleryError, match="expected 32 bytes as base64") as caught:
        source.load()
    assert text not in str(caught.value)


def test_locations_follow_the_environment(tmp_path: Path) -> None:
    assert data_directory({"EDGEAI_DATA_DIR": str(tmp_path)}) == tmp_path
    assert data_directory({"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "edgeai"
    home = Path.home() / ".local" / "share" / "edgeai"
    assert data_directory({"XDG_DATA_HOME": "relative"}) == home
    assert gallery_path({}) == home / "gallery.sqlite3"


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def live_index(path: Path, clock: Clock, *, model_id: str = MODEL) -> LiveIndex:
    return LiveIndex(
        lambda: Gallery.open(path, key_source=KEY),
        model_id=model_id,
        template_variance=0.0,
        clock_s=clock,
    )


def test_live_index_follows_enrolment_revocation_and_removal(path: Path) -> None:
    clock = Clock()
    live = live_index(path, clock)
    probe = templates_of(1).mean(axis=0)
    assert live().match(probe) is None
    assert live().empty_reason == "nobody is enrolled"
    assert "enrol the first person" in live.fault
    with Gallery.open(path, key_source=KEY, create=True) as gallery:
        enrol(gallery, "Ada")
        assert live().match(probe) is None
        clock.now_s = 0.5
        match = live().match(probe)
        assert match is not None
        assert (match.person_name, match.authorised, live.fault) == ("Ada", False, "")
        index = live()
        clock.now_s = 1.0
        assert live() is index, "an unchanged gallery is not read again"
        gallery.authorise("Ada", True)
        clock.now_s = 1.5
        match = live().match(probe)
        assert match is not None
        assert match.authorised
    for file in list(path.parent.iterdir()):
        file.unlink()
    clock.now_s = 2.0
    assert live().match(probe) is None
    live.close()


def test_live_index_of_a_damaged_gallery_recognises_nobody(enrolled: Path) -> None:
    content = enrolled.read_bytes()
    enrolled.write_bytes(content[:5000])
    clock = Clock()
    live = live_index(enrolled, clock)
    assert live().empty_reason == "gallery unusable"
    assert "restore it from a backup" in live.fault
    enrolled.write_bytes(content)
    clock.now_s = 0.5
    assert len(live()) == 1
    assert live.fault == ""
    live.close()


def test_live_index_tells_of_people_from_another_model(enrolled: Path) -> None:
    clock = Clock()
    live = live_index(enrolled, clock, model_id="new")
    assert live().empty_reason == "the gallery is of another face model"
    with Gallery.open(enrolled, key_source=KEY) as gallery:
        enrol(gallery, "Bob", 2, model_id="new")
    clock.now_s = 0.5
    assert len(live()) == 1
    assert live.fault.startswith("1 people of the gallery were enrolled with another face model")
    live.close()
