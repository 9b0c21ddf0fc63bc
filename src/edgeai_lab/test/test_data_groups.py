import re
import sys
from argparse import Namespace
from collections import Counter
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from edgeai_core.errors import DataError
from edgeai_lab.commands import run_lab
from edgeai_lab.data.groups import NearPair, cluster, fold_groups, near_pairs, source_of
from edgeai_lab.data.split import SplitRow, read_split, write_split


def unit(degrees):
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


class TestClusters:
    def test_pairs_are_those_whose_cosine_reaches_the_limit(self):
        found = near_pairs(unit([0, 10, 50, 140]), min_cosine=0.76)
        assert [(pair.first, pair.second) for pair in found] == [(0, 1), (1, 2)]
        assert found[0].cosine == pytest.approx(np.cos(np.radians(10)), abs=1e-6)

    def test_a_chain_of_near_pictures_is_one_cluster(self):
        pairs = [NearPair(first=a, second=b, cosine=1.0) for a, b in [(3, 4), (1, 3), (0, 5)]]
        assert cluster(6, pairs) == [0, 1, 2, 1, 1, 0]

    def test_more_pictures_than_are_compared_at_once(self):
        features = unit(np.repeat(np.arange(3) * 90.0, 400))
        assert len(set(cluster(1200, near_pairs(features)))) == 3


class TestSources:
    @pytest.mark.parametrize(
        ("name", "source"),
        [
            ("Accident/test27__test27_6.jpg", "test27__test27"),
            ("images/frame_177_png.rf.8e68dbd55abb.jpg", "frame"),
            ("fire/fire.657.jpg", "fire"),
            ("a/0001.png", "0001"),
        ],
    )
    def test_the_last_number_counts_within_a_source(self, name, source):
        assert source_of(name) == source

    def test_a_pattern_says_it_better(self):
        assert source_of("night/cam2/7.jpg", re.compile(r"^[^/]+/([^/]+)/")) == "cam2"
        with pytest.raises(DataError, match=r"finds no source in 7\.jpg"):
            source_of("7.jpg", re.compile(r"^([^/]+)/"))


class TestFolds:
    groups = tuple(f"g{number // 3}" for number in range(60))
    labels = tuple("rare" if number % 12 < 3 else "common" for number in range(60))

    def test_no_group_is_torn_and_classes_are_even(self):
        folds = fold_groups(self.groups, self.labels, folds=5, seed=0)
        assert all(
            len({f for f, g in zip(folds, self.groups, strict=True) if g == n}) == 1
            for n in set(self.groups)
        )
        counts = Counter(zip(folds, self.labels, strict=True))
        assert [counts[fold, "rare"] for fold in range(5)] == [3] * 5
        assert [counts[fold, "common"] for fold in range(5)] == [9] * 5

    def test_the_seed_decides_and_the_same_seed_decides_alike(self):
        first = fold_groups(self.groups, self.labels, folds=5, seed=1)
        assert fold_groups(self.groups, self.labels, folds=5, seed=1) == first
        assert fold_groups(self.groups, self.labels, folds=5, seed=2) != first

    def test_too_few_groups_are_told(self):
        with pytest.raises(DataError, match="2 groups cannot be dealt to 5 folds"):
            fold_groups(["a", "b", "b"], ["x"] * 3, folds=5, seed=0)


class TestFiles:
    rows = (
        SplitRow(name="a/1,2.png", label="a", group="clip", fold=0),
        SplitRow(name="b/1.png", label="b", group="other", fold=1),
    )

    def test_a_split_survives_the_file(self, tmp_path):
        path = tmp_path / "new" / "split.csv"
        write_split(path, self.rows)
        assert tuple(read_split(path).values()) == self.rows

    def test_a_torn_group_is_refused(self, tmp_path):
        path = tmp_path / "split.csv"
        write_split(path, [self.rows[0], SplitRow(name="x", label="a", group="clip", fold=1)])
        with pytest.raises(DataError, match="group clip is in several folds"):
            read_split(path)

    @pytest.mark.parametrize(
        ("content", "problem"),
        [("name,fold\n", "expected the columns"), ("name,label,group,fold\na,b,c,x\n", "row of a")],
    )
    def test_a_malformed_file_is_told(self, tmp_path, content, problem):
        path = tmp_path / "split.csv"
        path.write_text(content)
        with pytest.raises(DataError, match=problem):
            read_split(path)


@pytest.fixture
def clips(tmp_path):
    for label in ("calm", "crash"):
        for clip in range(3):
            for frame in range(2):
                path = tmp_path / "data" / label / f"{label}{clip}__{frame}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                assert cv2.imwrite(str(path), np.full((8, 8, 3), 40 * clip, np.uint8))
    return tmp_path


def split_arguments(clips, **changes):
    settings = {
        "lab_command": "data split",
        "data": clips / "data",
        "by": "source",
        "source_pattern": None,
        "min_cosine": 0.93,
        "folds": 3,
        "seed": 0,
        "out": clips / "split.csv",
    }
    return Namespace(**(settings | changes))


def test_the_command_splits_by_source(clips, capsys):
    assert run_lab(split_arguments(clips)) == 0
    rows = read_split(clips / "split.csv").values()
    assert {row.group for row in rows} == {
        f"{label}{clip}" for label in ("calm", "crash") for clip in range(3)
    }
    assert Counter(row.fold for row in rows) == {0: 4, 1: 4, 2: 4}
    assert "12 pictures in 6 groups" in capsys.readouterr().out


def test_the_command_splits_by_what_looks_alike(clips, monkeypatch):
    # The network is replaced: grey by grey, a third of a turn each.
    def look(paths, *, track):
        return unit([cv2.imread(str(path))[0, 0, 0] * 3.0 for path in paths])

    stub = SimpleNamespace(compute_features=look)
    monkeypatch.setitem(sys.modules, "edgeai_lab.data.features", stub)
    assert run_lab(split_arguments(clips, by="cluster", folds=2)) == 0
    groups = Counter(row.group for row in read_split(clips / "split.csv").values())
    assert sorted(groups.values()) == [4, 4, 4]
