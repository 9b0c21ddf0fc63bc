"""Heat-maps as evidence: of the right alert, over its picture, with masks and hidden faces."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from edgeai_alerts.config import StoreConfig
from edgeai_alerts.evidence.capture import FrameCompressor
from edgeai_alerts.evidence.config import EvidenceConfig
from edgeai_alerts.evidence.desk import EvidenceDesk
from edgeai_alerts.evidence.heat import draw_heat
from edgeai_alerts.evidence.memory import CameraMemory
from edgeai_alerts.evidence.pictures import PictureMaker
from edgeai_alerts.evidence.shelf import EvidenceShelf
from edgeai_alerts.store import EventStore
from edgeai_core.config import build
from edgeai_core.errors import EvidenceError
from edgeai_core.explaining.explanation import Explanation
from edgeai_core.geometry import Box
from edgeai_core.privacy.masks import masks_of
from edgeai_core.types import Alert, AlertEvent, DetectedFace, FaceMatch, Frame, Severity

S = 1_000_000_000
WIDTH_PX, HEIGHT_PX = 128, 96
REASON = "occlusion, 96 looks: hiding the hottest fifth leaves 12 % of the score"
FACE = Box(8.0, 50.0, 40.0, 82.0)


class OneFace:
    def detect(self, image: np.ndarray) -> list[DetectedFace]:
        return [DetectedFace(box=FACE, score=0.9, landmarks_xy_px=np.zeros((6, 2), np.float32))]

    def close(self) -> None:
        pass


def explanation(label: str = "gun", *, at_s: float = 3.0, column: int = 1) -> Explanation:
    heat = np.zeros((3, 4), np.float32)
    heat[0, column] = 1.0
    return Explanation(
        stamp_ns=round(at_s * S),
        label=label,
        box=Box(32.0, 2.0, 62.0, 30.0),
        score=0.9,
        heat=heat,
        method="occlusion",
        deletion=0.12,
        reason=REASON,
    )


def alert(
    number: int = 1, *, at_s: float = 3.0, category: str = "weapon", reason: str = "gun in 3 of 5"
) -> Alert:
    event = AlertEvent(
        category=category,
        severity=Severity.CRITICAL,
        title="Arme",
        reason=reason,
        source="object_detector",
        camera="hall",
        stamp_ns=round(at_s * S),
    )
    return Alert(alert_id=f"{number:032x}", event=event, raised_ns=round(at_s * S))


class Room:
    """A desk with a camera called hall and no clips; picture n is of second n / 5."""

    def __init__(self, folder, *, finder=None, explained=("hall",), **values) -> None:
        self.config = build(EvidenceConfig, {"clip.enabled": False} | values)
        self.now_s = 100.0
        self.kept: list[tuple[str, ...]] = []
        self.folder = folder / "evidence"
        self.store = EventStore(
            folder / "alerts.db", StoreConfig(), wall_clock_ns=lambda: 1, report=pytest.fail
        )
        mask = masks_of(self.config.privacy.masks, cameras=["hall"])["hall"]
        self.memory = CameraMemory.of(length_s=20.0, max_bytes=10**7, mask=mask)
        self.compressor = FrameCompressor(mask, max_width_px=1280, jpeg_quality=95)
        self.shelf = EvidenceShelf(
            self.folder,
            self.store.evidence,
            self.config.limits,
            wall_clock_ns=lambda: 1,
            free_bytes=lambda folder: 10**11,
        )
        self.desk = EvidenceDesk(
            self.config,
            cameras={"hall": self.memory},
            explained=explained,
            maker=PictureMaker(finder, jpeg_quality=95),
            shelf=self.shelf,
            clock=lambda: self.now_s,
            on_kept=lambda alert, kinds: self.kept.append(kinds),
            report=pytest.fail,
        )

    def film(self, begin: int, end: int, image: np.ndarray | None = None) -> None:
        for number in range(begin, end):
            shown = np.full((HEIGHT_PX, WIDTH_PX, 3), 40 + 4 * number, np.uint8)
            frame = Frame(image=shown if image is None else image, stamp_ns=number * S // 5)
            self.memory.ring.add(self.compressor.compressed(frame))

    def explain(self, told: Explanation) -> None:
        self.memory.sights.explanations.add(told.stamp_ns, told)

    def file(self, number: int = 1) -> bytes:
        return (self.folder / f"{number:032x}.explanation.jpg").read_bytes()

    def shown(self, number: int = 1) -> np.ndarray:
        """The picture without its line of text."""
        image = cv2.imdecode(np.frombuffer(self.file(number), np.uint8), cv2.IMREAD_COLOR)
        return image[:HEIGHT_PX]


@pytest.fixture
def room(tmp_path):
    made: list[Room] = []

    def make(**values: object) -> Room:
        made.append(Room(tmp_path, **values))
        return made[-1]

    yield make
    for one in made:
        one.store.close()


def coloured(image: np.ndarray) -> np.ndarray:
    return np.ptp(image.astype(int), axis=2) > 60


def test_the_explanation_that_comes_later_is_kept_beside_the_snapshot(room):
    hall = room()
    hall.film(0, 20)
    hall.desk.take(alert())
    hall.desk.step()
    assert hall.kept == [("snapshot",)]
    assert hall.desk.health().waiting == 1
    hall.explain(explanation())
    hall.desk.step()
    assert hall.kept[1:] == [("snapshot", "explanation")]
    assert hall.desk.health().waiting == 0
    piece = hall.shelf.read(f"{1:032x}", "explanation", offset_bytes=0, limit_bytes=1_000_000)
    assert (piece.media_type, piece.data) == ("image/jpeg", hall.file())


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("une arme à feu : visible sur 3 images (au moins 3) parmi 5 en 2 s, score 0,70", True),
        ("un couteau : visible sur 3 images (au moins 3) parmi 5 en 2 s, score 0,70", False),
    ],
)
def test_an_alert_that_was_raised_in_french_gets_the_explanation_of_its_object(room, reason, kept):
    hall = room()
    hall.film(0, 20)
    hall.explain(explanation())
    hall.desk.take(alert(reason=reason))
    hall.desk.step()
    assert ("explanation" in hall.kept[-1]) is kept


def test_it_shows_the_picture_of_its_stamp_under_the_heat_with_the_box(room):
    hall = room()
    hall.film(0, 30)
    hall.explain(explanation(at_s=3.4))
    hall.desk.take(alert())
    hall.desk.step()
    image = hall.shown()
    # Hot in the second of four columns, first of three rows; grey as picture 17 elsewhere.
    assert coloured(image)[16, 48]
    assert not coloured(image)[60:, :].any()
    assert image[70, 100].astype(int) == pytest.approx([108, 108, 108], abs=2)
    # The box's lower edge, vermillion.
    assert image[30, 40].astype(int) == pytest.approx([0, 94, 213], abs=70)


def test_the_file_carries_its_sentence_and_shows_it(room):
    hall = room()
    hall.film(0, 20)
    hall.explain(explanation())
    hall.desk.take(alert())
    hall.desk.step()
    data = hall.file()
    caption = f"gun 0.90; {REASON}".encode()
    assert data[:4] == b"\xff\xd8\xff\xfe"
    assert data[4:6] == (len(caption) + 2).to_bytes(2, "big")
    assert data[6 : 6 + len(caption)] == caption
    whole = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert whole.shape[0] > HEIGHT_PX
    assert whole[HEIGHT_PX:].std() > 5


def test_what_is_masked_stays_black_even_where_it_is_hottest(room):
    mask = "window: 0.0,0.0 0.6,0.0 0.6,0.5 0.0,0.5"
    hall = room(**{"privacy.masks": [mask]})
    hall.film(0, 20)
    hall.explain(explanation())
    hall.desk.take(alert())
    hall.desk.step()
    assert hall.shown()[2:40, 4:68].max() <= 16
    assert hall.shown()[60, 100].min() > 80


def test_an_unknown_face_is_unrecognisable_in_it(room):
    rows, columns = np.indices((HEIGHT_PX, WIDTH_PX)) // 4
    chequered = np.repeat(
        (((rows + columns) % 2) * 200 + 20).astype(np.uint8)[..., None], 3, axis=2
    )
    hall = room(finder=OneFace())
    hall.film(0, 20, chequered)
    hall.explain(explanation())
    hall.desk.take(alert())
    hall.desk.step()
    assert hall.shown()[54:78, 12:36].std() < 12
    assert hall.shown()[54:78, 80:104].std() > 60


@pytest.mark.parametrize(
    "told",
    [
        explanation("knife"),
        explanation("flame"),
        explanation(at_s=0.9),
        explanation(at_s=29.0),
    ],
    ids=["another label", "fire", "long before", "long after"],
)
def test_an_explanation_of_something_else_is_not_taken(room, told):
    hall = room()
    hall.film(0, 20)
    hall.desk.take(alert())
    hall.explain(told)
    hall.desk.step()
    assert hall.kept == [("snapshot",)]


def test_of_several_the_nearest_of_the_label_is_taken(room):
    hall = room()
    hall.film(0, 40)
    hall.explain(explanation(at_s=5.0, column=3))
    hall.explain(explanation(at_s=3.6, column=1))
    hall.explain(explanation("knife", at_s=3.0, column=2))
    hall.desk.take(alert())
    hall.desk.step()
    assert np.ptp(hall.shown()[16, 48].astype(int)) > np.ptp(hall.shown()[16, 112].astype(int)) + 60


@pytest.mark.parametrize(("category", "label"), [("fire", "flame"), ("start_fire", "smoke")])
def test_fire_is_explained_by_flame_or_smoke(room, category, label):
    hall = room()
    hall.film(0, 20)
    hall.explain(explanation("gun"))
    hall.explain(explanation(label, at_s=3.2))
    hall.desk.take(alert(category=category, reason="score 0.9 in 4 of 4 rounds"))
    hall.desk.step()
    assert label.encode() in hall.file()[:40]


def test_an_alert_that_nobody_explains_is_let_go_in_the_end_and_is_no_loss(room):
    hall = room(**{"explanation.within_s": 10.0})
    hall.film(0, 20)
    hall.desk.take(alert())
    hall.desk.step()
    hall.now_s += 9.9
    hall.desk.step()
    assert hall.desk.health().waiting == 1
    hall.now_s += 0.2
    hall.desk.step()
    health = hall.desk.health()
    assert (health.waiting, health.lost, health.kept) == (0, 0, 1)


@pytest.mark.parametrize("category", ["unknown_face", "fall", "watched_object"])
def test_alerts_that_no_analyzer_explains_do_not_wait(room, category):
    hall = room()
    hall.film(0, 20)
    hall.desk.take(alert(category=category))
    hall.desk.step()
    assert hall.desk.health().waiting == 0


def test_a_camera_without_such_analyzers_does_not_wait(room):
    hall = room(explained=())
    hall.film(0, 20)
    hall.desk.take(alert())
    hall.desk.step()
    assert hall.desk.health().waiting == 0


def test_whoever_is_forgotten_is_in_no_explanation(room):
    hall = room()
    hall.film(0, 20)
    ada = FaceMatch(box=FACE, detection_score=0.9, person_id="p-ada", person_name="Ada")
    hall.memory.sights.faces.add(3 * S, (ada,))
    hall.explain(explanation())
    hall.desk.take(alert())
    hall.desk.step()
    kinds = [entry.kind.value for entry in hall.store.evidence.showing("p-ada")]
    assert kinds == ["snapshot", "explanation"]
    assert hall.shelf.erase_person("p-ada") == 2
    assert list(hall.folder.iterdir()) == []
    with pytest.raises(EvidenceError, match="no explanation is kept"):
        hall.shelf.read(f"{1:032x}", "explanation", offset_bytes=0, limit_bytes=10)


def test_the_heat_is_drawn_in_the_scale_of_a_smaller_picture():
    canvas = np.full((240, 320, 3), 100, np.uint8)
    draw_heat(canvas, dataclasses.replace(explanation(), box=Box(160, 100, 320, 200)), scale=0.5)
    assert coloured(canvas)[40, 120]
    assert not coloured(canvas)[140:].any()
    # The left edge of the box, at half of its place in the frame.
    assert coloured(canvas)[90, 80]
