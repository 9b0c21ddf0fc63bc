"""What needs no torch: recipe, parts of the data, variation, figures, card."""

import json
from pathlib import Path

import numpy as np
import pytest

from edgeai_core.errors import ConfigError, DataError, ModelError, ModelIntegrityError
from edgeai_lab.classifier.card import read_card
from edgeai_lab.classifier.evaluation import write_scores
from edgeai_lab.classifier.examples import Example, divide, label_pictures
from edgeai_lab.classifier.figures import area_under_roc, describe, measure
from edgeai_lab.classifier.recipe import Variation, read_recipe
from edgeai_lab.classifier.variation import vary
from edgeai_lab.data.sets import DataSet, LabelBox, LabelledPicture, Layout
from edgeai_lab.data.split import SplitRow


class TestRecipe:
    def test_the_file_is_below_the_command_line(self, tmp_path):
        path = tmp_path / "recipe.yaml"
        path.write_text("epochs: 5\nclasses: [fire = Fire]\nvariation:\n  mirror: false\n")
        recipe = read_recipe(path, {"epochs": 7})
        assert recipe.epochs == 7
        assert recipe.classes == ("fire = Fire",)
        assert recipe.variation == Variation(mirror=False)

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            ("epoch: 5\n", r"recipe\.yaml: unknown parameter epoch .* did you mean epochs"),
            ("variation: {mirrors: true}\n", "did you mean variation.mirror"),
            ("regime: frozen\n", "expected one of fixed, finetune, scratch"),
            ("epochs: many\n", "expected int"),
            ("- epochs\n", "expected lines such as epochs: 30"),
            ("epochs: [\n", "cannot be read"),
        ],
    )
    def test_what_is_no_setting_is_refused(self, tmp_path, content, problem):
        path = tmp_path / "recipe.yaml"
        path.write_text(content)
        with pytest.raises(ConfigError, match=problem):
            read_recipe(path, {})


def picture(name, *labels):
    boxes = tuple(
        LabelBox(label=label, x_min=0, y_min=0, x_max=0.1 * (n + 1), y_max=1)
        for n, label in enumerate(labels)
    )
    label = labels[-1] if labels else ""
    return LabelledPicture(path=Path(name), name=name, label=label, boxes=boxes)


class TestLabels:
    data = DataSet(
        root=Path("."),
        layout=Layout.YOLO,
        pictures=(picture("1", "Flame", "Smoke"), picture("2", "Smoke"), picture("3")),
    )

    def labels(self, *rules, no_boxes=""):
        found = label_pictures(self.data, rules=rules, no_boxes=no_boxes)
        return {picture.name: picture.label for picture in found}

    def test_without_rules_the_class_that_covers_most_counts(self):
        assert self.labels() == {"1": "Smoke", "2": "Smoke"}

    def test_the_first_rule_that_fits_counts(self):
        assert self.labels("fire = Flame", "early = Smoke", no_boxes="none") == {
            "1": "fire",
            "2": "early",
            "3": "none",
        }

    def test_what_no_rule_names_is_left_out(self):
        assert self.labels("fire = Flame") == {"1": "fire"}

    @pytest.mark.parametrize("rule", ["Flame", "fire =", "= Flame"])
    def test_a_malformed_rule_is_told(self, rule):
        with pytest.raises(ConfigError, match="is no rule"):
            self.labels(rule)

    def test_a_class_that_the_data_do_not_have_is_told(self):
        with pytest.raises(ConfigError, match=r"names Lamp; the data have Flame, Smoke"):
            self.labels("fire = Flame, Lamp")

    def test_rules_are_for_boxes(self):
        folders = DataSet(root=Path("."), layout=Layout.FOLDERS, pictures=())
        with pytest.raises(ConfigError, match="these are folders"):
            label_pictures(folders, rules=["a = b"])


class TestParts:
    def rows(self, folds):
        return [
            SplitRow(name=f"{label}{fold}", label=label, group=f"{label}{fold}", fold=fold)
            for fold in folds
            for label in "ab"
        ]

    def parts(self, rows, held_out_fold=0):
        pictures = {
            row.name: LabelledPicture(path=Path(row.name), name=row.name, label=row.label)
            for row in rows
        }
        return divide(rows, pictures, held_out_fold=held_out_fold)

    def test_one_fold_is_held_out_and_the_next_one_validates(self):
        examples = self.parts(self.rows(range(4)), held_out_fold=3)
        assert [e.name for e in examples.held_out] == ["a3", "b3"]
        assert [e.name for e in examples.validation] == ["a0", "b0"]
        assert [e.name for e in examples.training] == ["a1", "b1", "a2", "b2"]
        assert [e.label for e in examples.training] == [0, 1, 0, 1]

    def test_too_few_folds_are_told(self):
        with pytest.raises(DataError, match="needs three or more"):
            self.parts(self.rows(range(2)))

    def test_a_class_that_a_part_lacks_is_told(self):
        rows = [row for row in self.rows(range(3)) if row.name != "b1"]
        with pytest.raises(DataError, match="no picture of b in the validation part"):
            self.parts(rows)

    def test_a_single_class_is_told(self):
        rows = [row for row in self.rows(range(3)) if row.label == "a"]
        with pytest.raises(DataError, match="needs two classes or more, got a"):
            self.parts(rows)


class TestVariation:
    still = Variation(
        mirror=False,
        smallest_crop=1.0,
        stretch=1.0,
        rotation_deg=0.0,
        brightness=0.0,
        contrast=0.0,
        saturation=0.0,
    )

    def painted(self, side=32):
        return np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)

    def test_without_any_variation_it_is_the_picture(self):
        picture = self.painted()
        varied = vary(picture, self.still, side_px=32, rng=np.random.default_rng(0))
        assert np.abs(varied.astype(int) - picture).max() <= 1

    def test_the_same_chance_gives_the_same_copy_and_another_one_another(self):
        copies = [
            vary(self.painted(), Variation(), side_px=24, rng=np.random.default_rng(seed))
            for seed in (1, 1, 2)
        ]
        assert copies[0].shape == (24, 24, 3)
        assert np.array_equal(copies[0], copies[1])
        assert not np.array_equal(copies[0], copies[2])

    def test_a_crop_keeps_its_share(self):
        # Left half black, right half white: the share of white says what was cut.
        half = np.zeros((64, 64, 3), np.uint8)
        half[:, 32:] = 255
        cut = Variation(**{**as_dict(self.still), "smallest_crop": 0.05})
        means = [
            vary(half, cut, side_px=16, rng=np.random.default_rng(seed)).mean() / 255
            for seed in range(40)
        ]
        assert min(means) < 0.1
        assert max(means) > 0.9

    def test_a_large_picture_is_averaged_and_not_skipped(self):
        stripes = np.zeros((512, 512, 3), np.uint8)
        stripes[:, ::2] = 255
        varied = vary(stripes, self.still, side_px=16, rng=np.random.default_rng(0))
        assert varied.mean() == pytest.approx(127.5, abs=3)
        assert varied.std() < 20


def as_dict(variation):
    return {name: getattr(variation, name) for name in variation.__slots__}


class TestFigures:
    scores = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]], np.float32)

    def test_they_are_those_of_a_hand_count(self):
        figures = measure(self.scores, [0, 0, 1, 1], ["no", "yes"])
        assert (figures.accuracy, figures.balanced_accuracy) == (0.75, 0.75)
        assert figures.confusion == ((1, 1), (0, 2))
        yes = figures.classes["yes"]
        assert (yes.recall, yes.precision, yes.auc) == (1.0, pytest.approx(2 / 3), 1.0)
        assert "no: 2 pictures, recall 50.00 %" in describe(figures)
        assert figures.result()["confusion"] == [[1, 1], [0, 2]]

    def test_a_class_without_pictures_is_not_counted(self):
        figures = measure(self.scores[2:], [1, 1], ["no", "yes"])
        assert figures.balanced_accuracy == 1.0
        assert figures.result()["classes"]["no"]["recall"] is None

    def test_equal_scores_count_half(self):
        positive = np.array([True, False, True, False])
        assert area_under_roc(np.array([1.0, 1.0, 2.0, 0.0]), positive) == 0.875

    def test_the_most_certain_errors_come_first(self, tmp_path):
        examples = [
            Example(path=Path(n), name=n, label=label, group=n)
            for n, label in (("a", 0), ("b", 0), ("c", 0), ("d", 1))
        ]
        write_scores(tmp_path / "scores.csv", examples, self.scores, ["no", "yes"])
        rows = (tmp_path / "scores.csv").read_text().splitlines()
        assert rows[1] == "c,no,yes,0.300000,0.700000"
        assert [row[0] for row in rows[1:]] == ["c", "b", "d", "a"]


class TestCard:
    def test_a_file_without_its_card_is_told(self, tmp_path):
        (tmp_path / "net.onnx").write_bytes(b"net")
        with pytest.raises(ModelError, match=r"with its \.json beside it"):
            read_card(tmp_path / "net.onnx")

    def test_another_file_than_the_card_s_is_refused(self, tmp_path):
        (tmp_path / "net.onnx").write_bytes(b"net")
        card = {
            "sha256": "0" * 64,
            "classes": ["a", "b"],
            "input": {"shape": [1, 8, 8, 3]},
            "recipe": {"classes": [], "no_boxes": ""},
        }
        (tmp_path / "net.json").write_text(json.dumps(card))
        with pytest.raises(ModelIntegrityError, match="its card says 000000000000"):
            read_card(tmp_path / "net.onnx")
