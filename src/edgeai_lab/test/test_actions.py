"""Actions over folders of clips, with a detector and joints that follow a script, and gaits."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from edgeai_core.action_events import Action
from edgeai_core.analyzers.actions.gait_model import CLASSES
from edgeai_core.analyzers.actions.testing import LYING, UPRIGHT, StickPoses, between
from edgeai_core.errors import DataError, SourceError
from edgeai_core.types import Detection
from edgeai_lab.actions import commands, evaluation
from edgeai_lab.actions.evaluation import (
    Chain,
    clips_below,
    count_folders,
    evaluate_folder,
    frames_of,
    write_events,
)
from edgeai_lab.actions.gait_fit import draw, fit, measure
from edgeai_lab.actions.gait_simulator import SPEEDS, Part, simulate


def write_clip(path: Path, *, grey: int, frames: int, fps: float = 10.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (64, 48))
    for _ in range(frames):
        writer.write(np.full((48, 64, 3), grey, np.uint8))
    writer.release()


class ScriptedChain:
    """Somebody who stands, and falls after 2 s in bright clips."""

    def __init__(self) -> None:
        self.poses = StickPoses()
        self.count = 0

    def detect(self, image):
        self.count += 1
        share = min(1.0, max(0.0, (self.count - 20) / 6)) if image.mean() > 128 else 0.0
        shown = between(UPRIGHT, LYING, share)
        self.poses.now = shown.pose
        return [Detection(label="person", score=0.9, box=shown.box)]

    def chain(self) -> Chain:
        return Chain(detector=self, poses=self.poses)


def evaluated(root: Path):
    # The picture is too small for the script's boxes, which is nobody's business here.
    results = []
    for folder, path in clips_below(root):
        script = ScriptedChain()
        results.append(evaluation.evaluate_clip(path, script.chain(), folder=folder))
    return results


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    write_clip(tmp_path / "clips" / "falls" / "a.avi", grey=200, frames=40)
    write_clip(tmp_path / "clips" / "falls" / "b.avi", grey=20, frames=40)
    write_clip(tmp_path / "clips" / "quiet" / "c.avi", grey=20, frames=20)
    return tmp_path / "clips"


def test_clips_are_counted_by_class_folder_and_action(clips: Path) -> None:
    counts = count_folders(evaluated(clips))
    assert counts["falls"]["n"] == 2
    assert counts["falls"]["fall"] == 1
    assert counts["quiet"]["n"] == 1
    assert counts["quiet"]["fall"] == 0
    assert set(counts["quiet"]) == {"n", *(action.value for action in Action)}


def test_every_event_has_a_row(clips: Path, tmp_path: Path) -> None:
    results = evaluated(clips)
    write_events(tmp_path / "events.csv", results)
    with (tmp_path / "events.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(result.events) for result in results)
    [fall] = [row for row in rows if row["action"] == "fall"]
    assert (fall["folder"], fall["clip"], fall["track_ids"], fall["end_s"]) == (
        "falls",
        "a.avi",
        "1",
        "",
    )
    assert 2.4 <= float(fall["decided_s"]) <= 3.3


def test_the_command_writes_the_counts_and_the_table(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import nullcontext

    monkeypatch.setattr(evaluation, "opened_chain", lambda: nullcontext(ScriptedChain().chain()))
    out = tmp_path / "new" / "out.json"
    assert commands.evaluate_actions(SimpleNamespace(clips=clips, json=out)) == 0
    content = json.loads(out.read_text())
    assert content["folders"]["falls"]["n"] == 2
    assert content["events_csv"] == str(out.with_suffix(".csv"))
    assert Path(content["events_csv"]).is_file()


def test_clips_in_the_root_take_its_name(tmp_path: Path) -> None:
    write_clip(tmp_path / "street" / "a.avi", grey=0, frames=3)
    assert clips_below(tmp_path / "street") == [("street", tmp_path / "street" / "a.avi")]


@pytest.mark.parametrize("name", ["none", "empty"])
def test_a_folder_without_clips_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="clip"):
        clips_below(tmp_path / name)


def test_a_clip_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"text")
    with pytest.raises(SourceError):
        evaluate_folder(tmp_path, ScriptedChain().chain())


@pytest.mark.parametrize(("fps", "expected"), [(30.0, 10), (10.0, 30), (5.0, 30)])
def test_frames_come_at_most_ten_times_a_second(tmp_path: Path, fps: float, expected: int) -> None:
    write_clip(tmp_path / "a.avi", grey=9, frames=30, fps=fps)
    stamps = [stamp_ns for stamp_ns, _ in frames_of(tmp_path / "a.avi")]
    assert len(stamps) == expected
    assert stamps[1] - stamps[0] == pytest.approx(1e9 / min(fps, 10.0), abs=1)


@pytest.mark.parametrize("action", CLASSES)
def test_the_same_seed_simulates_the_same_person(action: Action) -> None:
    first, second = (simulate(np.random.default_rng(5), action, Part.FIT) for _ in range(2))
    low, high = SPEEDS[action]
    assert low <= first.speed <= high
    assert first.speed == second.speed
    assert [sight.box for sight in first.sights] == [sight.box for sight in second.sights]


def test_both_parts_draw_other_speeds() -> None:
    low, high = SPEEDS[Action.RUN]
    slices = {
        part: {
            int((walk.speed - low) / (high - low) * 8)
            for walk in (
                simulate(np.random.default_rng(seed), Action.RUN, part) for seed in range(40)
            )
        }
        for part in Part
    }
    assert not slices[Part.FIT] & slices[Part.HELD_OUT]


def test_the_shipped_tables_tell_gaits_of_unseen_cameras_and_speeds() -> None:
    score = measure(draw(60, Part.HELD_OUT, seed=7))
    assert score.accuracy >= 0.88
    assert score.missed <= 2


def test_a_fit_tells_gaits_as_the_shipped_tables_do() -> None:
    box_table, leg_table = fit(draw(80, Part.FIT, seed=3))
    held_out = draw(40, Part.HELD_OUT, seed=4)
    assert measure(held_out, box_table, leg_table).accuracy >= 0.85
