"""Who may unlock: the commands on a gallery of their own, with fake models."""

from __future__ import annotations

import base64
import json
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from edgeai_alerts.channels.log import LogChannel
from edgeai_alerts.config import LogFileConfig, StoreConfig
from edgeai_alerts.evidence.config import LimitsConfig
from edgeai_alerts.evidence.shelf import EVIDENCE_FOLDER, EvidenceShelf
from edgeai_alerts.evidence.table import EvidenceKind
from edgeai_alerts.store import EventStore
from edgeai_bringup import cli
from edgeai_bringup.enrolment import refused_summary
from edgeai_bringup.people_parser import ROLES
from edgeai_bringup.recognise import shows_motion
from edgeai_core.access.gallery import Gallery
from edgeai_core.access.keys import default_key_source
from edgeai_core.access.people import Role
from edgeai_core.types import Alert, AlertEvent, Severity


def open_store(folder: Path) -> EventStore:
    config = StoreConfig()
    return EventStore(folder / config.path, config, wall_clock_ns=time.time_ns, report=print)


@pytest.fixture
def people(tmp_path, monkeypatch, fake_models):
    monkeypatch.delenv("EDGEAI_GALLERY_KEY", raising=False)
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path / "data"))
    gallery = tmp_path / "data" / "gallery.sqlite3"

    def run(*arguments: str):
        answer = tmp_path / "answer.json"
        answer.unlink(missing_ok=True)
        code = cli.main(["people", *arguments, "--gallery", str(gallery), "--json", str(answer)])
        return code, json.loads(answer.read_text()) if answer.exists() else None

    return run


def test_a_person_is_enrolled_listed_revoked_authorised_and_forgotten(people, pictures, capsys):
    code, answer = people("add", "Ada", "--from", str(pictures(3)), "--role", "owner")
    assert code == 0
    ada = {
        "name": "Ada",
        "role": "owner",
        "authorised": True,
        "valid_from_ns": None,
        "valid_until_ns": None,
        "may_now": ["acknowledge alerts", "arm and disarm", "enrol people", "operate"],
    }
    assert answer == {**ada, "accepted": 5, "rejected": []}
    assert "enrolled Ada from 5 pictures, 0 refused" in capsys.readouterr().out
    assert people("list") == (0, [ada])
    assert people("revoke", "Ada")[1]["may_now"] == []
    assert people("authorize", "ada")[1]["authorised"] is True
    assert people("forget", "Ada")[1]["forgotten"] is True
    assert people("list") == (0, [])
    assert "nobody is enrolled" in capsys.readouterr().out


def test_somebody_can_be_known_without_being_allowed(people, pictures, capsys):
    answer = people("add", "Bob", "--from", str(pictures(4)), "--unauthorised")[1]
    assert (answer["role"], answer["authorised"], answer["may_now"]) == ("member", False, [])
    people("list")
    assert "may not unlock: enrolled but not authorised" in capsys.readouterr().out


def test_name_role_and_dates_change_and_the_log_tells_it(people, pictures, capsys):
    people("add", "Ada", "--from", str(pictures(3)), "--valid-until", "2030-01-31")
    assert people("rename", "Ada", "Ada Lovelace")[1]["name"] == "Ada Lovelace"
    assert people("role", "Ada Lovelace", "guest")[1]["may_now"] == []
    answer = people(
        "validity",
        "Ada Lovelace",
        "--valid-from",
        "2029-12-31T08:00",
        "--valid-until",
        "2029-12-31",
    )[1]
    assert answer["valid_until_ns"] - answer["valid_from_ns"] == 16 * 3600 * 10**9
    assert people("validity", "Ada Lovelace")[1]["valid_until_ns"] is None
    capsys.readouterr()
    log = people("audit")[1]
    assert [entry["action"] for entry in log] == [
        "enrolled",
        "renamed",
        "role changed",
        "validity changed",
        "validity changed",
    ]
    assert {entry["name"] for entry in log} == {"Ada Lovelace"}
    assert "role changed       Ada Lovelace guest" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["tomorrow", "2030-13-01", "0001-01-01"])
def test_a_date_that_is_none_is_a_usage_error(people, pictures, text, capsys):
    with pytest.raises(SystemExit) as stopped:
        people("validity", "Ada", "--valid-until", text)
    assert stopped.value.code == 2
    assert text in capsys.readouterr().err


def test_roles_of_the_command_are_those_of_the_gallery():
    assert set(ROLES) == {role.value for role in Role}


def test_contact_sheet_is_written_only_when_asked_and_is_private(people, pictures, tmp_path):
    folder = pictures(3)
    before = set(tmp_path.rglob("*.png"))
    people("add", "Ada", "--from", str(folder))
    assert set(tmp_path.rglob("*.png")) == before
    people("forget", "Ada")
    sheet = tmp_path / "sheet.png"
    assert people("add", "Ada", "--from", str(folder), "--sheet", str(sheet))[0] == 0
    assert cv2.imread(str(sheet)).shape == (112, 560, 3)
    assert sheet.stat().st_mode & 0o777 == 0o600
    people("forget", "Ada")
    assert people("add", "Ada", "--from", str(folder), "--sheet", str(sheet))[0] == 2
    assert people("list") == (0, [])


def test_refused_frames_are_told_by_reason():
    rejected = [{"index": n, "reason": "no face", "detail": "0 faces"} for n in (1, 2, 3, 7)]
    rejected.append({"index": 5, "reason": "too small", "detail": "31 px"})
    assert refused_summary(rejected) == [
        "4 no face (frames 1-3, 7, first: 0 faces)",
        "1 too small (frames 5, first: 31 px)",
    ]


def test_forgetting_reaches_the_alerts_and_says_what_was_searched(
    people, pictures, tmp_path, capsys
):
    people("add", "Bartholomew", "--from", str(pictures(3)))
    path = tmp_path / "data" / "gallery.sqlite3"
    with Gallery.open(path, key_source=default_key_source(path)) as gallery:
        person = gallery.find("Bartholomew")
    event = AlertEvent(
        category="access_granted",
        severity=Severity.INFO,
        title="access granted to Bartholomew",
        reason="Bartholomew is recognised and authorised",
        source="/supervisor",
        subject=f"{person.person_id} 07",
    )
    alerts = [
        Alert(alert_id="a" * 32, event=event, raised_ns=1),
        Alert(
            alert_id="b" * 32, event=replace(event, subject="x", title="t", reason="r"), raised_ns=1
        ),
    ]
    folder = tmp_path / "data"
    log = LogChannel(folder / "alerts.jsonl", LogFileConfig(), wall_clock_ns=lambda: 1)
    with open_store(folder) as store:
        for alert in alerts:
            store.save(alert)
            log.send(alert)
        store.acknowledge("b" * 32, by="Bartholomew", now_ns=1)
        shelf = EvidenceShelf(
            folder / EVIDENCE_FOLDER,
            store.evidence,
            LimitsConfig(min_free_bytes=0),
            wall_clock_ns=lambda: 1,
        )
        shelf.keep("a" * 32, EvidenceKind.SNAPSHOT, b"of the alert about the person")
        shelf.keep("b" * 32, EvidenceKind.CLIP, b"passes by", people=(person.person_id,))
        shelf.keep("b" * 32, EvidenceKind.SNAPSHOT, b"somebody else", people=("p2",))
    code, answer = people("forget", "Bartholomew")
    assert (code, answer["alerts"], answer["evidence"]) == (0, 3, 2)
    assert "2 snapshots and clips that showed the person are deleted" in capsys.readouterr().out
    names = {Path(file).name for file in answer["searched"]}
    assert {"gallery.sqlite3", "alerts.db", "alerts.jsonl"} <= names
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert [file.name for file in files if file.parent.name == EVIDENCE_FOLDER] == [
        f"{'b' * 32}.snapshot.jpg"
    ]
    for file in files:
        assert b"Bartholomew" not in file.read_bytes()
        assert person.person_id.encode() not in file.read_bytes()
    with open_store(folder) as store:
        kept = {entry.alert.alert_id[0]: entry for entry in store.alerts()}
    assert kept["a"].alert.event.title == "a forgotten person"
    assert kept["a"].alert.event.subject == "forgotten 07"
    assert kept["b"].acknowledged_by == "a forgotten person"
    assert kept["b"].alert.event.title == "t"


def test_a_file_that_still_names_the_person_is_told(people, pictures, tmp_path, capsys):
    people("add", "Bartholomew", "--from", str(pictures(3)))
    note = tmp_path / "data" / "cache" / "note.txt"
    note.parent.mkdir()
    note.write_text("seen: Bartholomew")
    assert people("forget", "Bartholomew") == (2, None)
    assert f"still stands in {note}" in capsys.readouterr().err


def test_backup_key_rotation_restore_export_and_verification(people, pictures, tmp_path, capsys):
    people("add", "Ada", "--from", str(pictures(3)))
    copy, export = tmp_path / "copy.sqlite3", tmp_path / "ada.json"
    assert people("export", "Ada", str(export))[0] == 0
    assert export.stat().st_mode & 0o777 == 0o600
    assert "cannot be read without that key" in json.loads(export.read_text())["contents"]
    assert people("export", "Ada", str(export))[0] == 2
    assert people("rotate-key") == (0, {"templates": 5})
    assert people("backup", str(copy)) == (0, {"file": str(copy), "people": 1, "templates": 5})
    people("forget", "Ada")
    code, answer = people("restore", str(copy))
    assert (code, answer["people"], answer["problems"]) == (0, 1, [])
    assert Path(answer["kept"]).is_file()
    assert people("list")[1][0]["name"] == "Ada"
    code, answer = people("verify")
    assert (code, answer["templates"], answer["problems"]) == (0, 5, [])
    connection = sqlite3.connect(tmp_path / "data" / "gallery.sqlite3")
    connection.execute("UPDATE persons SET role = 'owner'")
    connection.commit()
    connection.close()
    code, answer = people("verify")
    assert code == 1
    assert "was changed by something else" in answer["problems"][0]
    assert people("list") == (2, None)
    assert "access stays closed" in capsys.readouterr().err


def test_wrong_key_and_another_model_are_told_with_what_to_do(
    people, pictures, fake_models, tmp_path, capsys
):
    people("add", "Ada", "--from", str(pictures(3)))
    fake_models.model_id = "newer"
    assert people("add", "Bob", "--from", str(pictures(4)))[0] == 2
    assert "forget and enrol everybody again" in capsys.readouterr().err
    (tmp_path / "data" / "gallery.key").write_text(base64.b64encode(bytes(32)).decode())
    assert people("list") == (2, None)
    assert "made with another key" in capsys.readouterr().err


def test_camera_that_is_not_there_is_one_sentence(people, monkeypatch, capsys):
    monkeypatch.setattr("edgeai_bringup.enrolment.first_camera", lambda: None)
    assert people("add", "Ada", "--from", "camera") == (2, None)
    assert "no USB camera was found" in capsys.readouterr().err


# Recognition of files.


@pytest.fixture
def recognise(tmp_path, people):
    def run(*arguments: str):
        answer = tmp_path / "seen.json"
        gallery = tmp_path / "data" / "gallery.sqlite3"
        code = cli.main(["recognise", *arguments, "--gallery", str(gallery), "--json", str(answer)])
        return code, json.loads(answer.read_text()) if code == 0 else None

    return run


def test_faces_of_a_folder_are_named_as_text_and_as_pictures(
    people, pictures, recognise, tmp_path, capsys
):
    folder = pictures(3, count=6)
    people("add", "Ada", "--from", str(folder))
    capsys.readouterr()
    one, every = tmp_path / "one.png", tmp_path / "every"
    code, answer = recognise(str(folder), "--picture", str(one))
    assert (code, answer["people"]) == (0, {"Ada": 6})
    first, last = answer["pictures"][0]["faces"][0], answer["pictures"][-1]["faces"][0]
    assert first["box"] == [100.0, 100.0, 300.0, 300.0]
    assert [first["authorised"], last["authorised"]] == [False, True]
    assert cv2.imread(str(one)).shape == (480, 640, 3)
    out = capsys.readouterr().out
    assert "Ada: authorised" in out
    assert "6 pictures: Ada in 6" in out
    assert recognise(str(folder), "--picture", str(every))[0] == 0
    assert len(list(every.iterdir())) == 6


def test_strangers_and_a_missing_gallery_name_nobody(pictures, recognise, capsys):
    code, answer = recognise(str(pictures(3)))
    assert (code, answer["people"]) == (0, {})
    out = capsys.readouterr().out
    assert "every face is unknown" in out
    assert "nobody was recognised" in out


def test_only_clips_and_cameras_can_show_who_is_living(tmp_path):
    (tmp_path / "stills").mkdir()
    (tmp_path / "stills" / "a.PNG").touch()
    assert not shows_motion(str(tmp_path / "stills"))
    assert not shows_motion(str(tmp_path / "stills" / "a.PNG"))
    (tmp_path / "stills" / "b.mp4").touch()
    assert shows_motion(str(tmp_path / "stills"))
    assert shows_motion("/dev/video0")
    assert shows_motion("rtsp://camera.example/stream")


def test_a_picture_of_another_kind_is_refused(pictures, recognise, capsys):
    assert recognise(str(pictures(3)), "--picture", "out.mp4")[0] == 2
    assert "or a folder" in capsys.readouterr().err
    assert recognise("/nowhere/clip.mp4")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["forget", "Eve"], "nobody named 'Eve' is enrolled"),
        (["revoke", "Eve"], "nobody named 'Eve' is enrolled"),
    ],
    ids=str,
)
def test_nobody_of_that_name_is_one_sentence(people, pictures, capsys, arguments, sentence):
    people("add", "Ada", "--from", str(pictures(3)))
    capsys.readouterr()
    assert people(*arguments) == (2, None)
    assert sentence in capsys.readouterr().err


def test_the_same_face_under_another_name_is_refused(people, pictures, tmp_path, capsys):
    folder = str(pictures(3))
    people("add", "Ada", "--from", folder)
    assert people("add", "Eve", "--from", folder) == (2, None)
    assert "already enrolled as Ada" in capsys.readouterr().err
    assert [person["name"] for person in people("list")[1]] == ["Ada"]


def test_too_few_pictures_enrol_nobody(people, pictures, capsys):
    assert people("add", "Ada", "--from", str(pictures(3, count=2)))[0] == 2
    assert people("list") == (0, [])


def test_without_a_gallery_there_is_nothing_to_list(people, capsys):
    assert people("list") == (2, None)
    assert capsys.readouterr().err.startswith("edgeai people: ")


def test_material_that_is_not_there_is_one_sentence(people, tmp_path, capsys):
    assert people("add", "Ada", "--from", str(tmp_path / "gone"))[0] == 2
    assert "gone" in capsys.readouterr().err
