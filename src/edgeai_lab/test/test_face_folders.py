import cv2
import numpy as np
import pytest

from edgeai_core.analyzers.faces.enrolment import EnrolmentConfig
from edgeai_core.errors import DataError
from edgeai_core.geometry import Box
from edgeai_core.types import DetectedFace
from edgeai_lab.face_classifier import ClassifierKind, FaceClassifier, Prediction
from edgeai_lab.face_folders import (
    Rejection,
    align_people,
    embed_files,
    predict_people,
    read_chip,
    upright_chip,
)


class WidthDetector:
    """As many faces as the first pixel's blue tells, 70 px wide, or 20 where its green is 1."""

    def detect(self, image):
        side = 20.0 if image[0, 0, 1] == 1 else 70.0
        face = DetectedFace(
            box=Box(10.0, 10.0, 10.0 + side, 10.0 + side),
            score=0.9,
            landmarks_xy_px=np.zeros((6, 2), np.float32),
        )
        return [face] * int(image[0, 0, 0])


class CornerEmbedder:
    def embed_chips(self, chips):
        return chips[0, 0, 0].astype(np.float32)


def cut_orange(image, face):
    if image[0, 0, 2] == 9:
        raise ValueError("the points coincide")
    return np.full((150, 150, 3), (255, 128, 0), np.uint8)  # RGB


def paint(path, *, faces=1, small=False, flat=False, unalignable=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(1).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    image = np.full((100, 100, 3), 90, np.uint8) if flat else noise
    image[0, 0] = (faces, int(small), 9 if unalignable else 0)
    assert cv2.imwrite(str(path), image)


@pytest.fixture
def people(tmp_path):
    folder = tmp_path / "people"
    paint(folder / "Ada" / "good.png")
    paint(folder / "Ada" / "none.png", faces=0)
    paint(folder / "Ada" / "two.png", faces=2)
    paint(folder / "Bob" / "far.png", small=True)
    paint(folder / "Bob" / "flat.png", flat=True)
    paint(folder / "Bob" / "odd.png", unalignable=True)
    (folder / "Bob" / "broken.jpg").write_bytes(b"no picture")
    (folder / "Bob" / "notes.txt").write_text("not a picture")
    return folder


def align(people, target, **options):
    return align_people(
        people,
        target,
        detector=WidthDetector(),
        align=cut_orange,
        config=EnrolmentConfig(min_face_px=60, min_sharpness=20.0),
        **options,
    )


def test_every_picture_gives_a_chip_or_a_reason(people, tmp_path):
    result = align(people, tmp_path / "chips")
    assert result.chips == 1
    assert result.rejections == (
        Rejection(person="Ada", file="none.png", reason="no face"),
        Rejection(person="Ada", file="two.png", reason="several faces", detail="2 faces"),
        Rejection(person="Bob", file="broken.jpg", reason="unreadable picture"),
        Rejection(person="Bob", file="far.png", reason="too small", detail="20 of 60 px"),
        Rejection(person="Bob", file="flat.png", reason="blurred", detail="sharpness 0.0 of 20"),
        Rejection(
            person="Bob",
            file="odd.png",
            reason="no usable template",
            detail="the points coincide",
        ),
    )
    rows = (tmp_path / "chips" / "rejections.csv").read_text().splitlines()
    assert rows[0] == "person,file,reason,detail"
    assert rows[2] == "Ada,two.png,several faces,2 faces"
    assert len(rows) == 7


def test_the_most_central_of_several_faces_can_be_taken(people, tmp_path):
    assert align(people, tmp_path / "chips", several_faces=True).chips == 2


def test_chips_keep_their_colours(people, tmp_path):
    align(people, tmp_path / "chips")
    chip = tmp_path / "chips" / "Ada" / "good.png.png"
    assert read_chip(chip)[0, 0].tolist() == [255, 128, 0]
    assert embed_files([chip], embedder=CornerEmbedder()).tolist() == [[255.0, 128.0, 0.0]]


def test_a_face_without_a_mesh_gives_no_chip():
    image = np.ones((100, 100, 3), np.uint8)
    with pytest.raises(ValueError, match="no mesh"):
        upright_chip(image, WidthDetector().detect(image)[0])


def test_a_picture_that_is_no_chip_is_refused(people):
    with pytest.raises(DataError, match="100 x 100 px, expected an aligned chip of 150 x 150"):
        read_chip(people / "Ada" / "good.png")


def test_a_target_with_something_in_it_is_left_alone(people, tmp_path):
    target = tmp_path / "chips"
    target.mkdir()
    (target / "mine").write_text("")
    with pytest.raises(DataError, match="is not empty"):
        align(people, target)


def test_a_folder_without_people_is_refused(tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        align(tmp_path / "none", tmp_path / "chips")
    with pytest.raises(DataError, match="no picture in the folders"):
        align(tmp_path, tmp_path / "chips")


def test_people_are_predicted_by_the_central_face(people):
    classifier = FaceClassifier(
        kind=ClassifierKind.LINEAR_SVM,
        people=("Ada", "Bob"),
        model_id="corner",
        threshold=1.0,
        means=np.array([[255, 128, 0], [0, 0, 0]], np.float32),
        vectors=np.array([[1, 0, 0], [-1, 0, 0]], np.float32),
        offsets=np.zeros(2, np.float32),
    )
    found = predict_people(
        [people / "Ada" / name for name in ("good.png", "none.png", "two.png")]
        + [people / "Bob" / "odd.png"],
        classifier=classifier,
        detector=WidthDetector(),
        embedder=CornerEmbedder(),
        align=cut_orange,
    )
    known = Prediction(person="Ada", distance=0.0)
    assert list(found.values()) == [known, None, known, None]
