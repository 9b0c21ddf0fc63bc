"""Who may unlock: the commands on a gallery of their own, with fake models."""

from __future__ import annotations

import json

import pytest

from edgeai_bringup import cli


@pytest.fixture
def people(tmp_path, monkeypatch, fake_models):
    monkeypatch.delenv("EDGEAI_GALLERY_KEY", raising=False)
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
    assert answer == {
        "name": "Ada",
        "role": "owner",
        "authorised": True,
        "accepted": 5,
        "rejected": [],
    }
    assert "enrolled Ada from 5 pictures, 0 refused" in capsys.readouterr().out
    assert people("list") == (0, [{"name": "Ada", "role": "owner", "authorised": True}])
    assert people("revoke", "Ada")[1]["authorised"] is False
    assert people("authorize", "ada")[1]["authorised"] is True
    assert people("forget", "Ada") == (0, {"name": "Ada", "forgotten": True})
    assert people("list") == (0, [])
    assert "nobody is enrolled" in capsys.readouterr().out


def test_somebody_can_be_known_without_being_allowed(people, pictures):
    assert people("add", "Bob", "--from", str(pictures(4)), "--unauthorised")[1] == {
        "name": "Bob",
        "role": "member",
        "authorised": False,
        "accepted": 5,
        "rejected": [],
    }


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
