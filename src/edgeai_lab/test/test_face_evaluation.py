"""The whole way from pictures to rates, with models that read the answer off the picture."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edgeai_core.analyzers.faces.logic import FaceConfig
from edgeai_core.errors import DataError
from edgeai_core.geometry import Box
from edgeai_core.types import DetectedFace
from edgeai_lab.face_evaluation import evaluate
from edgeai_lab.face_lists import read_face_lists
from edgeai_lab.face_report import describe, save_plots
from edgeai_lab.face_templates import compute_templates


def face_at(x, y):
    return DetectedFace(
        box=Box(x - 4.0, y - 4.0, x + 4.0, y + 4.0),
        score=0.9,
        landmarks_xy_px=np.array([(x, y)] * 6, np.float32),
    )


class PixelDetector:
    """A face in the middle of every picture that is not black, and one in its corner."""

    def detect(self, image):
        return [face_at(4.0, 4.0), face_at(10.0, 10.0)] if image.any() else []


class PixelEmbedder:
    """The blue value at the face, over 100, is the whole template."""

    def align(self, image, face):
        x, y = face.box.center_px
        return image[None, int(y) : int(y) + 1, int(x) : int(x) + 1]

    def embed_chips(self, chips):
        return np.array([chips[0, 0, 0, 0] / 100], np.float32)


def paint(root, name, value):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.zeros((20, 20, 3), np.uint8)
    if value is not None:
        image[:8, :8] = 255  # the other face; it must not be taken
        image[8:, 8:] = value
    assert cv2.imwrite(str(path), image)


@pytest.fixture
def lists(tmp_path):
    # Ada is 0.4, Bob 1.2; Bob's last picture is as near to Ada, Ada's last one shows no face.
    for number, value in enumerate((40, 40, 40, 40, 50, None), start=1):
        paint(tmp_path, f"p/Ada/{number}.png", value)
    for number, value in enumerate((120, 120, 120, 120, 150, 64), start=1):
        paint(tmp_path, f"p/Bob/{number}.png", value)
    for number, value in enumerate((220, 132), start=1):
        paint(tmp_path, f"p/Eve{number}/1.png", value)
    people = [f"p/{name}/{number}.png" for name in ("Ada", "Bob") for number in range(1, 7)]
    (tmp_path / "gallery.txt").write_text("\n".join(people))
    (tmp_path / "unknown.txt").write_text("p/Eve1/1.png\np/Eve2/1.png\n")
    rows = ["same,a,b,fold"]
    for fold in (0, 1):
        rows += [
            f"1,p/Ada/1.png,p/Ada/5.png,{fold}",
            f"1,p/Ada/1.png,p/Ada/6.png,{fold}",
            f"0,p/Ada/1.png,p/Bob/1.png,{fold}",
            f"0,p/Ada/5.png,p/Bob/6.png,{fold}",
        ]
    (tmp_path / "pairs.csv").write_text("\n".join(rows))
    return read_face_lists(tmp_path)


PLAIN = FaceConfig(match_threshold=0.25, gallery_penalty=0.0, min_margin=0.0)


def measure(lists, config=PLAIN, template_variance=0.0):
    ticks = iter(range(10_000))
    templates = compute_templates(
        lists.root,
        lists.pictures,
        detector=PixelDetector(),
        embedder=PixelEmbedder(),
        clock_s=lambda: next(ticks) * 1e-3,
    )
    return evaluate(
        lists, templates, model_id="pixel", template_variance=template_variance, config=config
    )


def test_the_summary_holds_the_promised_keys_as_fractions(lists):
    assert measure(lists).result() == {
        # Per fold: 0.1 same, a missing face (always an error), 0.8 and 0.14 different.
        "verification_accuracy": 0.75,
        "tar_at_far_1pct": 0.5,
        "open_set_tar_at_far_1pct": 0.25,
        "open_set_tar_at_shipped_threshold": 0.25,
        "far_at_shipped_threshold": 0.5,
        "faces_not_found": 1,
        "ms": {"detect": 1.0, "align": 1.0, "embed": 1.0, "total": 3.0},
        "open_set_fused": [
            # Bob's 1.5 and 0.64 make 1.07, 0.13 from him; Ada has one probe with a face only.
            {
                "pictures": 2,
                "decisions": 1,
                "recognised": 1.0,
                "misidentified": 0.0,
                "strangers": 0,
                "strangers_accepted": None,
            },
            *(
                {
                    "pictures": pictures,
                    "decisions": 0,
                    "recognised": None,
                    "misidentified": None,
                    "strangers": 0,
                    "strangers_accepted": None,
                }
                for pictures in (3, 4)
            ),
        ],
    }


def test_a_person_taken_for_another_is_not_recognised(lists):
    found = measure(lists).open_set
    assert found.misidentified == 0.25  # Bob's last picture, 0.24 from Ada
    assert found.probes == pytest.approx([0.1, np.inf, 0.3, np.inf])
    assert found.strangers == pytest.approx([1.0, 0.12])


def test_the_open_set_follows_the_rule_of_the_gate(lists):
    config = FaceConfig(match_threshold=0.26, gallery_penalty=0.1, min_margin=0.0)
    found = measure(lists, config, template_variance=0.04).open_set
    # A mean of four lacks 0.03 of the variance, and of two people the limit falls by 0.1 ln 2.
    expected = [math.sqrt(d**2 + 0.03) + 0.1 * math.log(2) for d in (0.1, 0.3, 0.12, 1.0)]
    assert found.probes == pytest.approx([expected[0], np.inf, expected[1], np.inf])
    assert found.strangers == pytest.approx([expected[3], expected[2]])
    assert (found.recognised, found.strangers_accepted) == (0.0, 0.0)
    wider = measure(lists, replace(config, match_threshold=0.27), template_variance=0.04).open_set
    assert (wider.recognised, wider.strangers_accepted) == (0.25, 0.0)


def test_a_fused_face_is_judged_with_the_variance_that_its_mean_lacks(lists):
    # 0.13 from a mean of four, itself a mean of two: 0.03 and 0.02 of the variance are missing.
    limit = math.sqrt(0.13**2 + 0.03 + 0.02)
    for threshold, recognised in ((limit - 0.001, 0.0), (limit + 0.001, 1.0)):
        config = replace(PLAIN, match_threshold=threshold)
        [pair, *_] = measure(lists, config, template_variance=0.04).open_set.fused
        assert (pair.decisions, pair.recognised) == (1, recognised)


def test_strangers_with_several_pictures_are_fused_too(lists):
    for number, value in ((2, 232), (3, 128)):
        paint(lists.root, f"p/Eve1/{number}.png", value)
    names = [f"p/Eve1/{number}.png" for number in (1, 2, 3)]
    [pair, three, four] = measure(replace(lists, unknown=tuple(names))).open_set.fused
    # 2.2 and 2.32 are far from everybody, with 1.28 their mean is 1.93; a third is left over.
    assert (pair.strangers, pair.strangers_accepted) == (1, 0.0)
    assert (three.strangers, three.strangers_accepted) == (1, 0.0)
    assert (four.strangers, four.strangers_accepted) == (0, None)


def test_a_face_between_two_people_is_recognised_at_no_threshold(lists):
    found = measure(lists, replace(PLAIN, min_margin=0.5)).open_set
    # Ada 0.5 is 0.1 and 0.7 away, Bob 1.5 is 0.3 and 1.1; 2.2 and 1.32 are 0.8 nearer to Bob.
    assert found.probes == pytest.approx([0.1, np.inf, 0.3, np.inf])
    assert found.strangers == pytest.approx([1.0, 0.12])
    strict = measure(lists, replace(PLAIN, min_margin=0.7)).open_set
    assert strict.probes == pytest.approx([np.inf, np.inf, 0.3, np.inf])
    assert strict.recognised == 0.0


def test_parts_that_were_not_given_are_null(lists, tmp_path):
    (tmp_path / "pairs.csv").unlink()
    (tmp_path / "unknown.txt").unlink()
    result = measure(read_face_lists(tmp_path)).result()
    assert result["verification_accuracy"] is None
    assert result["open_set_tar_at_far_1pct"] is None
    assert result["far_at_shipped_threshold"] is None
    assert result["open_set_tar_at_shipped_threshold"] == 0.25


def test_without_strangers_the_false_accepts_are_those_of_the_pairs(lists, tmp_path):
    (tmp_path / "unknown.txt").unlink()
    assert measure(read_face_lists(tmp_path)).result()["far_at_shipped_threshold"] == 0.5


def test_the_report_names_model_rates_and_times(lists):
    text = describe(measure(lists))
    assert "model pixel, shipped threshold 0.25 (L2); 14 pictures, no face found in 1" in text
    assert "recognised 25.00 %, taken for another 25.00 %, strangers accepted 50.00 %" in text
    assert (
        "mean of 2 pictures, 1 decisions: recognised 100.00 %, taken for another 0.00 %, "
        "strangers accepted not measured (of 0)"
    ) in text
    assert "detect 1.00, align 1.00, embed 1.00, total 3.00" in text


def test_every_part_has_its_chart(lists, tmp_path):
    saved = save_plots(measure(lists), tmp_path / "plots")
    assert [path.name for path in saved] == [
        "verification_roc.png",
        "verification_distances.png",
        "open_set.png",
    ]
    assert all(cv2.imread(str(path)).shape == (600, 900, 3) for path in saved)


def test_an_unreadable_picture_stops_the_evaluation(lists):
    (lists.root / "p" / "Ada" / "1.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"Ada/1.png cannot be decoded \(10 bytes\)"):
        measure(lists)


def test_a_gallery_without_any_face_is_refused(lists):
    for path in lists.root.glob("p/*/[1-4].png"):
        paint(lists.root, str(path.relative_to(lists.root)), None)
    with pytest.raises(DataError, match="no enrolment picture"):
        measure(lists)
