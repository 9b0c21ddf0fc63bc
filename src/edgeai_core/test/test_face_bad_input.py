"""The real models on what is no usable face: a reason at enrolment, no access at the gate."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgeai_core import catalog
from edgeai_core.access.index import TemplateIndex
from edgeai_core.access.people import Person, PersonTemplates, Role
from edgeai_core.analyzers.faces.enrolment import (
    EnrolmentConfig,
    RejectionReason,
    enrol_from_images,
)
from edgeai_core.analyzers.faces.logic import FaceAuthenticator, FaceConfig
from edgeai_core.analyzers.faces.model import FaceEmbedder, MeshFaceDetector
from edgeai_core.errors import EnrolmentError, SourceError
from edgeai_core.footage import footage_path
from edgeai_core.types import Frame

pytestmark = pytest.mark.demo
Image = npt.NDArray[np.uint8]
BLINK = 42  # the frame of the talking head in which both eyes are closed


def _path(name: str) -> Path:
    try:
        return footage_path(name)
    except SourceError as exc:
        pytest.skip(str(exc))


class Pictures:
    """The footage, and what is made of it."""

    def __init__(self, detector: MeshFaceDetector) -> None:
        self._detector = detector
        capture = cv2.VideoCapture(str(_path("carphone")))
        read = [capture.read()[1] for _ in range(60)]
        capture.release()
        self.man = [cv2.resize(image, (586, 480)) for image in read]
        self.woman = cv2.imread(str(_path("astronaut")))[:300, 70:370]

    def black(self) -> Image:
        return np.zeros((480, 640, 3), np.uint8)

    def noise(self) -> Image:
        return np.random.default_rng(0).integers(0, 255, (480, 640, 3)).astype(np.uint8)

    def crowd(self) -> Image:
        return np.hstack([self.woman, self.woman[:, ::-1]])

    def tiny(self) -> Image:
        small = cv2.resize(self.man[10], None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        border = (180, 180, 250, 250)
        return cv2.copyMakeBorder(small, *border, cv2.BORDER_CONSTANT, value=(90, 90, 90))

    def dark(self) -> Image:
        return (self.man[10] * 0.08).astype(np.uint8)

    def blurred(self) -> Image:
        return cv2.GaussianBlur(self.man[10], (0, 0), 9)

    def drawing(self) -> Image:
        image = np.full((480, 640, 3), 235, np.uint8)
        cv2.ellipse(image, (320, 225), (135, 170), 0, 0, 360, (40, 60, 90), -1)
        cv2.ellipse(image, (320, 250), (115, 150), 0, 0, 360, (170, 195, 235), -1)
        cv2.ellipse(image, (320, 250), (115, 150), 0, 0, 360, (30, 30, 30), 3)
        for x in (275, 365):
            cv2.ellipse(image, (x, 225), (26, 13), 0, 0, 360, (255, 255, 255), -1)
            cv2.circle(image, (x, 225), 10, (110, 70, 30), -1)
            cv2.circle(image, (x, 225), 5, (0, 0, 0), -1)
            cv2.ellipse(image, (x, 198), (32, 10), 0, 200, 340, (30, 40, 60), 5)
        nose = np.array([(318, 235), (302, 282), (322, 290), (338, 283)])
        cv2.polylines(image, [nose], False, (90, 110, 160), 3)
        cv2.ellipse(image, (320, 330), (42, 16), 0, 0, 180, (70, 70, 190), -1)
        return image

    def half_profile(self) -> Image:
        return self._turned(-60.0)

    def profile(self) -> Image:
        return self._turned(-80.0)

    def _turned(self, yaw_deg: float) -> Image:
        """Return the man's face turned about the vertical axis, as his mesh has it in space."""
        image = self.man[10]
        [face] = self._detector.detect(image)
        assert face.mesh_xyz_px is not None
        points = face.mesh_xyz_px.astype(np.float64)
        angle = np.radians(yaw_deg)
        turn = np.array(
            [(np.cos(angle), 0, np.sin(angle)), (0, 1, 0), (-np.sin(angle), 0, np.cos(angle))]
        )
        turned = (points - points.mean(axis=0)) @ turn.T + points.mean(axis=0)
        result = cv2.GaussianBlur(image, (0, 0), 15)
        farthest_first = sorted(_triangles(points[:, :2]), key=lambda t: -turned[t, 2].mean())
        for corners in farthest_first:
            source = points[corners, :2].astype(np.float32)
            target = turned[corners, :2].astype(np.float32)
            mask = np.zeros(image.shape[:2], np.uint8)
            cv2.fillConvexPoly(mask, np.round(target * 16).astype(np.int32), 1, cv2.LINE_8, 4)
            left, top, width, height = cv2.boundingRect(mask)
            if not width:
                continue
            matrix = cv2.getAffineTransform(source, target)
            matrix[:, 2] -= (left, top)
            patch = cv2.warpAffine(image, matrix, (width, height))
            here = np.s_[top : top + height, left : left + width]
            result[here][mask[here] > 0] = patch[mask[here] > 0]
        return np.asarray(result, np.uint8)


def _triangles(points: npt.NDArray[np.float64]) -> list[list[int]]:
    """Return the corners of the triangles between (N, 2) points, as indices."""
    net = cv2.Subdiv2D((-2000, -2000, 6000, 6000))
    number = {}
    for index, (x, y) in enumerate(points.astype(np.float32).tolist()):
        net.insert((x, y))
        number[x, y] = index
    found = [
        [number.get((x, y), -1) for x, y in corners.reshape(3, 2).tolist()]
        for corners in net.getTriangleList()
    ]
    return [corners for corners in found if -1 not in corners]


@pytest.fixture(scope="module")
def detector() -> MeshFaceDetector:
    problems = catalog.verify_all()
    if problems:
        pytest.skip(problems[0])
    return catalog.create_face_detector()


@pytest.fixture(scope="module")
def embedder(detector: MeshFaceDetector) -> FaceEmbedder:
    return catalog.create_face_embedder()


@pytest.fixture(scope="module")
def pictures(detector: MeshFaceDetector) -> Pictures:
    return Pictures(detector)


@pytest.fixture(scope="module")
def gate(
    detector: MeshFaceDetector, embedder: FaceEmbedder, pictures: Pictures
) -> Callable[[], FaceAuthenticator]:
    """Return what makes an authenticator for whom the man is an owner."""
    enrolled = enrol_from_images(pictures.man[::6], detector, embedder, EnrolmentConfig())
    man = Person(person_id="a" * 32, name="Man", role=Role.OWNER, authorised=True, created_ns=0)
    index = TemplateIndex(
        [PersonTemplates(person=man, templates=enrolled.templates)],
        template_variance=embedder.template_variance,
    )
    return lambda: FaceAuthenticator(
        detector=detector, embedder=embedder, index=lambda: index, config=FaceConfig()
    )


def seen(authenticator: FaceAuthenticator, image: Image) -> list[str]:
    """Show a picture for ten frames; return why the faces of the last one unlock nothing."""
    for number in range(1, 11):
        frame = Frame(image=image, stamp_ns=number * 33_000_000)
        matches = authenticator.analyze(frame)
        assert not any(match.authorised for match in matches)
    return [match.rejection for match in matches]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Pictures.black, "8 no face"),
        (Pictures.noise, "8 no face"),
        (Pictures.profile, "8 no face"),
        (Pictures.half_profile, "8 turned away or tilted (yaw at most 30, roll at most 30 deg)"),
        (Pictures.crowd, "8 several faces"),
        (Pictures.tiny, "8 too small (min 60 px)"),
        (Pictures.dark, "8 too dark or too bright (brightness 40..220)"),
        (Pictures.blurred, "8 blurred (min sharpness 20)"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_enrolment_says_why_a_picture_does_not_serve(
    kind: Callable[[Pictures], Image],
    reason: str,
    pictures: Pictures,
    detector: MeshFaceDetector,
    embedder: FaceEmbedder,
) -> None:
    sentence = re.escape(f"kept 0 of 8 frames, need 4: {reason}")
    with pytest.raises(EnrolmentError, match=rf"^{sentence}$"):
        enrol_from_images([kind(pictures)] * 8, detector, embedder, EnrolmentConfig())


def test_a_drawing_held_up_gives_too_few_different_faces(
    pictures: Pictures, detector: MeshFaceDetector, embedder: FaceEmbedder
) -> None:
    # Detector and mesh take a drawn face for one; that it never changes keeps it out.
    frames = [pictures.drawing()] * 30
    with pytest.raises(EnrolmentError, match="kept 1 of 30 frames, need 4: 29 like an earlier"):
        enrol_from_images(frames, detector, embedder, EnrolmentConfig())


def test_the_frame_of_a_blink_is_refused_at_enrolment(
    pictures: Pictures, detector: MeshFaceDetector, embedder: FaceEmbedder
) -> None:
    clip = pictures.man[BLINK - 12 : BLINK + 12]
    result = enrol_from_images(clip, detector, embedder, EnrolmentConfig())
    [blink] = [r for r in result.rejections if r.reason is RejectionReason.EYES_CLOSED]
    assert blink.index == 12
    assert re.fullmatch(r"open 0\.1\d of 0\.2\d", blink.detail)


@pytest.mark.parametrize(
    ("kind", "reasons"),
    [
        (Pictures.black, []),
        (Pictures.noise, []),
        (Pictures.profile, []),
        (Pictures.crowd, ["unknown: distance"] * 2),
        (Pictures.tiny, ["face too small: "]),
        (Pictures.drawing, ["unknown: distance"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_nothing_but_the_enrolled_face_unlocks(
    kind: Callable[[Pictures], Image],
    reasons: list[str],
    pictures: Pictures,
    gate: Callable[[], FaceAuthenticator],
) -> None:
    given = seen(gate(), kind(pictures))
    assert len(given) == len(reasons)
    assert all(g.startswith(r) for g, r in zip(given, reasons, strict=True)), given


def test_the_enrolled_face_itself_is_authorised(
    pictures: Pictures, gate: Callable[[], FaceAuthenticator]
) -> None:
    authenticator = gate()
    for number in range(1, 6):
        frame = Frame(image=pictures.man[number * 3 + 1], stamp_ns=number * 33_000_000)
        matches = authenticator.analyze(frame)
    assert [(match.person_name, match.authorised) for match in matches] == [("Man", True)]
