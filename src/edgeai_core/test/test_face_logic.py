"""Who is in the picture: agreement over frames, with fake models."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pytest

from edgeai_core.access.index import TemplateIndex
from edgeai_core.access.people import Person, PersonTemplates, Role
from edgeai_core.analyzers.faces.liveness import LivenessFinding
from edgeai_core.analyzers.faces.logic import FaceAuthenticator, FaceConfig
from edgeai_core.config import build, specs
from edgeai_core.errors import ConfigError
from edgeai_core.geometry import Box
from edgeai_core.types import DetectedFace, FaceMatch, Frame, Liveness

STEP_NS = 33_000_000
IMAGE = np.zeros((480, 640, 3), np.uint8)
ADA, BOB, STRANGER = (1.0, 0.0), (0.0, 1.0), (9.0, 9.0)


@dataclass
class Scene:
    """Detector and embedder in one: says what stands in front of the camera."""

    faces: list[tuple[Box, tuple[float, float]]]
    embedded: int = 0
    model_id: str = "fake"
    template_variance: float = 0.0
    without_mesh: tuple[Box, ...] = ()

    def detect(self, image: npt.NDArray[np.uint8]) -> list[DetectedFace]:
        return [
            DetectedFace(
                box=box,
                score=0.9,
                landmarks_xy_px=np.zeros((6, 2), np.float32),
                mesh_xyz_px=None if box in self.without_mesh else np.zeros((468, 3), np.float32),
            )
            for box, _ in self.faces
        ]

    def embed(self, image: npt.NDArray[np.uint8], face: DetectedFace) -> npt.NDArray[np.float32]:
        self.embedded += 1
        return np.array(next(e for box, e in self.faces if box == face.box), np.float32)


def box(left: float = 100, side: float = 100) -> Box:
    return Box(left, 100, left + side, 100 + side)


def person(name: str, embedding: tuple[float, float], *, authorised: bool) -> PersonTemplates:
    record = Person(
        person_id=name.lower() * 8,
        name=name,
        role=Role.MEMBER,
        authorised=authorised,
        created_ns=0,
    )
    return PersonTemplates(person=record, templates=np.array([embedding], np.float32))


PEOPLE = (person("Ada", ADA, authorised=True), person("Bob", BOB, authorised=False))


class Camera:
    """Feeds an authenticator frame by frame."""

    def __init__(
        self,
        scene: Scene,
        config: FaceConfig | None = None,
        *,
        liveness: Watched | None = None,
    ) -> None:
        self.index = TemplateIndex(PEOPLE)
        self.scene = scene
        self.stamp_ns = 1_000_000_000
        self.authenticator = FaceAuthenticator(
            detector=scene,
            embedder=scene,
            index=lambda: self.index,
            config=config or FaceConfig(),
            liveness=liveness,
        )

    def look(self, frames: int = 1, *, step_ns: int = STEP_NS) -> tuple[FaceMatch, ...]:
        seen: tuple[FaceMatch, ...] = ()
        for _ in range(frames):
            self.stamp_ns += step_ns
            seen = self.authenticator.analyze(Frame(image=IMAGE, stamp_ns=self.stamp_ns))
        return seen


def test_authorised_person_is_authorised_once_three_tracked_frames_agree() -> None:
    camera = Camera(Scene([(box(), ADA)]))
    history = [camera.look()[0] for _ in range(5)]
    assert [match.person_name for match in history] == ["Ada"] * 5
    # The tracker gives an identity in the second frame; agreement counts from there.
    assert [match.agreeing_frames for match in history] == [0, 1, 2, 3, 4]
    assert [match.authorised for match in history] == [False, False, False, True, True]
    assert history[1].rejection == "named in 1 of the last 5 frames, need 3"
    assert history[3].rejection == ""
    assert history[3].distance == 0.0
    assert history[3].margin == pytest.approx(math.sqrt(2))


def test_stranger_is_unknown_however_long_seen() -> None:
    (match,) = Camera(Scene([(box(), STRANGER)])).look(20)
    assert not match.recognised
    assert not match.authorised
    assert match.agreeing_frames == 0
    # 0.595 - 0.02 ln 2
    assert match.rejection == "unknown: distance 12.04 over 0.58"


def test_enrolled_but_unauthorised_person_is_recognised_only() -> None:
    (match,) = Camera(Scene([(box(), BOB)])).look(20)
    assert match.person_name == "Bob"
    assert match.agreeing_frames == 5
    assert not match.authorised
    assert match.rejection == "enrolled but not authorised"


def test_nobody_enrolled_makes_everybody_unknown_without_embedding() -> None:
    scene = Scene([(box(), ADA)])
    camera = Camera(scene)
    camera.index = TemplateIndex()
    (match,) = camera.look(5)
    assert (match.recognised, match.rejection) == (False, "nobody is enrolled")
    assert math.isnan(match.distance)
    assert scene.embedded == 0


def test_face_between_two_people_is_unknown() -> None:
    config = FaceConfig(match_threshold=1.1, min_margin=0.05)
    (match,) = Camera(Scene([(box(), (0.5, 0.48))]), config).look(10)
    assert match.rejection == "two people fit: margin 0.03 under 0.05"
    assert not match.recognised


@pytest.mark.parametrize(("people", "recognised"), [(1, True), (2, True), (3, False)])
def test_more_people_ask_for_a_nearer_face(people: int, recognised: bool) -> None:
    # Limits 1, 1 - 0.1 ln 2 = 0.931 and 1 - 0.1 ln 3 = 0.890 at a distance of 0.9.
    camera = Camera(
        Scene([(box(), (1.9, 0.0))]), FaceConfig(match_threshold=1, gallery_penalty=0.1)
    )
    others = [person(name, (50.0, 50.0), authorised=False) for name in ("Bob", "Cy")]
    camera.index = TemplateIndex([PEOPLE[0], *others[: people - 1]])
    (match,) = camera.look()
    assert (match.recognised, match.distance) == (recognised, pytest.approx(0.9))
    assert recognised or match.rejection == "unknown: distance 0.90 over 0.89"


def test_face_without_a_mesh_is_not_compared() -> None:
    far = box(300, 80)
    scene = Scene([(box(), ADA), (far, BOB)], without_mesh=(far,))
    matches = Camera(scene).look(2)
    assert [match.person_name for match in matches] == ["Ada", ""]
    assert matches[1].rejection == (
        "not compared: only the largest faces of a frame get a mesh to align them by"
    )
    assert scene.embedded == 2


def test_small_face_is_not_compared() -> None:
    scene = Scene([(box(side=59), ADA)])
    (match,) = Camera(scene).look(10)
    assert match.rejection == "face too small: 59 px of 60"
    assert scene.embedded == 0


def test_template_that_is_not_finite_is_unknown() -> None:
    (match,) = Camera(Scene([(box(), (math.nan, 0.0))])).look(10)
    assert match.rejection == "the face gives no usable template"


def test_only_the_largest_faces_are_compared_and_come_first() -> None:
    scene = Scene([(box(0, 70), BOB), (box(200, 120), ADA), (box(400, 90), STRANGER)])
    matches = Camera(scene, FaceConfig(max_faces=2)).look(6)
    assert [match.box.width_px for match in matches] == [120, 90, 70]
    assert [match.person_name for match in matches] == ["Ada", "", ""]
    assert matches[2].rejection == "only the 2 largest faces are compared"
    assert scene.embedded == 12


def test_sparse_comparison_embeds_every_third_frame() -> None:
    scene = Scene([(box(), ADA)])
    camera = Camera(scene, FaceConfig(embed_every_frames=3))
    history = [camera.look()[0] for _ in range(12)]
    assert scene.embedded == 4
    assert [n for n, match in enumerate(history) if match.recognised] == [0, 3, 6, 9]
    assert [n for n, match in enumerate(history) if match.authorised] == [9]
    assert history[1].rejection == "not compared: one frame in 3 is"


def test_another_face_on_the_same_track_starts_from_nothing() -> None:
    scene = Scene([(box(), BOB)])
    camera = Camera(scene)
    camera.look(10)
    scene.faces = [(box(), ADA)]
    assert [camera.look()[0].authorised for _ in range(3)] == [False, False, True]


def test_agreement_does_not_outlive_its_age() -> None:
    scene = Scene([(box(), ADA)])
    camera = Camera(scene, build(FaceConfig, {"tracking.max_lost_s": 10.0}))
    track_id = camera.look(10)[0].track_id
    (match,) = camera.look(step_ns=2_500_000_000)
    assert match.track_id == track_id
    assert (match.agreeing_frames, match.authorised) == (1, False)


def test_repeated_frame_adds_no_agreement() -> None:
    camera = Camera(Scene([(box(), ADA)]))
    camera.look(2)
    assert [camera.look(step_ns=0)[0].agreeing_frames for _ in range(10)] == [1] * 10


def test_stamp_that_goes_back_forgets_agreement() -> None:
    camera = Camera(Scene([(box(), ADA)]))
    assert camera.look(10)[0].authorised
    (match,) = camera.look(step_ns=-STEP_NS)
    assert (match.track_id, match.agreeing_frames, match.authorised) == (None, 0, False)
    assert not camera.authenticator._agreement.track_ids


def test_revocation_takes_effect_in_the_next_frame() -> None:
    camera = Camera(Scene([(box(), ADA)]))
    assert camera.look(10)[0].authorised
    revoked = replace(PEOPLE[0], person=replace(PEOPLE[0].person, authorised=False))
    camera.index = TemplateIndex([revoked, PEOPLE[1]])
    (match,) = camera.look()
    assert (match.recognised, match.authorised) == (True, False)
    assert match.rejection == "enrolled but not authorised"


def test_validity_is_judged_by_the_time_of_the_frame() -> None:
    camera = Camera(Scene([(box(), ADA)]))
    ends_ns = camera.stamp_ns + 20 * STEP_NS
    limited = replace(PEOPLE[0], person=replace(PEOPLE[0].person, valid_until_ns=ends_ns))
    camera.index = TemplateIndex([limited, PEOPLE[1]])
    assert camera.look(19)[0].authorised
    (match,) = camera.look()
    assert (match.recognised, match.authorised) == (True, False)
    assert match.rejection.startswith("authorisation ended 1970-01-01")


class Watched:
    """A liveness check that says what it is told and remembers whom it was asked about."""

    def __init__(self, finding: LivenessFinding) -> None:
        self.finding = finding
        self.asked: list[int | None] = []
        self.people: set[str] = set()
        self.resets = 0

    def check(
        self, frame: Frame, face: DetectedFace, track_id: int | None, *, person_id: str = ""
    ) -> LivenessFinding:
        self.asked.append(track_id)
        self.people.add(person_id)
        return self.finding

    def retain(self, track_ids: Collection[int]) -> None:
        self.retained = set(track_ids)

    def reset(self) -> None:
        self.resets += 1


def watched(liveness: Liveness, reason: str = "") -> Watched:
    return Watched(LivenessFinding(liveness=liveness, score=0.4, reason=reason))


def test_only_a_living_face_is_authorised_where_liveness_is_checked() -> None:
    check = watched(Liveness.NOT_CHECKED, "liveness: move your head a little")
    camera = Camera(Scene([(box(), ADA)]), liveness=check)
    (match,) = camera.look(10)
    assert (match.recognised, match.permitted, match.authorised) == (True, True, False)
    assert match.rejection == "liveness: move your head a little"
    check.finding = LivenessFinding(liveness=Liveness.LIVE, score=0.9)
    (match,) = camera.look()
    assert (match.liveness, match.liveness_score, match.authorised) == (Liveness.LIVE, 0.9, True)
    check.finding = LivenessFinding(liveness=Liveness.SPOOF, score=0.1, reason="not live: flat")
    (match,) = camera.look()
    assert (match.liveness, match.authorised, match.permitted) == (Liveness.SPOOF, False, True)
    assert match.rejection == "not live: flat"


def test_strangers_are_not_watched_and_lost_tracks_are_let_go() -> None:
    check = watched(Liveness.LIVE)
    scene = Scene([(box(), ADA), (box(300), STRANGER)])
    camera = Camera(scene, liveness=check)
    ada, _ = camera.look(5)
    assert set(check.asked) == {None, ada.track_id}
    assert check.people == {"ada" * 8}
    assert ada.track_id in check.retained
    scene.faces = []
    camera.look(2, step_ns=1_500_000_000)
    assert check.retained == set()
    camera.look(step_ns=-STEP_NS)
    assert check.resets == 2  # at the start and when time went back


def test_guest_is_recognised_and_unlocks_nothing() -> None:
    camera = Camera(Scene([(box(), ADA)]))
    guest = replace(PEOPLE[0], person=replace(PEOPLE[0].person, role=Role.GUEST))
    camera.index = TemplateIndex([guest])
    (match,) = camera.look(10)
    assert (match.person_name, match.authorised) == ("Ada", False)
    assert match.rejection == "role guest may not operate"


def test_in_public_only_recognised_faces_leave_the_component() -> None:
    near, far = box(200, 120), box(400, 50)
    scene = Scene([(near, ADA), (box(0, 90), STRANGER), (far, BOB)])
    camera = Camera(scene, FaceConfig(publish_unknown=False))
    (match,) = camera.look(10)
    assert (match.person_name, match.authorised, match.box) == ("Ada", True, near)
    assert scene.embedded == 20, "the far face is never compared"
    scene.faces = [(box(0, 90), STRANGER), (far, BOB)]
    assert camera.look(10) == ()
    votes = camera.authenticator._agreement._votes.values()
    assert {person for track in votes for _, person in track} <= {"", "ada" * 8}


def test_memory_stays_bounded_over_many_tracks() -> None:
    scene = Scene([])
    camera = Camera(scene)
    for n in range(60):
        scene.faces = [(box(50.0 * (n % 10), 100), ADA)]
        camera.look(3)
        scene.faces = []
        camera.look(step_ns=1_500_000_000)
    assert len(camera.authenticator._agreement.track_ids) <= 2


def test_configuration_is_described_and_checked() -> None:
    names = {spec.name for spec in specs(FaceConfig)}
    assert {"match_threshold", "gallery_penalty", "agree_frames", "tracking.max_lost_s"} <= names
    with pytest.raises(ConfigError, match="raise agree_window or lower agree_frames"):
        FaceConfig(agree_frames=6, agree_window=5)
