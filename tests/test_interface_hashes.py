"""The stand-ins must be, on the wire, the released packages."""

import json
import pathlib

import pytest
from ament_index_python.packages import get_package_share_directory

# sha256 part of the RIHS01 hash, from the released packages' own definitions (4.1.1; Jazzy).
TF_MESSAGE = "e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087"
RELEASED = {
    "BoundingBox2D": "008eacbb0cf8f26e83795547bed013eec3675485ef386ec056d80eaaf1c1ce2f",
    "Detection2D": "0d12b69df5c593b3455b7346fac8205437a7d4bcb09b9e0e0b2dde787ded38ea",
    "Detection2DArray": "214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968",
    "LabelInfo": "3d37df4015cdf660cc851c51897f2acd957e1ca6205ba0a99aebffb9406b0783",
    "ObjectHypothesis": "51da43cec11c01957a64d1e05a24acd18aae7745ec30b74348ad5f6d634f7f90",
    "ObjectHypothesisWithPose": "41c12344c0396c48b81df12467c192d99b2a0eb1463c5c37194e4223251c80bc",
    "Point2D": "eab0e83f44ab4de92ceaf76dd7d0e7638f2bdd1d16ffbe16c7a136c48e407247",
    "Pose2D": "b0b5d1d7b4c20dd4fcde3ed1d4b289a919290572007d67a97043814db25d3648",
    "VisionClass": "1e4a11f0fed50b5623cb8ff26ca0e37952a48a9c074d16f804b44e9164c2037a",
    "VisionInfo": "95d3116a17484ad91c9a2686e1d54890bbfc3ff6c6a2de137738c4950d45d284",
}


def _read_hashes(package: str, message: str) -> dict[str, str]:
    share = pathlib.Path(get_package_share_directory(package))
    description = json.loads((share / "msg" / f"{message}.json").read_text(encoding="utf-8"))
    return {entry["type_name"]: entry["hash_string"] for entry in description["type_hashes"]}


@pytest.mark.parametrize("message", RELEASED)
def test_vision_msgs_has_the_released_type_hash(message: str) -> None:
    assert (
        _read_hashes("vision_msgs", message)[f"vision_msgs/msg/{message}"]
        == f"RIHS01_{RELEASED[message]}"
    )


def test_tf2_msgs_has_the_released_type_hash() -> None:
    hashes = _read_hashes("tf2_msgs", "TFMessage")
    assert hashes["tf2_msgs/msg/TFMessage"] == f"RIHS01_{TF_MESSAGE}"


def test_every_message_of_the_stand_in_is_covered() -> None:
    root = pathlib.Path(__file__).resolve().parent.parent
    sources = (root / "wheels" / "vision_msgs" / "msg").glob("*.msg")
    assert sorted(source.stem for source in sources) == sorted(RELEASED)


def test_face_matches_carry_the_released_box() -> None:
    used = _read_hashes("edgeai_msgs", "FaceMatchArray")
    boxes = {name: value for name, value in used.items() if name.startswith("vision_msgs/")}
    assert boxes
    for name, value in boxes.items():
        assert value == f"RIHS01_{RELEASED[name.rpartition('/')[2]]}"
