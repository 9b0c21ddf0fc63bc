from __future__ import annotations

import os
import stat
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeai_core.access.locations import things_directory
from edgeai_core.analyzers.objects.taught import TaughtHead, detect_all, neighbourhoods
from edgeai_core.analyzers.objects.taught_check import BoxCheck, box_statistics
from edgeai_core.analyzers.objects.taught_file import (
    encode_thing,
    read_card,
    read_cutout_files,
    read_thing,
)
from edgeai_core.analyzers.objects.taught_store import TaughtThings, ThingStore, require_trunk
from edgeai_core.analyzers.objects.testing import (
    TRUNK,
    head_for,
    level_watching,
    maps_with,
    taught_thing,
)
from edgeai_core.errors import ConfigError, ModelError, ModelMissingError


def test_a_box_lies_about_its_cell_in_pixels_of_the_frame() -> None:
    # Cell (row 4, column 3) of stride 8: middle (28, 36) of the input, box 28 +- 16, 36 +- 16.
    # The frame is halved and lies 16 px below the top: (12..44) * 2, (20 - 16..52 - 16) * 2.
    (found,) = head_for().detect(maps_with((0, 0, 4, 3, 1.0)))
    assert found.label == "keys"
    assert found.box.as_xyxy() == pytest.approx((24, 8, 88, 64), abs=1e-4)
    assert found.score == pytest.approx(1 / (1 + np.exp(-4)))


def test_a_coarser_level_has_larger_cells() -> None:
    (found,) = head_for().detect(maps_with((1, 0, 2, 2, 1.0)))
    # Middle (40, 40), +- 32: (8..72), clipped to the frame's 64 input pixels.
    assert found.box.as_xyxy() == pytest.approx((16, 0, 128, 64), abs=1e-4)


def test_nothing_is_found_on_an_empty_picture_and_below_the_least_score() -> None:
    assert head_for().detect(maps_with()) == []
    assert head_for().detect(maps_with((0, 0, 4, 3, 0.45))) == []
    assert (
        len(
            TaughtHead("keys", [level_watching(0)] * 2, min_score=0.3).detect(
                maps_with((0, 0, 4, 3, 0.45))
            )
        )
        == 1
    )


def test_neighbouring_cells_are_one_finding_and_distant_ones_two() -> None:
    close = head_for().detect(maps_with((0, 0, 4, 3, 1.0), (0, 0, 4, 4, 0.9)))
    assert [round(found.score, 3) for found in close] == [0.982]
    assert len(head_for().detect(maps_with((0, 0, 3, 1, 1.0), (0, 0, 4, 6, 0.9)))) == 2


def test_of_two_things_that_claim_a_place_the_surer_one_is_told() -> None:
    heads = [head_for("keys", 0), head_for("purse", 1)]
    both = detect_all(heads, maps_with((0, 0, 4, 3, 0.8), (0, 1, 4, 3, 1.0)))
    assert [found.label for found in both] == ["purse"]
    apart = detect_all(heads, maps_with((0, 0, 3, 1, 0.8), (0, 1, 4, 6, 1.0)))
    assert [found.label for found in apart] == ["purse", "keys"]


def test_the_maps_are_only_read() -> None:
    features = maps_with((0, 0, 4, 3, 1.0))
    for level in features.levels:
        level.flags.writeable = False
    assert len(head_for().detect(features)) == 1


def test_a_last_look_can_lift_or_drop_a_finding() -> None:
    # Of 2 levels with 2 channels: mean, largest, deviation each; row 2 is level 0's largest, 0.
    weight = np.zeros((12, 1), np.float32)
    weight[2] = 1
    zero, one = np.zeros(1, np.float32), np.ones(1, np.float32)
    levels = [level_watching(0)] * 2
    for sign, count in ((-6, 0), (6, 1)):
        check = BoxCheck(weight=weight, bias=zero, out_weight=np.float32(sign) * one, out_bias=zero)
        found = TaughtHead("keys", levels, check).detect(maps_with((0, 0, 4, 3, 0.7)))
        assert len(found) == count


def test_statistics_of_a_box_are_those_of_its_cells() -> None:
    level = np.zeros((1, 4, 4), np.float32)
    level[0, 1:3, 1:3] = 4
    # 5 x 5 points of 8..24 of stride 8 lie all in the four cells; of 0..32 nine do.
    boxes = np.array([[8, 8, 24, 24], [0, 0, 32, 32]], np.float32)
    inside, half = box_statistics([level], [8], boxes)
    assert inside.tolist() == [4, 4, 0]
    assert half.tolist() == pytest.approx([4 * 9 / 25, 4, 4 * np.sqrt(9 / 25 * 16 / 25)], abs=1e-5)


def test_weights_of_the_last_look_that_do_not_fit_are_refused() -> None:
    zero = np.zeros(2, np.float32)
    with pytest.raises(ModelError, match="last check"):
        BoxCheck(weight=np.zeros((3, 1), np.float32), bias=zero, out_weight=zero, out_bias=zero)


def test_maps_of_another_trunk_are_refused() -> None:
    features = maps_with()
    wider = replace(features, levels=(np.zeros((3, 8, 8), np.float32), features.levels[1]))
    with pytest.raises(ModelError, match=r"3 channels.*teach the thing again"):
        head_for().detect(wider)


def test_neighbourhoods_are_channel_by_channel_with_zeros_outside() -> None:
    level = np.arange(2 * 9, dtype=np.float32).reshape(2, 3, 3)
    padded = np.pad(level, ((0, 0), (1, 1), (1, 1)))
    (corner,) = neighbourhoods(padded, np.array([0]), np.array([0]))
    assert corner.tolist() == [0, 0, 0, 0, 0, 1, 0, 3, 4, 0, 0, 0, 0, 9, 10, 0, 12, 13]


def test_wrongly_shaped_weights_are_refused() -> None:
    with pytest.raises(ModelError, match="out_bias"):
        replace(level_watching(0), out_bias=np.zeros(4, np.float32))


def test_a_thing_comes_back_from_its_file_with_its_pictures(tmp_path: Path) -> None:
    path = tmp_path / "keys.thing"
    path.write_bytes(encode_thing(taught_thing(), [b"first", b"second one"]))
    again = read_thing(path)
    assert again.card == taught_thing().card
    assert again.levels[1].gate_least == pytest.approx(0.4)
    assert np.array_equal(again.levels[0].weight, taught_thing().levels[0].weight)
    assert again.check is not None
    assert again.check.weight.shape == (12, 1)
    assert read_card(path) == taught_thing().card
    assert [bytes(picture) for picture in read_cutout_files(path)] == [b"first", b"second one"]


def test_a_file_without_pictures_gives_none(tmp_path: Path) -> None:
    path = tmp_path / "keys.thing"
    path.write_bytes(encode_thing(taught_thing()))
    assert read_cutout_files(path) == []


@pytest.mark.parametrize("keep", [0, 10, 600, -1])
def test_a_damaged_file_is_told_with_its_path(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "keys.thing"
    path.write_bytes(encode_thing(taught_thing())[:keep])
    with pytest.raises(ModelError, match=r"keys\.thing cannot be read"):
        read_thing(path)


def test_the_folder_and_its_files_are_private(tmp_path: Path) -> None:
    store = ThingStore(tmp_path / "things")
    path = store.save(taught_thing())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert [file.name for file in store.folder.iterdir()] == ["keys.thing"]


def test_names_differ_by_letters_not_by_case_and_may_not_leave_the_folder(tmp_path: Path) -> None:
    store = ThingStore(tmp_path)
    assert store.path_of(" Keys ") == store.path_of("keys") == tmp_path / "keys.thing"
    assert store.path_of("../x").parent == tmp_path
    assert store.path_of("Schlüssel").parent == tmp_path
    for name in ("", "  ", "a\nb", "x" * 41):
        with pytest.raises(ConfigError, match="name of a thing"):
            store.path_of(name)


def test_forgetting_deletes_the_file_and_names_what_there_is(tmp_path: Path) -> None:
    store = ThingStore(tmp_path)
    store.save(taught_thing("keys"))
    store.save(taught_thing("purse"))
    store.forget("KEYS")
    assert [stored.card.name for stored in store.things() if stored.card] == ["purse"]
    with pytest.raises(ModelMissingError, match="there are: purse"):
        store.forget("keys")


def test_new_and_forgotten_things_are_noticed(tmp_path: Path) -> None:
    store = ThingStore(tmp_path / "things")
    things = TaughtThings(store, trunk_sha256=TRUNK)
    assert not things.refresh()
    assert things.detect(maps_with((0, 0, 4, 3, 1.0))) == []
    store.save(taught_thing("keys"))
    assert things.refresh()
    assert things.names == ("keys",)
    assert len(things.detect(maps_with((0, 0, 4, 3, 1.0)))) == 1
    assert not things.refresh()
    store.forget("keys")
    assert things.refresh()
    assert things.names == ()


def test_one_bad_file_does_not_hide_the_others(tmp_path: Path) -> None:
    store = ThingStore(tmp_path)
    store.save(taught_thing("keys"))
    store.save(taught_thing("purse", trunk="cd" * 32))
    (tmp_path / "odd.thing").write_bytes(b"nothing")
    things = TaughtThings(store, trunk_sha256=TRUNK)
    things.refresh()
    assert things.names == ("keys",)
    damaged, foreign = things.problems
    assert "odd.thing cannot be read" in damaged
    assert 'teach it again: ./edgeai objects teach "purse" --again' in foreign


def test_a_thing_of_another_trunk_is_refused() -> None:
    require_trunk(taught_thing().card, TRUNK)
    with pytest.raises(ModelError, match="taught on the detector abababababab"):
        require_trunk(taught_thing().card, "cd" * 32)


def test_looking_for_changes_takes_well_below_a_frame(tmp_path: Path) -> None:
    store = ThingStore(tmp_path)
    store.save(taught_thing("keys"))
    things = TaughtThings(store, trunk_sha256=TRUNK)
    things.refresh()
    times_s = []
    for _ in range(50):
        started_s = time.perf_counter()
        things.refresh()
        times_s.append(time.perf_counter() - started_s)
    assert min(times_s) < 1e-3


def test_things_lie_in_the_data_directory() -> None:
    assert things_directory({"EDGEAI_DATA_DIR": "/data"}) == Path("/data/things")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with pytest.raises(ModelError, match="cannot be written"):
        ThingStore(blocked / "things").save(taught_thing())
    assert os.listdir(tmp_path) == ["file"]
