from pathlib import Path

import pytest

from edgeai_core.errors import DataError
from edgeai_lab.face_recipe import split_people


def people(**counts):
    return {
        name: tuple(Path(f"{name}/{number}.png") for number in range(count))
        for name, count in counts.items()
    }


def test_nobody_is_trained_on_and_held_out():
    given = people(**{f"p{number}": 3 for number in range(10)})
    split = split_people(given, held_out_share=0.3, seed=5)
    assert (len(split.training), len(split.held_out)) == (7, 3)
    assert set(split.training) | set(split.held_out) == set(given)
    assert split == split_people(given, held_out_share=0.3, seed=5)
    assert split != split_people(given, held_out_share=0.3, seed=6)


def test_who_has_a_single_chip_is_not_held_out():
    split = split_people(people(a=1, b=1, c=1, d=2, e=2), held_out_share=0.9, seed=0)
    assert set(split.held_out) == {"d", "e"}


@pytest.mark.parametrize("counts", [{"a": 5, "b": 5, "c": 5}, {"a": 1, "b": 1, "c": 1, "d": 5}])
def test_too_few_people_are_refused(counts):
    with pytest.raises(DataError, match="two to train on and two others"):
        split_people(people(**counts), held_out_share=0.5, seed=0)


def test_the_digest_knows_contents_and_sides(tmp_path):
    given = {}
    for name in "abcd":
        (tmp_path / name).mkdir()
        given[name] = tuple(tmp_path / name / file for file in ("1.png", "2.png"))
        for path in given[name]:
            path.write_text(str(path.name))
    splits = [split_people(given, held_out_share=0.5, seed=seed) for seed in range(4)]
    digest = splits[0].digest()
    assert len({split.digest() for split in splits}) == len({tuple(s.held_out) for s in splits})
    given["a"][0].write_text("changed")
    assert splits[0].digest() != digest
