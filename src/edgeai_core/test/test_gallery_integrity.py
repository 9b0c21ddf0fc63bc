"""What the gallery notices when somebody changes its file, and how it survives bad luck."""

from __future__ import annotations

import base64
import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edgeai_core.access import gallery_store
from edgeai_core.access.audit import Action
from edgeai_core.access.backup import restore
from edgeai_core.access.cipher import TemplateCipher
from edgeai_core.access.gallery import Gallery, local_actor
from edgeai_core.access.keys import EnvironmentKey, KeyFile, default_key_source
from edgeai_core.access.live_index import LiveIndex
from edgeai_core.access.people import Role
from edgeai_core.access.permissions import Permission
from edgeai_core.errors import GalleryCorruptError, GalleryError

MODEL = "face-embedder-1"
KEY_BYTES = bytes(range(32))
KEY = EnvironmentKey(base64.b64encode(KEY_BYTES).decode())
HOUR_NS = 3_600_000_000_000
NOW_NS = 1_800_000_000_000_000_000


def templates_of(seed: int, count: int = 4) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(count, 128)).astype(np.float32)


def enrol(gallery: Gallery, name: str, seed: int = 1, *, authorised: bool = False) -> None:
    gallery.add_person(
        name, templates_of(seed), model_id=MODEL, role=Role.MEMBER, authorised=authorised
    )


def clock() -> int:
    return NOW_NS


@contextlib.contextmanager
def opened(path: Path, *, create: bool = False, key: EnvironmentKey = KEY) -> Iterator[Gallery]:
    with Gallery.open(
        path, key_source=key, create=create, clock_ns=clock, actor="user 7"
    ) as gallery:
        yield gallery


def tamper(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for trigger in ("audit_keeps_entries", "audit_keeps_words"):
        connection.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "gallery.sqlite3"


@pytest.fixture
def enrolled(path: Path) -> Path:
    """A closed gallery with Ada, not authorised, and Bob, authorised."""
    with opened(path, create=True) as gallery:
        enrol(gallery, "Ada")
        enrol(gallery, "Bob", 2, authorised=True)
    return path


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE persons SET authorised = 1 WHERE name = 'Ada'",
        "UPDATE persons SET role = 'owner' WHERE name = 'Ada'",
        "UPDATE persons SET name = 'Eve' WHERE name = 'Ada'",
        "UPDATE persons SET name_key = 'x' WHERE name = 'Ada'",
        "UPDATE persons SET valid_until_ns = 1 WHERE name = 'Bob'",
        "UPDATE persons SET valid_from_ns = 1 WHERE name = 'Bob'",
        "UPDATE persons SET seal = (SELECT seal FROM persons WHERE name = 'Bob') "
        "WHERE name = 'Ada'",
        "UPDATE persons SET role = 'emperor' WHERE name = 'Ada'",
        "UPDATE persons SET created_ns = 'soon' WHERE name = 'Ada'",
        "DELETE FROM persons WHERE name = 'Ada'",
        "INSERT INTO persons SELECT 'e', 'Eve', 'e', role, 1, created_ns, NULL, NULL, '', seal "
        "FROM persons WHERE name = 'Bob'",
        "DELETE FROM meta WHERE key = 'seal'",
        "DELETE FROM meta WHERE key = 'key_check'",
        "DELETE FROM audit WHERE sequence = 2",
    ],
)
def test_change_by_another_program_is_noticed_and_nobody_is_recognised(
    enrolled: Path, statement: str
) -> None:
    tamper(enrolled, statement)
    with pytest.raises(GalleryCorruptError, match="access stays closed"), opened(enrolled) as g:
        g.people()
    live = LiveIndex(
        lambda: Gallery.open(enrolled, key_source=KEY),
        model_id=MODEL,
        template_variance=0.0,
        clock_s=float,
    )
    assert live().match(templates_of(2).mean(axis=0)) is None
    assert live().empty_reason == "gallery unusable"
    assert "is damaged" in live.fault
    live.close()


def test_tampered_gallery_is_not_sealed_over(enrolled: Path) -> None:
    tamper(enrolled, "UPDATE persons SET authorised = 1 WHERE name = 'Ada'")
    with opened(enrolled) as gallery:
        for change in (
            lambda: enrol(gallery, "Cid", 3),
            lambda: gallery.authorise("Bob", True),
            gallery.rotate_key,
        ):
            with pytest.raises(GalleryError):
                change()
        (problem,) = gallery.verify().problems
    assert "authorisation, validity) was changed by something else" in problem


def test_revoked_record_put_back_from_an_older_copy_is_noticed(enrolled: Path) -> None:
    columns = "authorised, seal"
    connection = sqlite3.connect(enrolled)
    old = connection.execute(f"SELECT {columns} FROM persons WHERE name = 'Bob'").fetchone()
    with opened(enrolled) as gallery:
        gallery.authorise("Bob", False)
    connection.execute(f"UPDATE persons SET ({columns}) = (?, ?) WHERE name = 'Bob'", old)
    connection.commit()
    connection.close()
    with opened(enrolled) as gallery, pytest.raises(GalleryCorruptError, match="added or removed"):
        gallery.people()


def test_log_tells_who_did_what_when_and_names_nobody(path: Path) -> None:
    with opened(path, create=True) as gallery:
        enrol(gallery, "Bartholomew")
        gallery.authorise("Bartholomew", True)
        gallery.set_role("Bartholomew", Role.OWNER)
        person = gallery.rename("Bartholomew", "Barnabas Smith")
        gallery.set_validity("Barnabas Smith", valid_from_ns=1, valid_until_ns=2)
        gallery.authorise("Barnabas Smith", False)
        gallery.forget("Barnabas Smith")
        entries = gallery.audit()
    assert [(e.sequence, e.action, e.detail) for e in entries] == [
        (1, Action.ENROLLED, "member, not authorised, 4 templates of face-embedder-1"),
        (2, Action.AUTHORISED, ""),
        (3, Action.ROLE_CHANGED, "owner"),
        (4, Action.RENAMED, ""),
        (5, Action.VALIDITY_CHANGED, "from 1 until 2"),
        (6, Action.REVOKED, ""),
        (7, Action.FORGOTTEN, ""),
    ]
    assert {(e.at_ns, e.actor, e.subject) for e in entries} == {
        (NOW_NS, "user 7", person.audit_ref)
    }
    assert person.audit_ref not in person.person_id
    assert local_actor() == f"user {os.getuid()}"


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("DELETE FROM audit WHERE sequence = 1", "entry 1 is missing"),
        ("UPDATE audit SET actor = 'user 0' WHERE sequence = 2", "entry 2 was changed"),
        ("UPDATE audit SET at_ns = 1 WHERE sequence = 1", "entry 1 was changed"),
    ],
)
def test_changed_log_is_noticed(enrolled: Path, statement: str, complaint: str) -> None:
    with opened(enrolled) as gallery:
        gallery.authorise("Ada", True)
    tamper(enrolled, statement)
    with opened(enrolled) as gallery:
        with pytest.raises(GalleryCorruptError, match=complaint):
            gallery.audit()
        assert any(complaint in problem for problem in gallery.verify().problems)


@pytest.mark.parametrize("statement", ["DELETE FROM audit", "UPDATE audit SET detail = ''"])
def test_log_only_grows_even_for_this_program(enrolled: Path, statement: str) -> None:
    connection = sqlite3.connect(enrolled)
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        connection.execute(statement)
    connection.close()


def test_validity_and_role_decide_with_the_flag(path: Path) -> None:
    with opened(path, create=True) as gallery:
        ada = gallery.add_person(
            "Ada",
            templates_of(1),
            model_id=MODEL,
            role=Role.MEMBER,
            authorised=True,
            valid_from_ns=NOW_NS,
            valid_until_ns=NOW_NS + HOUR_NS,
        )
        assert gallery.person(ada.person_id) == ada
        guest = gallery.set_role("Ada", Role.GUEST)
        with pytest.raises(GalleryError, match="must end after it begins"):
            gallery.set_validity("Ada", valid_from_ns=5, valid_until_ns=5)
    assert ada.refusal_at(NOW_NS - 1).startswith("authorised only from 20")
    assert ada.refusal_at(NOW_NS) == ada.refusal_at(NOW_NS + HOUR_NS - 1) == ""
    assert ada.refusal_at(NOW_NS + HOUR_NS).startswith("authorisation ended 20")
    assert Permission.ARM in ada.permissions_at(NOW_NS)
    assert Permission.ENROL not in ada.permissions_at(NOW_NS)
    assert ada.permissions_at(NOW_NS + HOUR_NS) == frozenset()
    assert guest.refusal_at(NOW_NS) == "role guest may not operate"


def first_schema(path: Path) -> None:
    """Write a gallery as version 1 of the schema kept it, with Ada authorised."""
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA application_id = {gallery_store.APPLICATION_ID}")
    connection.executescript(f"{gallery_store.MIGRATIONS[0]} PRAGMA user_version = 1;")
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    check = AESGCM(KEY_BYTES).encrypt(
        bytes(12), b"edgeai gallery key check", b"edgeai-gallery-v1:key-check"
    )
    connection.execute("INSERT INTO meta VALUES ('key_check', ?)", (bytes(12) + check,))
    connection.execute(
        "INSERT INTO persons VALUES ('p1', 'Ada', ?, 'member', 1, 5)",
        ("50fe27b3e2a1d0a0f2a9d6d4f0e6b2b9",),
    )
    names = {"record_id": "r1", "person_id": "p1", "model_id": MODEL}
    sealed = TemplateCipher(KEY_BYTES).seal(templates_of(1)[0], **names)
    connection.execute("INSERT INTO templates VALUES ('r1', 'p1', ?, ?)", (MODEL, sealed))
    connection.close()


def test_gallery_of_schema_1_is_lifted_and_sealed_once(path: Path) -> None:
    first_schema(path)
    for _ in range(2):
        with opened(path) as gallery:
            (person,) = gallery.people()
            assert (person.name, person.authorised, person.valid_until_ns) == ("Ada", True, None)
            assert len(person.audit_ref) == 16
            np.testing.assert_array_equal(
                gallery.templates(MODEL)[0].templates, templates_of(1)[:1]
            )
            (entry,) = gallery.audit()
            assert (entry.action, entry.detail) == (Action.SEALED, "1 people taken as they were")
            assert gallery.verify().problems == ()


def test_sealed_gallery_cannot_pass_for_an_unsealed_one(enrolled: Path) -> None:
    tamper(
        enrolled,
        "UPDATE persons SET authorised = 1, seal = x'', audit_ref = ''",
        "DELETE FROM meta WHERE key = 'seal'",
        "DELETE FROM audit",
    )
    with opened(enrolled) as gallery, pytest.raises(GalleryCorruptError):
        gallery.people()


def test_full_verification_counts_and_names_what_is_wrong(enrolled: Path) -> None:
    with opened(enrolled) as gallery:
        found = gallery.verify(model_id=MODEL)
        assert (found.people, found.templates, found.audit_entries) == (2, 8, 2)
        assert (found.model_ids, found.problems) == ((MODEL,), ())
        assert gallery.verify(model_id="newer").problems == (
            "2 people have no template of face model newer; forget and enrol them again",
        )
    tamper(enrolled, "UPDATE templates SET sealed = zeroblob(500) WHERE rowid = 1")
    with opened(enrolled) as gallery:
        (problem,) = gallery.verify().problems
        assert "fails its authentication" in problem


def test_empty_gallery_verifies_and_has_no_log(path: Path) -> None:
    with opened(path, create=True) as gallery:
        assert gallery.verify().problems == ()
        assert gallery.audit() == ()
        with pytest.raises(GalleryError, match="has no key yet"):
            gallery.rotate_key()


# Key rotation.


def with_key_file(path: Path) -> Gallery:
    return Gallery.open(path, key_source=default_key_source(path, environ={}), create=True)


def test_rotation_changes_every_record_and_retires_the_old_key(path: Path) -> None:
    with with_key_file(path) as gallery:
        enrol(gallery, "Ada")
        old_key = path.with_suffix(".key").read_bytes()
        sealed = gallery._tables.connection.execute("SELECT sealed FROM templates").fetchall()
        with with_key_file(path) as other_process:
            assert len(other_process.templates(MODEL)) == 1
            assert gallery.rotate_key() == 4
            assert len(other_process.templates(MODEL)) == 1, "a running program follows"
            other_process.authorise("Ada", True)
        stored = b"".join(file.read_bytes() for file in path.parent.iterdir())
        assert not any(row[0] in stored for row in sealed)
        assert gallery.verify().problems == ()
        assert [e.action for e in gallery.audit()][1:] == [Action.KEY_ROTATED, Action.AUTHORISED]
    assert path.with_suffix(".key").read_bytes() != old_key
    assert sorted(file.name for file in path.parent.iterdir()) == ["gallery.key", "gallery.sqlite3"]
    path.with_suffix(".key").write_bytes(old_key)
    with pytest.raises(GalleryCorruptError, match="made with another key"):
        with_key_file(path)


def test_rotation_cut_off_before_the_keys_change_is_finished_by_the_next_change(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with with_key_file(path) as gallery:
        enrol(gallery, "Ada")
        with monkeypatch.context() as patch:
            patch.setattr(KeyFile, "promote_next", lambda self: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                gallery.rotate_key()
    next_key = path.with_name("gallery.key.next").read_bytes()
    with with_key_file(path) as gallery:
        assert len(gallery.templates(MODEL)) == 1
        assert path.with_suffix(".key").read_bytes() != next_key, "reading changes no key"
        gallery.authorise("Ada", True)
    assert path.with_suffix(".key").read_bytes() == next_key
    assert not path.with_name("gallery.key.next").exists()


def test_rotation_that_fails_leaves_gallery_and_key_as_they_were(path: Path) -> None:
    with with_key_file(path) as gallery:
        enrol(gallery, "Ada")
        key = path.with_suffix(".key").read_bytes()
        connection = gallery._tables.connection
        connection.execute("UPDATE templates SET sealed = x'00' WHERE rowid = 4")
        with pytest.raises(GalleryCorruptError, match="fails its authentication"):
            gallery.rotate_key()
        assert [person.name for person in gallery.people()] == ["Ada"]
    assert path.with_suffix(".key").read_bytes() == key
    with with_key_file(path) as gallery:
        assert gallery.people()


def test_rotation_with_the_key_in_the_environment_needs_the_next_one(enrolled: Path) -> None:
    with opened(enrolled) as gallery, pytest.raises(GalleryError, match="EDGEAI_GALLERY_NEXT_KEY"):
        gallery.rotate_key()
    text = base64.b64encode(bytes(32)).decode()
    environ = {
        "EDGEAI_GALLERY_KEY": base64.b64encode(KEY_BYTES).decode(),
        "EDGEAI_GALLERY_NEXT_KEY": text,
    }
    both = default_key_source(enrolled, environ=environ)
    for source in (both, both, EnvironmentKey(text)):
        with Gallery.open(enrolled, key_source=source) as gallery:
            if source is both and len(gallery.audit()) == 2:
                gallery.rotate_key()
            assert len(gallery.templates(MODEL)) == 2


# Backup and restore.


def test_backup_is_verified_private_and_never_overwrites(enrolled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    with opened(enrolled) as gallery:
        assert gallery.back_up(copy).templates == 8
        with pytest.raises(GalleryError, match="exists already"):
            gallery.back_up(copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert {file.name for file in tmp_path.iterdir()} == {"data", "copy.sqlite3"}
    with opened(copy) as gallery:
        assert [person.name for person in gallery.people()] == ["Ada", "Bob"]


def test_damaged_gallery_is_not_backed_up(enrolled: Path, tmp_path: Path) -> None:
    tamper(enrolled, "UPDATE templates SET sealed = x'00' WHERE rowid = 1")
    with opened(enrolled) as gallery, pytest.raises(GalleryCorruptError):
        gallery.back_up(tmp_path / "copy.sqlite3")
    assert {file.name for file in tmp_path.iterdir()} == {"data"}


@pytest.mark.parametrize("damage", [True, False])
def test_restore_puts_the_backup_in_place_and_keeps_what_was_there(
    enrolled: Path, tmp_path: Path, *, damage: bool
) -> None:
    copy = tmp_path / "copy.sqlite3"
    with opened(enrolled) as running:
        running.back_up(copy)
        enrol(running, "Cid", 3)
    if damage:
        enrolled.write_bytes(b"nothing left")
    before = enrolled.read_bytes()
    kept = restore(copy, enrolled, key_source=KEY, clock_ns=clock, actor="user 7")
    assert kept is not None
    assert kept.read_bytes() == before
    with opened(enrolled) as gallery:
        assert [person.name for person in gallery.people()] == ["Ada", "Bob"]
        assert gallery.audit()[-1].action is Action.RESTORED
        assert gallery.verify().problems == ()
    assert {f.name for f in enrolled.parent.iterdir()} == {enrolled.name, kept.name}


def test_running_index_follows_a_restore(enrolled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    with opened(enrolled) as gallery:
        gallery.back_up(copy)
        enrol(gallery, "Cid", 3)
    live = LiveIndex(
        lambda: Gallery.open(enrolled, key_source=KEY),
        model_id=MODEL,
        template_variance=0.0,
        clock_s=float,
        poll_interval_s=0.0,
    )
    assert len(live()) == 3
    restore(copy, enrolled, key_source=KEY, clock_ns=clock, actor="user 7")
    live()
    assert len(live()) == 2
    live.close()


def test_restore_refuses_what_does_not_verify_and_changes_nothing(
    enrolled: Path, tmp_path: Path
) -> None:
    before = enrolled.read_bytes()
    copy = tmp_path / "copy.sqlite3"
    with opened(enrolled) as gallery:
        gallery.back_up(copy)
    good = copy.read_bytes()
    for content in (good[: len(good) // 2], b"", good.replace(b"member", b"owner ")):
        copy.write_bytes(content)
        with pytest.raises(GalleryError):
            restore(copy, enrolled, key_source=KEY, clock_ns=clock, actor="user 7")
    copy.write_bytes(good)
    other = EnvironmentKey(base64.b64encode(bytes(32)).decode())
    with pytest.raises(GalleryCorruptError, match="made with another key"):
        restore(copy, enrolled, key_source=other, clock_ns=clock, actor="user 7")
    with pytest.raises(GalleryError, match="does not exist"):
        restore(tmp_path / "no", enrolled, key_source=KEY, clock_ns=clock, actor="user 7")
    assert enrolled.read_bytes() == before
    assert {file.name for file in enrolled.parent.iterdir()} == {enrolled.name}


# Export.


def test_export_holds_the_record_and_encrypted_templates_and_says_so(enrolled: Path) -> None:
    with opened(enrolled) as gallery:
        answer = gallery.export("bob")
        assert gallery.audit()[-1].action is Action.EXPORTED
        with pytest.raises(GalleryError, match="nobody named 'Eve'"):
            gallery.export("Eve")
    assert "cannot be read without that key" in answer["contents"]
    assert (answer["person"]["name"], answer["person"]["authorised"]) == ("Bob", True)
    assert answer["person"]["permissions"] == ["acknowledge alerts", "arm and disarm", "operate"]
    assert [entry["action"] for entry in answer["log"]] == ["enrolled", "exported"]
    assert len(answer["templates"]) == 4
    first = answer["templates"][0]
    template = TemplateCipher(KEY_BYTES).open(
        base64.b64decode(first["encrypted"]),
        record_id=first["id"],
        person_id=answer["person"]["id"],
        model_id=first["model"],
    )
    np.testing.assert_array_equal(template, templates_of(2)[0])


# A disk that is full, for real: the kernel refuses to let the files grow.

_ENROL_ON_FULL_DISK = """
import resource, sys
import numpy as np
from pathlib import Path
from edgeai_core.access.gallery import Gallery
from edgeai_core.access.keys import default_key_source
from edgeai_core.access.people import Role
from edgeai_core.errors import GalleryError
path = Path(sys.argv[1])
with Gallery.open(path, key_source=default_key_source(path, environ={})) as gallery:
    largest = max(file.stat().st_size for file in path.parent.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 5000, resource.RLIM_INFINITY))
    try:
        gallery.add_person("Bob", np.ones((200, 128), np.float32), model_id="m",
                           role=Role.MEMBER, authorised=True)
    except GalleryError as exc:
        print(exc)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print([person.name for person in gallery.people()], gallery.verify().problems)
"""


def test_enrolment_on_a_full_disk_changes_nothing(path: Path) -> None:
    with with_key_file(path) as gallery:
        enrol(gallery, "Ada")
    done = subprocess.run(
        [sys.executable, "-c", _ENROL_ON_FULL_DISK, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    error, after = done.stdout.splitlines()
    assert "nothing was changed; check free space" in error
    assert after == "['Ada'] ()"
    with with_key_file(path) as gallery:
        assert [person.name for person in gallery.people()] == ["Ada"]
        enrol(gallery, "Bob", 2)
        assert gallery.verify().problems == ()
