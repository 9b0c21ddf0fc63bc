import json
from argparse import Namespace

import cv2
import numpy as np
import pytest

from edgeai_core.errors import DataError
from edgeai_lab.commands import run_lab
from edgeai_lab.data.audit import audit
from edgeai_lab.data.groups import NearPair
from edgeai_lab.data.report import report_data
from edgeai_lab.data.sets import LabelBox, Layout, read_data_set
from edgeai_lab.data.yolo import largest_label


def paint(path, value, size=(40, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((size[1], size[0], 3), value, np.uint8))


@pytest.fixture
def yolo(tmp_path):
    """Three pictures: flame and smoke, smoke only, nothing said."""
    for number in range(3):
        paint(tmp_path / "images" / f"{number}.png", 60 * number)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "0.txt").write_text("0 0.25 0.5 0.5 1.0\n1 0.75 0.5 0.1 0.1\n")
    (tmp_path / "labels" / "1.txt").write_text("1 0.5 0.5 0.2 0.2\n")
    (tmp_path / "data.yaml").write_text("names: [flame, smoke]\n")
    return tmp_path


@pytest.fixture
def folders(tmp_path):
    paint(tmp_path / "cat" / "2.png", 10)
    paint(tmp_path / "cat" / "10.png", 10)
    paint(tmp_path / "dog" / "1.png", 10, size=(80, 50))
    (tmp_path / "dog" / "2.jpg").write_bytes(b"no picture")
    return tmp_path


class TestReading:
    def test_a_folder_is_a_class(self, folders):
        data = read_data_set(folders)
        assert data.layout is Layout.FOLDERS
        assert [(p.name, p.label) for p in data.pictures] == [
            ("cat/2.png", "cat"),
            ("cat/10.png", "cat"),
            ("dog/1.png", "dog"),
            ("dog/2.jpg", "dog"),
        ]

    def test_a_yolo_picture_is_of_the_class_that_covers_most(self, yolo):
        data = read_data_set(yolo)
        assert data.layout is Layout.YOLO
        assert [p.label for p in data.pictures] == ["flame", "smoke", ""]
        assert [p.content for p in data.pictures] == ["flame+smoke", "smoke", ""]
        box = data.pictures[0].boxes[0]
        assert (box.x_min, box.y_min, box.x_max, box.y_max) == (0.0, 0.0, 0.5, 1.0)

    def test_the_parts_of_a_yolo_set_are_read_together(self, yolo, tmp_path):
        whole = tmp_path / "whole"
        for part in ("train", "valid"):
            paint(whole / part / "images" / f"{part}.png", 5)
            (whole / part / "labels").mkdir()
            (whole / part / "labels" / f"{part}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
        (whole / "data.yaml").write_text("names: {0: gun}\n")
        assert [(p.name, p.label) for p in read_data_set(whole).pictures] == [
            ("train/images/train.png", "gun"),
            ("valid/images/valid.png", "gun"),
        ]

    @pytest.mark.parametrize(
        ("line", "problem"),
        [
            ("2 0.5 0.5 0.1 0.1", "class 2, but there are 2"),
            ("0 0.5 0.5 0.1", "3 numbers behind the class"),
            ("0 0.9 0.5 0.5 0.1", "leaves the picture"),
            ("0 0.5 0.5 0 0.1", "is empty"),
            ("0 0.5 0.5 nan 0.1", "leaves the picture"),
            ("fire 0.5 0.5 0.1 0.1", "invalid literal"),
        ],
    )
    def test_a_line_that_is_no_box_is_left_out_and_told(self, yolo, line, problem):
        (yolo / "labels" / "1.txt").write_text(f"{line}\n1 0.5 0.5 0.2 0.2\n")
        data = read_data_set(yolo)
        assert len(data.pictures[1].boxes) == 1
        assert len(data.problems) == 1
        assert data.problems[0].startswith("1.txt line 1: ")
        assert problem in data.problems[0]

    def test_an_outline_becomes_its_box(self, yolo):
        (yolo / "labels" / "1.txt").write_text("1 0.1 0.2 0.5 0.3 0.4 0.8\n")
        box = read_data_set(yolo).pictures[1].boxes[0]
        assert (box.x_min, box.y_min, box.x_max, box.y_max) == (0.1, 0.2, 0.5, 0.8)

    def test_of_classes_that_cover_alike_the_first_by_name_counts(self):
        half = {"x_min": 0.0, "y_min": 0.0, "x_max": 0.5, "y_max": 0.5}
        assert largest_label([LabelBox(label=label, **half) for label in ("b", "a")]) == "a"
        assert largest_label([]) == ""

    def test_nothing_to_read_is_told(self, tmp_path):
        with pytest.raises(DataError, match="is not a folder"):
            read_data_set(tmp_path / "none")
        with pytest.raises(DataError, match=r"no picture in .* expected CLASS/picture\.jpg"):
            read_data_set(tmp_path)

    def test_a_list_of_classes_that_cannot_be_read_is_told(self, yolo):
        (yolo / "data.yaml").write_text("names: []\n")
        with pytest.raises(DataError, match="names no classes"):
            read_data_set(yolo)


class TestReport:
    def test_it_counts_classes_sizes_broken_and_equal_files(self, folders):
        report = report_data(read_data_set(folders))
        assert report.pictures == {"cat": 2, "dog": 1}
        assert report.imbalance == 2.0
        assert (report.widths_px.smallest, report.widths_px.largest) == (40, 80)
        assert len(report.broken) == 1
        assert "2.jpg" in report.broken[0]
        assert report.duplicates == (("cat/2.png", "cat/10.png"),)
        assert report.conflicting == ()

    def test_equal_files_with_different_labels_are_conflicts(self, folders):
        paint(folders / "dog" / "3.png", 10)
        report = report_data(read_data_set(folders))
        assert report.conflicting == (("cat/2.png", "cat/10.png", "dog/3.png"),)

    def test_boxes_are_counted_small_ones_apart(self, yolo):
        (yolo / "labels" / "2.txt").write_text("1 0.5 0.5 0.05 0.05\n")
        report = report_data(read_data_set(yolo))
        assert report.boxes == {"flame": 1, "smoke": 3}
        assert report.small_boxes == {"smoke": 1}

    def test_the_command_prints_and_writes_it(self, folders, tmp_path, capsys):
        out = tmp_path / "out.json"
        assert run_lab(Namespace(lab_command="data report", data=folders, json=out)) == 0
        assert json.loads(out.read_text())["pictures"] == {"cat": 2, "dog": 1}
        assert "cat: 2 pictures  66.7 %" in capsys.readouterr().out


class TestAudit:
    def test_sheets_show_each_class_and_twins_that_disagree(self, yolo, tmp_path):
        data = read_data_set(yolo)
        pairs = [
            NearPair(first=0, second=1, cosine=0.95),
            NearPair(first=1, second=2, cosine=0.99),
        ]
        out = tmp_path / "sheets"
        result = audit(data, pairs, out)
        assert sorted(path.name for path in result.sheets) == [
            "flame_1.jpg",
            "no_label_1.jpg",
            "smoke_1.jpg",
            "twins_1.jpg",
        ]
        assert (result.twins, len(result.disagreeing)) == (2, 2)
        rows = (out / "twins.csv").read_text().splitlines()
        assert rows[1:] == [
            "images/1.png,smoke,images/2.png,,0.9900",
            "images/0.png,flame+smoke,images/1.png,smoke,0.9500",
        ]

    def test_boxes_are_drawn_where_they_are(self, yolo, tmp_path):
        audit(read_data_set(yolo), [], tmp_path / "sheets")
        sheet = cv2.imread(str(tmp_path / "sheets" / "smoke_1.jpg"))
        assert sheet.shape == (240, 240, 3)
        # The picture is 240 x 180 of grey 60; the box runs from 0.4 to 0.6 of it.
        assert sheet[20, 20].tolist() == pytest.approx([60, 60, 60], abs=6)
        edge = sheet[90, 96].astype(int)
        assert edge[0] > 130
        assert edge[2] < 80
