"""`edgeai test-bag` around the looking: what it asks for, what it says, what its exit code is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from edgeai_bringup import bag_run, cli, regression
from edgeai_bringup.bag_run import Seen
from edgeai_bringup.graph import plan
from edgeai_bringup.locations import config_directory
from edgeai_core.regression.happenings import Happening, Kind, Moment
from edgeai_core.types import Frame
from edgeai_ros_common.bags.definitions import installed_definitions
from edgeai_ros_common.bags.pictures import write_pictures

S = 1_000_000_000
CAR = Happening(kind=Kind.OBJECT, label="car", moments=(Moment(at_s=0.5, score=0.75),))
EXPECTED = "events: [{kind: object, label: car, at_s: 0.5}]\n"
MISSING = "events: [{kind: object, label: bus, at_s: 0.5, box: [1, 1, 5, 5]}]\n"


@pytest.fixture
def bag(tmp_path) -> Path:
    frames = [
        Frame(image=np.full((8, 10, 3), 50 * number, np.uint8), stamp_ns=number * S // 2)
        for number in range(3)
    ]
    write_pictures(
        tmp_path / "bag", frames, topic="/camera/image_raw", definitions=installed_definitions()
    )
    return tmp_path / "bag"


@pytest.fixture
def look(monkeypatch):
    """Let the analyzers see one car; return the digests of each look, to be changed."""
    digests: list[dict[str, str]] = [{"objects": "a"}]
    asked: list[dict] = []

    def look_at(arguments, *, profile, settings, stop) -> regression.Look:
        asked.append({"profile": profile, "settings": settings})
        seen = Seen(
            answers=(),
            stamps_ns=(0, S // 2, S),
            digests={},
            counts={"objects": 3},
            took_s=0.25,
        )
        number = min(len(asked), len(digests)) - 1
        return regression.Look(seen=seen, happenings=(CAR,), digests=digests[number])

    monkeypatch.setattr(regression, "look_at", look_at)
    monkeypatch.setattr(regression, "StopSignal", lambda: SimpleNamespace(requested=False))
    return SimpleNamespace(digests=digests, asked=asked)


def run(*arguments: object) -> int:
    return cli.main(["test-bag", *(str(argument) for argument in arguments)])


def test_a_recording_as_expected_is_told_so(bag, look, tmp_path, capsys):
    (tmp_path / "expected.yaml").write_text("profile: city\nsettings: [a.b=1]\n" + EXPECTED)
    code = run(bag, "--expect", tmp_path / "expected.yaml", "--set", "c.d=2")
    assert code == 0
    assert look.asked == [{"profile": "city", "settings": ("a.b=1", "c.d=2")}]
    said = capsys.readouterr().out
    assert "3 pictures over 1.0 s, 3 messages, 1 happenings; took 0.2 s, 4.0 times real" in said
    assert "all 1 expectations are met" in said


def test_a_difference_is_told_drawn_and_in_the_exit_code(bag, look, tmp_path, capsys):
    (tmp_path / "expected.yaml").write_text(MISSING)
    picture = tmp_path / "diff.png"
    assert run(bag, "--expect", tmp_path / "expected.yaml", "--picture", picture) == 1
    said = capsys.readouterr().out
    assert "MISS  object bus at 0.50 ± 0.50 s, box 1 1 5 5  no object bus was seen at all" in said
    assert "not asked for: 1\n      object car at 0.50 s, score up to 0.75" in said
    drawn = cv2.imread(str(picture))
    # The timeline of two rows and, below it, the second frame: 50 grey, 340 px wide.
    assert drawn.shape == (56 + 3 * 30 + 272 + 40 + 10, 1080, 3)
    assert (drawn[56 + 3 * 30 + 250, 300] == 50).all()


def test_looks_that_differ_fail_whatever_was_expected(bag, look, tmp_path, capsys):
    (tmp_path / "expected.yaml").write_text(EXPECTED)
    look.digests.append({"objects": "b", "faces": "c"})
    assert run(bag, "--expect", tmp_path / "expected.yaml", "--repeat", 2) == 1
    assert capsys.readouterr().err == "look 2 differs from look 1: faces, objects\n"
    look.digests[:] = [{"objects": "a"}]
    look.asked.clear()
    assert run(bag, "--expect", tmp_path / "expected.yaml", "--repeat", 3) == 0
    assert len(look.asked) == 3
    assert "3 looks gave the same messages, bit for bit" in capsys.readouterr().out


def test_expectations_are_made_of_what_is_seen_and_never_written_over(bag, look, tmp_path, capsys):
    made, report = tmp_path / "made.yaml", tmp_path / "seen.json"
    assert run(bag, "--write", made, "--json", report, "--profile", "city") == 0
    assert "profile: city" in made.read_text()
    assert json.loads(report.read_text())["messages"] == {"objects": 3}
    assert run(bag, "--write", made) == 2
    assert "it exists; nothing is overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "expected --expect FILE; --write FILE makes one of what is seen"),
        (["--write", "x", "--picture", "y"], "--picture compares: give --expect too"),
        (["--write", "x", "--repeat", "0"], "got --repeat 0 --rate 0, expected from 1 and from 0"),
        (["--write", "x", "--gallery", "none"], "--gallery none: no such file"),
        (["--expect", "e.yaml"], "expectations e.yaml: cannot be read"),
        (["--expect", "car.yaml", "--only", "fire_detector"], "nobody looks for what is expected"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_starts(
    bag, look, tmp_path, monkeypatch, capsys, arguments, sentence
):
    monkeypatch.chdir(tmp_path)
    Path("car.yaml").write_text(EXPECTED)
    assert run(bag, *arguments) == 2
    assert sentence in capsys.readouterr().err
    assert look.asked == []


def test_a_bag_that_is_none_is_told(tmp_path, look, capsys):
    assert run(tmp_path / "none", "--write", tmp_path / "x") == 2
    assert "there is no such folder; check the name" in capsys.readouterr().err


def test_an_analyzer_that_is_none_is_told():
    plans = plan("home", config_directory=config_directory(), own_camera=False)
    with pytest.raises(regression.ConfigError, match="no analyzer 'fire'; one of face_authentic"):
        regression._chosen(plans, ["fire"], runtime="openvino")
    [chosen] = regression._chosen(plans, ["fire_detector"], runtime="openvino")
    assert chosen.overrides == {"inference.runtime": "openvino", "inference.lock_step": True}


def test_all_analyzers_look_and_nothing_else_does():
    plans = plan(
        "city",
        config_directory=config_directory(),
        overrides={"object_detector": {"inference.runtime": "onnxruntime"}},
        own_camera=False,
    )
    chosen = bag_run.analyzers_among(plans, runtime="openvino")
    assert [p.entry.name for p in chosen] == [
        "face_authenticator",
        "object_detector",
        "fire_detector",
        "action_recognizer",
    ]
    assert [p.overrides["inference.runtime"] for p in chosen] == [
        "openvino",
        "onnxruntime",
        "openvino",
        "openvino",
    ]


def test_it_is_alone_with_a_data_directory_of_its_own(monkeypatch):
    monkeypatch.setenv("EDGEAI_DATA_DIR", "/of/the/user")
    monkeypatch.setenv("ROS_DOMAIN_ID", "3")
    monkeypatch.delenv("ROS_AUTOMATIC_DISCOVERY_RANGE", raising=False)
    with bag_run.alone() as folder:
        assert os.environ["EDGEAI_DATA_DIR"] == str(folder)
        assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
        assert list(folder.iterdir()) == []
    assert not folder.exists()
    assert (os.environ["EDGEAI_DATA_DIR"], os.environ["ROS_DOMAIN_ID"]) == ("/of/the/user", "3")
    assert "ROS_AUTOMATIC_DISCOVERY_RANGE" not in os.environ
