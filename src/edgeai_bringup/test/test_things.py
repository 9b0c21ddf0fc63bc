from __future__ import annotations

import json

import pytest

from edgeai_bringup import cli
from edgeai_core.analyzers.objects.taught_file import TaughtCard, TaughtThing
from edgeai_core.analyzers.objects.taught_store import ThingStore
from edgeai_core.analyzers.objects.testing import closer_saying


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEAI_DATA_DIR", str(tmp_path))
    return tmp_path / "things"


def teach(folder, name: str) -> None:
    card = TaughtCard(
        name=name,
        taught_at_ns=1_700_000_000_000_000_000,
        trunk_sha256="ab",
        levels=3,
        cutouts=40,
        source="still camera",
        figures={"validation_ap50": 0.93},
    )
    ThingStore(folder).save(TaughtThing(card=card, levels=(), closer=closer_saying()))


def test_nothing_taught_is_said_with_what_to_do(folder, capsys):
    assert cli.main(["objects", "list"]) == 0
    assert "./edgeai objects teach NAME --from CLIP" in capsys.readouterr().out


def test_what_is_taught_is_listed_with_its_figures(folder, tmp_path, capsys):
    teach(folder, "my keys")
    assert cli.main(["objects", "list", "--json", str(tmp_path / "out.json")]) == 0
    told = capsys.readouterr().out
    assert told.startswith("my keys")
    assert "from 40 cut-outs (still camera), AP50 0.93" in told
    (thing,) = json.loads((tmp_path / "out.json").read_text())["things"]
    assert (thing["name"], thing["cutouts"], thing["trunk_sha256"]) == ("my keys", 40, "ab")


def test_a_damaged_thing_is_told_and_makes_the_command_fail(folder, capsys):
    teach(folder, "my keys")
    (folder / "odd.thing").write_bytes(b"nothing")
    assert cli.main(["objects", "list"]) == 1
    told = capsys.readouterr().out
    assert "odd.thing cannot be read" in told
    assert "my keys" in told


def test_a_forgotten_thing_is_gone_with_its_pictures(folder, capsys):
    teach(folder, "my keys")
    assert cli.main(["objects", "forget", "My Keys"]) == 0
    assert list(folder.iterdir()) == []
    assert "0 sightings" in capsys.readouterr().out


def test_forgetting_what_was_never_taught_names_what_there_is(folder, capsys):
    teach(folder, "my keys")
    assert cli.main(["objects", "forget", "purse"]) == 2
    assert "no thing named 'purse' was taught; there are: my keys" in capsys.readouterr().err


def test_only_teaching_needs_the_training_packages():
    assert cli.needs_lab(["objects", "teach", "keys", "--again"])
    assert not cli.needs_lab(["objects", "list"])
    assert not cli.needs_lab(["objects", "forget", "keys"])


def test_teaching_needs_one_kind_of_material(capsys):
    for argv in (["keys"], ["keys", "--again", "--from", "clip.mp4"]):
        with pytest.raises(SystemExit):
            cli.build_parser().parse_args(["objects", "teach", *argv])
    assert "--again" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["640", "0x480", "640x99999", "ax480"])
def test_sizes_that_are_none_are_refused(size, capsys):
    line = ["lab", "data", "compose", "--cutouts", "a", "--backgrounds", "b", "--out", "c"]
    with pytest.raises(SystemExit):
        cli.build_parser().parse_args([*line, "--size", size])
    assert "640x480" in capsys.readouterr().err
