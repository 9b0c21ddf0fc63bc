"""From an alert to its snapshot and its clip: the right pictures, nobody's face, nothing unbounded.

The pictures tell their number by their brightness, so that a decoded clip says which they are.
"""

from __future__ import annotations

import io
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeai_alerts.config import StoreConfig
from edgeai_alerts.evidence import desk as desk_module
from edgeai_alerts.evidence.capture import FrameCompressor
from edgeai_alerts.evidence.clip import encode_clip
from edgeai_alerts.evidence.config import EvidenceConfig
from edgeai_alerts.evidence.desk import EvidenceDesk
from edgeai_alerts.evidence.memory import CameraMemory
from edgeai_alerts.evidence.pictures import PictureMaker
from edgeai_alerts.evidence.shelf import EvidenceShelf
from edgeai_alerts.store import EventStore
from edgeai_core.config import build
from edgeai_core.errors import EvidenceError
from edgeai_core.geometry import Box
from edgeai_core.privacy.masks import masks_of
from edgeai_core.types import (
    Alert,
    AlertEvent,
    DetectedFace,
    Detection,
    FaceMatch,
    Frame,
    HazardReport,
    HazardState,
    Severity,
)

av = pytest.importorskip("av", reason="PyAV is not there: clips cannot be made or looked at")

S = 1_000_000_000
WIDTH_PX, HEIGHT_PX = 128, 96
STEP = 4  # brightness from one picture to the next
MASK = "window: 0.5,0.0 1.0,0.0 1.0,1.0 0.5,1.0"


def shade(number: int) -> int:
    return 40 + STEP * number


class OneFace:
    """Finds the same face in every picture."""

    def __init__(self, *boxes: Box) -> None:
        self.boxes = boxes
        self.closed = False

    def detect(self, image: np.ndarray) -> list[DetectedFace]:
        points = np.zeros((6, 2), np.float32)
        return [DetectedFace(box=box, score=0.9, landmarks_xy_px=points) for box in self.boxes]

    def close(self) -> None:
        self.closed = True


class Studio:
    """A desk with a camera called hall, whose clocks and pictures the test moves."""

    def __init__(self, folder: Path, *, finder: OneFace | None = None, **values: object) -> None:
        self.config = build(EvidenceConfig, {"clip.before_s": 2.0, "clip.after_s": 2.0, **values})
        self.now_s = 100.0
        self.free_bytes = 10_000_000_000
        self.kept: list[tuple[str, tuple[str, ...]]] = []
        self.said: list[str] = []
        self.folder = folder / "evidence"
        self.store = EventStore(
            folder / "alerts.db", StoreConfig(), wall_clock_ns=lambda: 1, report=pytest.fail
        )
        mask = masks_of(self.config.privacy.masks, cameras=["hall"])["hall"]
        self.memory = CameraMemory.of(
            length_s=14.0, max_bytes=self.config.ring.max_bytes, mask=mask
        )
        self.compressor = FrameCompressor(mask, max_width_px=1280, jpeg_quality=95)
        self.maker = PictureMaker(finder, jpeg_quality=95)
        self.desk = EvidenceDesk(
            self.config,
            cameras={"hall": self.memory},
            maker=self.maker,
            shelf=EvidenceShelf(
                self.folder,
                self.store.evidence,
                self.config.limits,
                wall_clock_ns=lambda: 1,
                free_bytes=lambda folder: self.free_bytes,
            ),
            clock=lambda: self.now_s,
            on_kept=lambda alert, kinds: self.kept.append((alert.alert_id, kinds)),
            report=self.said.append,
        )

    def film(self, begin: int, end: int, image: np.ndarray | None = None) -> None:
        """Take pictures with these numbers, five a second, number 0 at second 0."""
        for number in range(begin, end):
            plain = np.full((HEIGHT_PX, WIDTH_PX, 3), shade(number), np.uint8)
            stamp_ns = number * S // 5
            frame = Frame(image=plain if image is None else image, stamp_ns=stamp_ns)
            self.memory.ring.add(self.compressor.compressed(frame))

    def snapshot(self, number: int = 1) -> np.ndarray:
        return cv2.imread(str(self.folder / f"{number:032x}.snapshot.jpg"))

    def clip(self, number: int = 1) -> list[tuple[float, np.ndarray]]:
        return decoded((self.folder / f"{number:032x}.clip.webm").read_bytes())

    def files(self) -> list[str]:
        if not self.folder.is_dir():
            return []
        return sorted(f.name.lstrip("0") for f in self.folder.iterdir())


def decoded(data: bytes) -> list[tuple[float, np.ndarray]]:
    with av.open(io.BytesIO(data)) as container:
        return [
            (float(frame.time), frame.to_ndarray(format="bgr24"))
            for frame in container.decode(video=0)
        ]


def alert(number: int = 1, *, at_s: float = 3.0, camera: str = "hall", **values) -> Alert:
    event = AlertEvent(
        category="fire",
        severity=values.pop("severity", Severity.CRITICAL),
        title="fire",
        reason="flames",
        source="fire_detector",
        camera=camera,
        stamp_ns=round(at_s * S),
    )
    return Alert(alert_id=f"{number:032x}", event=event, raised_ns=round(at_s * S), **values)


@pytest.fixture
def studio(tmp_path):
    made: list[Studio] = []

    def make(**values: object) -> Studio:
        made.append(Studio(tmp_path, **values))
        return made[-1]

    yield make
    for one in made:
        one.store.close()


def test_the_clip_begins_before_the_alert_and_ends_after_it_with_the_stamps_of_the_frames(studio):
    room = studio()
    room.film(0, 16)
    assert room.desk.take(alert(at_s=3.0))
    room.desk.step()
    assert room.kept == [(f"{1:032x}", ("snapshot",))]
    room.film(16, 25)
    room.desk.step()
    assert room.files() == ["1.snapshot.jpg"]
    room.film(25, 30)
    room.desk.step()
    assert room.kept[1:] == [(f"{1:032x}", ("snapshot", "clip"))]
    clip = room.clip()
    # Seconds 1 to 5, of which the alert's picture is number 15.
    assert [round(at_s, 3) for at_s, _ in clip] == [n / 5 for n in range(21)]
    numbers = [round((image.mean() - 40) / STEP) for _, image in clip]
    assert numbers == list(range(5, 26))
    assert room.desk.health().waiting == 0


def test_the_snapshot_is_the_picture_of_the_alert_s_stamp_however_late_it_is_told(studio):
    room = studio()
    room.film(0, 40)
    room.desk.take(alert(at_s=3.0))
    room.desk.step()
    assert room.snapshot().mean() == pytest.approx(shade(15), abs=1.0)


def test_a_clip_of_a_camera_that_went_silent_is_made_of_what_there_is(studio):
    room = studio()
    room.film(0, 16)
    room.desk.take(alert(at_s=3.0))
    room.desk.step()
    room.now_s += 3.9
    room.desk.step()
    assert room.files() == ["1.snapshot.jpg"]
    room.now_s += 0.2
    room.desk.step()
    assert len(room.clip()) == 11


def test_the_clip_says_when_its_first_picture_was_taken(studio):
    room = studio()
    room.film(0, 30)
    room.desk.take(alert(at_s=3.0))
    room.desk.step()
    with av.open(str(room.folder / f"{1:032x}.clip.webm")) as container:
        assert container.metadata["COMMENT"] == "camera hall, first picture at 1000000000 ns"
        assert container.streams.video[0].codec_context.name == "vp9"


def test_a_clip_has_the_colours_of_the_pictures():
    picture = np.full((48, 64, 3), 120, np.uint8)
    picture[:, 32:] = (30, 60, 200)
    [(_, image)] = decoded(encode_clip([(picture, 0)], bits_per_s=800_000, frames_per_s=5.0))
    assert np.abs(image[24, 8].astype(int) - 120).max() <= 2
    assert np.abs(image[24, 56].astype(int) - (30, 60, 200)).max() <= 3


@pytest.mark.parametrize(
    "other",
    [
        alert(camera="yard"),
        alert(camera=""),
        alert(severity=Severity.INFO),
        alert(at_s=-5.0),
    ],
    ids=["another camera", "no camera", "not severe enough", "long over"],
)
def test_of_some_alerts_nothing_is_kept(studio, other):
    room = studio()
    room.film(0, 30)
    assert not room.desk.take(other)
    room.desk.step()
    assert (room.files(), room.desk.health().lost) == ([], 0)


def test_an_alert_that_is_told_again_gets_no_second_evidence(studio):
    room = studio()
    room.film(0, 30)
    assert room.desk.take(alert())
    room.desk.step()
    assert not room.desk.take(alert(count=5))
    room.desk.step()
    assert len(room.kept) == 2


def test_an_alert_that_gets_severe_later_has_evidence_from_then_on(studio):
    room = studio(min_severity="CRITICAL")
    room.film(0, 30)
    assert not room.desk.take(alert(severity=Severity.WARNING))
    assert room.desk.take(alert(severity=Severity.CRITICAL))


def test_before_the_first_picture_nothing_can_be_kept(studio):
    room = studio()
    assert not room.desk.take(alert())


def test_what_is_masked_is_black_in_the_snapshot_and_in_every_picture_of_the_clip(studio):
    # The face lies over the border of the mask: what is averaged must not reach into it.
    finder = OneFace(Box(40.0, 20.0, 90.0, 70.0))
    room = studio(finder=finder, **{"privacy.masks": [MASK]})
    room.film(0, 30)
    room.desk.take(alert())
    room.desk.step()
    pictures = [room.snapshot(), *(image for _, image in room.clip())]
    assert len(pictures) == 22
    for image in pictures:
        # Codecs ring at the border, by far less than anything can be read from.
        assert image[:, WIDTH_PX // 2 + 8 :].max() <= 8
        assert image[:, : WIDTH_PX // 4].mean() > 30


def chequered() -> np.ndarray:
    rows, columns = np.indices((HEIGHT_PX, WIDTH_PX)) // 4
    return np.repeat((((rows + columns) % 2) * 200 + 20).astype(np.uint8)[..., None], 3, axis=2)


FACE = Box(40.0, 30.0, 72.0, 62.0)
# Whatever is inside of the face's box; outside lies what was blurred with it.
INSIDE = (slice(34, 58), slice(44, 68))


def contrast(image: np.ndarray) -> float:
    return float(image[INSIDE].std())


def known(name: str, box: Box = FACE) -> FaceMatch:
    return FaceMatch(box=box, detection_score=0.9, person_id=name, person_name=name)


def test_an_unknown_face_is_unrecognisable_in_the_snapshot_and_in_every_picture(studio):
    room = studio(finder=OneFace(FACE))
    room.film(0, 30, chequered())
    room.desk.take(alert())
    room.desk.step()
    pictures = [room.snapshot(), *(image for _, image in room.clip())]
    assert max(contrast(image) for image in pictures) < 12
    assert min(image[:16].std() for image in pictures) > 60


def test_whoever_is_enrolled_stays_recognisable(studio):
    room = studio(finder=OneFace(FACE))
    room.film(0, 30, chequered())
    for number in range(30):
        room.memory.sights.faces.add(number * S // 5, (known("Ada"),))
    room.desk.take(alert())
    room.desk.step()
    assert min(contrast(image) for _, image in room.clip()) > 60


def test_who_is_known_in_an_old_result_only_is_hidden(studio):
    room = studio(finder=OneFace(FACE))
    room.film(0, 30, chequered())
    room.memory.sights.faces.add(2 * S, (known("Ada"),))
    room.desk.take(alert())
    room.desk.step()
    assert contrast(room.snapshot()) < 12


def test_a_face_that_only_the_face_node_saw_is_hidden(studio):
    room = studio(finder=OneFace())
    room.film(0, 30, chequered())
    room.memory.sights.faces.add(3 * S, (FaceMatch(box=FACE, detection_score=0.5),))
    room.desk.take(alert())
    room.desk.step()
    # The box and its label are drawn over it.
    assert room.clip()[10][1][INSIDE].std() < 12


def test_a_person_without_a_face_has_the_head_hidden(studio):
    room = studio(finder=OneFace())
    room.film(0, 30, chequered())
    person = Detection(label="person", score=0.9, box=Box(40.0, 4.0, 72.0, 92.0))
    for number in range(30):
        room.memory.sights.objects.add(number * S // 5, (person,))
    room.desk.take(alert())
    room.desk.step()
    for _, image in room.clip():
        assert image[6:20, 44:68].std() < 12
        assert image[40:80, 44:68].std() > 60


def test_where_no_face_is_to_be_hidden_none_is(studio):
    room = studio(finder=None)
    room.film(0, 30, chequered())
    room.desk.take(alert())
    room.desk.step()
    assert min(contrast(image) for _, image in room.clip()) > 60


def test_boxes_are_drawn_where_things_were_seen(studio):
    room = studio()
    room.film(0, 30)
    sights = room.memory.sights
    sights.objects.add(
        3 * S, (Detection(label="knife", score=0.8, box=Box(10.0, 40.0, 50.0, 80.0), track_id=3),)
    )
    flame = Detection(label="flame", score=0.7, box=Box(70.0, 40.0, 110.0, 80.0))
    sights.hazards.add(2 * S, HazardReport(state=HazardState.FIRE, regions=(flame,)))
    room.desk.take(alert())
    room.desk.step()
    coloured = np.ptp(room.snapshot().astype(int), axis=2) > 60
    assert coloured[72, [10, 50, 70, 110]].all()
    assert not coloured[72, [30, 60, 90]].any()
    # A clip shows what was there, without our drawings.
    assert max(np.ptp(image.astype(int), axis=2).max() for _, image in room.clip()) < 20


def test_who_was_recognised_in_a_picture_is_noted_with_it_for_the_day_of_forgetting(studio):
    room = studio()
    room.film(0, 30)
    room.memory.sights.faces.add(round(1.5 * S), (known("p-ada"),))
    room.memory.sights.faces.add(9 * S, (known("p-bob"),))
    room.desk.take(alert(at_s=3.0))
    room.desk.step()
    shown = room.store.evidence.showing("p-ada")
    assert [entry.kind.value for entry in shown] == ["snapshot", "clip"]
    assert room.store.evidence.showing("p-bob") == []


def test_a_full_disk_stops_evidence_until_there_is_room_and_says_both(studio):
    room = studio()
    room.film(0, 30)
    room.free_bytes = 0
    room.desk.take(alert(1))
    room.desk.step()
    health = room.desk.health()
    assert (health.kept, health.lost, health.waiting) == (0, 2, 0)
    assert "0 bytes are free and limits.min_free_bytes = 500000000 stay so" in health.problem
    assert (room.files(), room.kept) == ([], [])
    room.free_bytes = 10_000_000_000
    room.desk.take(alert(2))
    room.desk.step()
    assert room.desk.health().problem == ""
    assert room.files() == ["2.clip.webm", "2.snapshot.jpg"]
    assert [sentence.partition(":")[0] for sentence in room.said] == [
        "evidence is lost, alerts go on",
        "evidence is kept again",
    ]


def test_a_storm_of_alerts_keeps_a_bounded_number_waiting(studio):
    room = studio(**{"clip.max_waiting": 3})
    room.film(0, 16)
    taken = [room.desk.take(alert(number)) for number in range(1000)]
    assert sum(taken) == 6
    room.desk.step()
    health = room.desk.health()
    assert (health.waiting, health.clips_skipped, health.lost) == (3, 997, 994)
    assert len(room.kept) == 6
    room.film(16, 30)
    room.desk.step()
    assert room.desk.health().waiting == 0
    assert sum(name.endswith("webm") for name in room.files()) == 3


def test_a_failure_of_ours_costs_one_file_and_not_those_after_it(studio, monkeypatch):
    room = studio()
    room.film(0, 30)

    def broken(*arguments: object, **more: object) -> bytes:
        raise RuntimeError("a bug")

    monkeypatch.setattr(desk_module, "encode_clip", broken)
    room.desk.take(alert(1))
    room.desk.step()
    assert room.desk.health().problem == "RuntimeError: a bug"
    monkeypatch.undo()
    room.desk.take(alert(2))
    room.desk.step()
    assert room.files() == ["1.snapshot.jpg", "2.clip.webm", "2.snapshot.jpg"]


def test_without_pyav_there_are_snapshots_and_a_sentence(studio, monkeypatch):
    monkeypatch.setattr(desk_module, "can_encode", lambda: False)
    room = studio()
    room.film(0, 30)
    room.desk.take(alert())
    room.desk.step()
    assert room.files() == ["1.snapshot.jpg"]
    assert room.said == ["no clips are kept: PyAV is not installed; run the set-up again"]
    assert (room.desk.health().lost, room.desk.health().problem) == (0, room.said[0])


def test_a_clip_can_be_switched_off(studio):
    room = studio(**{"clip.enabled": False})
    room.film(0, 30)
    room.desk.take(alert())
    room.desk.step()
    assert (room.files(), room.said) == (["1.snapshot.jpg"], [])


def test_a_clip_of_nothing_is_refused():
    with pytest.raises(EvidenceError, match="there is no picture of that time"):
        encode_clip([], bits_per_s=100_000, frames_per_s=5.0)


def test_a_picture_of_another_size_is_left_out_and_odd_sides_are_cut():
    pictures = [(np.full((49, 65, 3), 90, np.uint8), n * S) for n in range(3)]
    pictures.insert(1, (np.zeros((20, 20, 3), np.uint8), S // 2))
    clip = decoded(encode_clip(pictures, bits_per_s=100_000, frames_per_s=1.0))
    assert [image.shape for _, image in clip] == [(48, 64, 3)] * 3
    assert [at_s for at_s, _ in clip] == [0.0, 1.0, 2.0]


def test_the_desk_waits_for_the_next_purge_when_nothing_is_to_be_done(studio):
    room = studio()
    assert math.isclose(room.desk.step(), 60.0)
    room.film(0, 16)
    room.desk.take(alert())
    assert room.desk.step() < 1.0
