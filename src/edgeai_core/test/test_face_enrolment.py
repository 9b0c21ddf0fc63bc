"""From frames to templates, and from templates into the gallery."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edgeai_core.access.gallery import Gallery
from edgeai_core.access.index import TemplateIndex
from edgeai_core.access.keys import EnvironmentKey
from edgeai_core.access.people import Person, PersonTemplates, Role
from edgeai_core.analyzers.faces.enrolment import (
    EnrolmentConfig,
    RejectionReason,
    enrol_from_images,
)
from edgeai_core.analyzers.faces.quality import brightness, face_crop, sharpness
from edgeai_core.analyzers.faces.registration import (
    Registration,
    enrol_person,
    refuse_other_person,
)
from edgeai_core.errors import EnrolmentError, GalleryModelMismatchError
from edgeai_core.geometry import Box
from edgeai_core.types import DetectedFace

# The first pixel of a picture says how many faces are in it, how large they are and whose; the
# second the shade and how the head is turned (degrees, + 100); the rest is noise, so that it is
# sharp.
NOISE = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)


def picture(
    who: int,
    *,
    faces: int = 1,
    side: int = 100,
    shade: int = 0,
    yaw_deg: int = 0,
    roll_deg: int = 0,
    openness: float = 0.3,
) -> npt.NDArray[np.uint8]:
    image = NOISE.copy()
    image[0, 0] = (faces, side, who)
    image[0, 1] = (shade, 100 + yaw_deg, 100 + roll_deg)
    image[0, 2] = round(100 * openness)
    return image


UNALIGNED, MESHLESS, SHAPELESS = 101, 102, 103


def eye(openness: float) -> list[tuple[float, float, float]]:
    """Return the outer corner, two points of the upper lid, the inner corner, two of the lower."""
    half = 10 * openness
    return [(30, 0, 0), (25, -half, 0), (15, -half, 0), (10, 0, 0), (15, half, 0), (25, half, 0)]


def mesh(*, yaw_deg: float, roll_deg: float, openness: float) -> npt.NDArray[np.float32]:
    """Return a mesh of which only the ends of the head's two axes and one eye are set."""
    points = np.zeros((468, 3))
    points[[234, 454, 10, 152]] = ((-40, 0, 0), (40, 0, 0), (0, -50, 0), (0, 50, 0))
    points[[263, 387, 385, 362, 380, 373]] = eye(openness)
    yaw, roll = np.radians([yaw_deg, roll_deg])
    turned = np.array([(np.cos(yaw), 0, np.sin(yaw)), (0, 1, 0), (-np.sin(yaw), 0, np.cos(yaw))])
    tilted = np.array(
        [(np.cos(roll), np.sin(roll), 0), (-np.sin(roll), np.cos(roll), 0), (0, 0, 1)]
    )
    return (points @ turned @ tilted).astype(np.float32)


class Models:
    model_id = "fake"
    template_variance = 0.0

    def detect(self, image: npt.NDArray[np.uint8]) -> list[DetectedFace]:
        faces, side, who = (int(v) for v in image[0, 0])
        _, yaw_deg, roll_deg = (int(v) - 100 for v in image[0, 1])
        placed = mesh(yaw_deg=yaw_deg, roll_deg=roll_deg, openness=int(image[0, 2, 0]) / 100)
        found = DetectedFace(
            box=Box(50, 50, 50 + side, 50 + side),
            score=0.9,
            landmarks_xy_px=np.array(
                [(80, 85), (120, 85), (100, 105), (85, 125), (115, 125)], np.float32
            ),
            mesh_xyz_px={MESHLESS: None, SHAPELESS: placed * 0}.get(who, placed),
        )
        return [found] * faces

    def embed(self, image: npt.NDArray[np.uint8], face: DetectedFace) -> npt.NDArray[np.float32]:
        who, shade = int(image[0, 0, 2]), int(image[0, 1, 0])
        embedding = np.zeros(128, np.float32)
        if who == UNALIGNED:
            raise ValueError("landmarks coincide")
        embedding[who] = 1.0 if who < 100 else np.nan
        embedding[64] = shade / 10
        return embedding


MODELS = Models()


def black() -> npt.NDArray[np.uint8]:
    """Return a black frame in which a careless detector sees a face."""
    image = np.zeros((200, 200, 3), np.uint8)
    image[0, :2] = ((1, 100, 3), (0, 100, 100))
    return image


def shades(who: int, count: int) -> list[npt.NDArray[np.uint8]]:
    return [picture(who, shade=shade) for shade in range(count)]


def test_frames_of_one_person_give_one_template_each() -> None:
    result = enrol_from_images(shades(3, 4), MODELS, MODELS, EnrolmentConfig())
    assert result.templates.shape == (4, 128)
    assert result.templates.dtype == np.float32
    np.testing.assert_allclose(result.templates[:, 64], [0, 0.1, 0.2, 0.3], atol=1e-7)
    assert [frame.index for frame in result.accepted] == [0, 1, 2, 3]
    assert result.rejections == ()
    assert repr(result) == "EnrolmentResult(4 kept, 0 refused)"


def test_every_refused_frame_has_its_reason() -> None:
    flat = picture(3)
    flat[1:] = 90
    bright = picture(3)
    bright[1:] |= 200
    frames = [
        *shades(3, 4),
        picture(3, faces=0),
        picture(3, faces=2),
        picture(3, side=59),
        flat,
        picture(3, shade=2),
        picture(7),
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((20, 20), np.uint8),
        picture(100),
        picture(3, yaw_deg=31),
        picture(3, yaw_deg=-31),
        picture(3, yaw_deg=5, roll_deg=32),
        black(),
        bright,
        picture(UNALIGNED),
        picture(MESHLESS),
        picture(SHAPELESS),
    ]
    result = enrol_from_images(frames, MODELS, MODELS, EnrolmentConfig())
    assert [(refused.index, refused.reason) for refused in result.rejections] == [
        (4, RejectionReason.NO_FACE),
        (5, RejectionReason.SEVERAL_FACES),
        (6, RejectionReason.TOO_SMALL),
        (7, RejectionReason.BLURRED),
        (8, RejectionReason.DUPLICATE),
        (9, RejectionReason.OUTLIER),
        (10, RejectionReason.NO_IMAGE),
        (11, RejectionReason.NO_IMAGE),
        (12, RejectionReason.NO_TEMPLATE),
        (13, RejectionReason.TURNED),
        (14, RejectionReason.TURNED),
        (15, RejectionReason.TURNED),
        (16, RejectionReason.BADLY_LIT),
        (17, RejectionReason.BADLY_LIT),
        (18, RejectionReason.NO_TEMPLATE),
        (19, RejectionReason.NO_TEMPLATE),
        (20, RejectionReason.NO_TEMPLATE),
    ]
    details = {refused.index: refused.detail for refused in result.rejections}
    assert details[6] == "59 px"
    assert details[13] == "yaw +31, roll +0 deg"
    assert details[14] == "yaw -31, roll +0 deg"
    assert details[15] == "yaw +4, roll +32 deg"
    assert details[16] == "brightness 0"
    assert details[18] == "landmarks coincide"
    assert details[19] == "no mesh was placed on the face"
    assert details[20] == "face mesh: the cheeks coincide or are not finite; no head pose"
    assert len(result.templates) == 4
    assert [frame.crop.shape for frame in result.accepted] == [(112, 112, 3)] * 4


def test_too_few_frames_are_refused_with_the_reasons_counted() -> None:
    frames = [picture(3)] + [picture(3, faces=0)] * 30 + [picture(3, side=40)] * 9
    with pytest.raises(EnrolmentError) as caught:
        enrol_from_images(frames, MODELS, MODELS, EnrolmentConfig())
    assert str(caught.value) == ("kept 1 of 40 frames, need 4: 30 no face, 9 too small (min 60 px)")


def test_no_frames_are_refused() -> None:
    with pytest.raises(EnrolmentError, match="kept 0 of 0 frames, need 4: there were no more"):
        enrol_from_images([], MODELS, MODELS, EnrolmentConfig())


@pytest.mark.parametrize("second", [2, 4, 6])
def test_material_of_two_people_is_refused(second: int) -> None:
    frames = [image for pair in zip(shades(3, 6), shades(7, 6), strict=True) for image in pair]
    with pytest.raises(EnrolmentError, match="seem to show several people"):
        enrol_from_images(frames[: 6 + second], MODELS, MODELS, EnrolmentConfig())


def test_frames_of_a_blink_are_refused_as_a_share_of_how_open_the_eyes_mostly_are() -> None:
    openness = (0.3, 0.3, 0.21, 0.3, 0.19, 0.3)
    frames = [picture(3, shade=n, openness=opened) for n, opened in enumerate(openness)]
    result = enrol_from_images(frames, MODELS, MODELS, EnrolmentConfig(min_eye_share=0.68))
    assert [(r.index, r.reason, r.detail) for r in result.rejections] == [
        (4, RejectionReason.EYES_CLOSED, "open 0.19 of 0.30")
    ]
    assert [frame.index for frame in result.accepted] == [0, 1, 2, 3, 5]
    narrow = [picture(3, shade=n, openness=0.1) for n in range(4)]
    assert len(enrol_from_images(narrow, MODELS, MODELS, EnrolmentConfig()).accepted) == 4


def test_reading_stops_when_enough_is_taken() -> None:
    read = 0

    def endless() -> Iterator[npt.NDArray[np.uint8]]:
        nonlocal read
        while True:
            read += 1
            yield picture(3, shade=read % 5)

    result = enrol_from_images(endless(), MODELS, MODELS, EnrolmentConfig(max_templates=5))
    assert (len(result.templates), read) == (5, 6)
    read = 0
    result = enrol_from_images(endless(), MODELS, MODELS, EnrolmentConfig(max_frames=50))
    assert (len(result.templates), len(result.rejections), read) == (5, 45, 51)


def test_sharpness_does_not_depend_on_where_the_box_ends() -> None:
    image = np.zeros((112, 112, 3), np.uint8)
    image[:, ::2] = 255
    inside = sharpness(image, Box(0, 0, 112, 112))
    # Columns alternate 0, 255: the Laplacian is +510 and -510 everywhere.
    assert inside == pytest.approx(510.0**2)
    assert sharpness(image, Box(-50, -50, 112, 112)) == inside
    assert sharpness(image, Box(500, 500, 600, 600)) == 0.0
    assert sharpness(np.full((50, 50, 3), 9, np.uint8), Box(0, 0, 50, 50)) == 0.0


def test_brightness_and_crop_of_a_face_at_the_edge() -> None:
    image = np.full((100, 100, 3), 80, np.uint8)
    assert brightness(image, Box(50, 50, 150, 150)) == 80.0
    assert brightness(image, Box(500, 500, 600, 600)) == 0.0
    crop = face_crop(image, Box(50, 50, 150, 150), side_px=30)
    assert crop.shape == (30, 30, 3)
    assert (crop[5, 5].tolist(), crop[-1, -1].tolist()) == ([80] * 3, [0] * 3)
    assert face_crop(image, Box(5, 5, 5, 5), side_px=8).shape == (8, 8, 3)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (picture(3, faces=0), "8 no face"),
        (picture(3, faces=3), "8 several faces"),
        (picture(3, side=30), r"8 too small \(min 60 px\)"),
        (picture(3, yaw_deg=60), r"8 turned away or tilted \(yaw at most 30"),
        (black(), r"8 too dark or too bright \(brightness 40..220\)"),
        (picture(100), "8 no usable template"),
        (np.zeros((0, 0, 3), np.uint8), "8 not a BGR image"),
    ],
    ids=["nobody", "crowd", "tiny", "profile", "black", "drawing", "empty"],
)
def test_material_that_does_not_serve_enrols_nobody(
    gallery: Gallery, frame: npt.NDArray[np.uint8], reason: str
) -> None:
    with pytest.raises(EnrolmentError, match=f"kept 0 of 8 frames, need 4: {reason}"):
        register(gallery, "Ada", [frame] * 8)
    assert gallery.people() == ()


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    key = EnvironmentKey(base64.b64encode(bytes(range(32))).decode())
    with Gallery.open(tmp_path / "gallery.sqlite3", key_source=key, create=True) as opened:
        yield opened


def register(
    gallery: Gallery, name: str, frames: list[npt.NDArray[np.uint8]]
) -> Registration[object]:
    return enrol_person(
        name,
        frames,
        detector=MODELS,
        embedder=MODELS,
        gallery=gallery,
        role=Role.OWNER,
        authorised=True,
        config=EnrolmentConfig(),
    )


def test_registered_person_is_found_by_the_index(gallery: Gallery) -> None:
    registration = register(gallery, "Ada", shades(3, 4))
    match = gallery.index("fake", template_variance=0.0).match(
        MODELS.embed(picture(3), MODELS.detect(picture(3))[0])
    )
    assert match is not None
    assert match.person == registration.person
    assert match.authorised
    assert match.distance == pytest.approx(0.15)


def test_taken_name_is_refused_before_a_frame_is_read(gallery: Gallery) -> None:
    register(gallery, "Ada", shades(3, 4))

    def unread() -> Iterator[npt.NDArray[np.uint8]]:
        raise AssertionError("a frame was read")
        yield

    with pytest.raises(EnrolmentError, match="ada is already enrolled"):
        enrol_person(
            "ada",
            unread(),
            detector=MODELS,
            embedder=MODELS,
            gallery=gallery,
            role=Role.MEMBER,
            authorised=False,
            config=EnrolmentConfig(),
        )


def test_face_of_an_enrolled_person_is_refused_under_another_name(gallery: Gallery) -> None:
    register(gallery, "Ada", shades(3, 4))
    with pytest.raises(EnrolmentError, match=r"already enrolled as Ada \(distance 0\.10"):
        register(gallery, "Eve", shades(3, 6))
    assert [person.name for person in gallery.people()] == ["Ada"]
    register(gallery, "Bob", shades(7, 4))


def index_of(*distances: float, variance: float = 0.0) -> TemplateIndex:
    """People of two templates each, at such distances from the origin, each along an axis."""
    people = [
        PersonTemplates(
            person=Person(
                person_id=f"{axis:032x}",
                name=f"person {axis}",
                role=Role.MEMBER,
                authorised=True,
                created_ns=0,
            ),
            templates=np.eye(8, dtype=np.float32)[[axis] * 2] * np.float32(distance),
        )
        for axis, distance in enumerate(distances)
    ]
    return TemplateIndex(people, template_variance=variance)


@pytest.mark.parametrize(("variance", "refused"), [(0.0, True), (0.11, True), (0.13, False)])
def test_both_means_are_corrected_when_people_are_compared(variance: float, refused: bool) -> None:
    # 0.25 + variance * (1/2 + 3/4) against a limit of 0.4, squared; the single ones are far.
    config = EnrolmentConfig(other_person_threshold=0.4**0.5)
    new = np.zeros((4, 8), np.float32)
    new[:, 7] = (2, -2, 2, -2)
    known = index_of(0.5, variance=variance)
    if refused:
        with pytest.raises(EnrolmentError, match="already enrolled as person 0"):
            refuse_other_person(new, known, config)
    else:
        refuse_other_person(new, known, config)


def test_the_more_are_enrolled_the_nearer_counts_as_the_same() -> None:
    config = EnrolmentConfig(other_person_threshold=0.5, gallery_penalty=0.1)
    new = np.zeros((4, 8), np.float32)
    with pytest.raises(EnrolmentError, match=r"\(distance 0\.45, need over 0\.50\)"):
        refuse_other_person(new, index_of(0.45), config)
    # 0.5 - 0.1 ln 2 is 0.43.
    refuse_other_person(new, index_of(0.45, 2.0), config)
    refuse_other_person(new, index_of(), config)


def test_gallery_of_another_model_is_refused(gallery: Gallery) -> None:
    gallery.add_person(
        "Old",
        np.ones((1, 128), np.float32),
        model_id="older",
        role=Role.MEMBER,
        authorised=True,
    )
    with pytest.raises(GalleryModelMismatchError, match="made with face model older"):
        register(gallery, "Ada", shades(3, 4))
