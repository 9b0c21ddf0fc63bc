"""The real models on the real footage that set-up unpacks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgeai_core import catalog
from edgeai_core.analyzers.faces.face_mesh import FaceRegion, head_pose
from edgeai_core.analyzers.faces.model import FaceEmbedder, MeshFaceDetector
from edgeai_core.catalog import CATALOG
from edgeai_core.errors import EdgeAiError, SourceError
from edgeai_core.footage import FOOTAGE, footage_path
from edgeai_core.model_store import sha256_of

pytestmark = pytest.mark.demo
Image = npt.NDArray[np.uint8]
cpu_runtimes = pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])


@pytest.fixture(autouse=True, scope="module")
def _installed() -> None:
    problems = catalog.verify_all()
    if problems:
        pytest.skip(problems[0])


def _path(name: str) -> Path:
    try:
        return footage_path(name)
    except SourceError as exc:
        pytest.skip(str(exc))


def frames(name: str, wanted: list[int]) -> list[Image]:
    capture = cv2.VideoCapture(str(_path(name)))
    read = []
    for index in range(max(wanted) + 1):
        ok, image = capture.read()
        assert ok
        if index in wanted:
            read.append(np.asarray(image, np.uint8))
    capture.release()
    return read


def vga(image: Image) -> Image:
    """Return a picture letterboxed to 640 x 480, as the camera node hands it on."""
    scale = min(640 / image.shape[1], 480 / image.shape[0])
    canvas = np.zeros((480, 640, 3), np.uint8)
    width_px, height_px = round(image.shape[1] * scale), round(image.shape[0] * scale)
    left, top = (640 - width_px) // 2, (480 - height_px) // 2
    canvas[top : top + height_px, left : left + width_px] = cv2.resize(image, (width_px, height_px))
    return canvas


@pytest.fixture(scope="module")
def detector() -> MeshFaceDetector:
    return catalog.create_face_detector(runtime="openvino")


@pytest.fixture(scope="module")
def embedder() -> FaceEmbedder:
    return catalog.create_face_embedder(runtime="openvino")


@pytest.fixture(scope="module")
def template_of(
    detector: MeshFaceDetector, embedder: FaceEmbedder
) -> Callable[[Image], npt.NDArray[np.float32]]:
    def compute(image: Image) -> npt.NDArray[np.float32]:
        [face] = detector.detect(image)
        return embedder.embed(image, face)

    return compute


@pytest.mark.parametrize("name", FOOTAGE)
def test_footage_is_what_its_card_says(name: str) -> None:
    entry = FOOTAGE[name]
    path = _path(name)
    assert sha256_of(path) == entry.sha256
    capture = cv2.VideoCapture(str(path))
    ok, image = capture.read()
    assert ok
    assert image.shape[:2] == (entry.height_px, entry.width_px)
    if entry.frame_count > 1:
        assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(entry.fps, abs=0.01)
        assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == entry.frame_count
    capture.release()


def test_the_talking_head_has_one_face_in_every_frame(detector: MeshFaceDetector) -> None:
    for image in frames("carphone", list(range(0, 120, 8))):
        for picture in (image, vga(image)):
            [face] = detector.detect(picture)
            right_eye, left_eye, _, mouth = face.landmarks_xy_px[:4]
            assert right_eye[0] < left_eye[0]
            assert max(right_eye[1], left_eye[1]) < mouth[1]
            assert 0.2 < face.box.width_px / picture.shape[1] < 0.45


def test_the_mesh_lies_on_the_talking_head(detector: MeshFaceDetector) -> None:
    for image in frames("carphone", list(range(0, 120, 24))):
        [face] = detector.detect(image)
        assert face.mesh_xyz_px is not None
        # The outer corners of the mesh's eyes enclose the detector's eyes, on their height.
        right, left = face.mesh_xyz_px[33], face.mesh_xyz_px[263]
        right_eye, left_eye = face.landmarks_xy_px[:2]
        width_px = float(left[0] - right[0])
        assert right[0] < right_eye[0] < left_eye[0] < left[0]
        assert abs(right[1] - right_eye[1]) < 0.2 * width_px
        assert abs(left[1] - left_eye[1]) < 0.2 * width_px
        pose = head_pose(face.mesh_xyz_px)
        assert max(abs(pose.yaw_deg), abs(pose.pitch_deg), abs(pose.roll_deg)) < 40.0
        following = FaceRegion.around_mesh(face.mesh_xyz_px)
        assert following.side_px == pytest.approx(
            FaceRegion.around_detection(face).side_px, rel=0.3
        )


def test_the_same_person_is_near_and_another_is_far(
    template_of: Callable[[Image], npt.NDArray[np.float32]], embedder: FaceEmbedder
) -> None:
    clip = [vga(image) for image in frames("carphone", list(range(0, 120, 12)))]
    enrolled = template_of(clip[0])
    same = [float(np.linalg.norm(template_of(image) - enrolled)) for image in clip]
    picture = cv2.imread(str(_path("astronaut")))
    assert picture is not None
    other = float(np.linalg.norm(template_of(np.asarray(picture, np.uint8)) - enrolled))
    assert max(same) < embedder.recommended_threshold - 0.1
    assert other > embedder.recommended_threshold + 0.2


def test_a_mirrored_face_has_nearly_the_same_template(
    template_of: Callable[[Image], npt.NDArray[np.float32]],
) -> None:
    [image] = frames("carphone", [0])
    mirrored = np.ascontiguousarray(image[:, ::-1])
    assert float(np.linalg.norm(template_of(image) - template_of(mirrored))) < 0.25


@cpu_runtimes
def test_pedestrians_are_found_where_they_walk(runtime: str) -> None:
    model = catalog.create_object_detector(runtime=runtime, labels=["person"])
    [image] = frames("vtest", [0])
    found = model.detect(image)
    # The network that the weights of COCO's classes come from gives the same three.
    assert [round(f.score, 3) for f in found] == [0.851, 0.827, 0.824]
    assert found[1].box.as_xyxy() == pytest.approx((252.6, 218.1, 283.8, 308.7), abs=0.5)


def test_runtimes_agree_on_a_face() -> None:
    [image] = frames("carphone", [0])
    [face] = catalog.create_face_detector(runtime="openvino").detect(image)
    templates = [
        catalog.create_face_embedder(runtime=runtime).embed(image, face)
        for runtime in ("openvino", "onnxruntime")
    ]
    assert float(np.linalg.norm(templates[0] - templates[1])) < 1e-4


def test_auto_opens_every_model() -> None:
    for create in (
        catalog.create_face_detector,
        catalog.create_face_embedder,
        catalog.create_object_detector,
    ):
        model = create()
        assert set(model.runtime_name.split(" + ")) <= {"openvino", "onnxruntime"}
        model.close()


def test_a_damaged_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEAI_MODEL_DIR", str(tmp_path))
    card = CATALOG[catalog.DEFAULT_FACE_DETECTOR]
    (tmp_path / card.file_name).write_bytes(b"something else")
    with pytest.raises(EdgeAiError, match="was replaced: delete it and run"):
        catalog.create_face_detector()
