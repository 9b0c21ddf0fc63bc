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
from edgeai_core.analyzers.objects.taught_closer import PART_SIDE_PX, parts_of
from edgeai_core.analyzers.objects.taught_file import (
    encode_thing,
    read_card,
    read_cutout_files,
    read_thing,
)
from edgeai_core.analyzers.objects.taught_store import TaughtThings, ThingStore, require_trunk
from edgeai_core.analyzers.objects.testing import (
    TRUNK,
    closer_saying,
    head_for,
    level_watching,
    maps_with,
    taught_thing,
)
from edgeai_core.errors import ConfigError, ModelError, ModelMissingError

FRAME = np.zeros((64, 128, 3), np.uint8)


def test_a_box_lies_about_its_cell_in_pixels_of_the_frame() -> None:
    # Cell (row 4, column 3) of stride 8: middle (28, 36) of the input, box 28 +- 16, 36 +- 16.
    # The frame is halved and lies 16 px below the top: (12..44) * 2, (20 - 16..52 - 16) * 2.
    (found,) = head_for().detect(maps_with((0, 0, 4, 3, 1.0)), FRAME)
    assert found.label == "keys"
    assert found.box.as_xyxy() == pytest.approx((24, 8, 88, 64), abs=1e-4)
    assert found.score == pytest.approx(1 / (1 + np.exp(-0.7 * 4)))


def test_a_coarser_level_has_larger_cells() -> None:
    (found,) = head_for().detect(maps_with((1, 0, 2, 2, 1.0)), FRAME)
    # Middle (40, 40), +- 32: (8..72), clipped to the frame's 64 input pixels.
    assert found.box.as_xyxy() == pytest.approx((16, 0, 128, 64), abs=1e-4)


def test_nothing_is_found_on_an_empty_picture_and_below_the_least_score() -> None:
    assert head_for().detect(maps_with(), FRAME) == []
    assert head_for().detect(maps_with((0, 0, 4, 3, 0.45)), FRAME) == []
    assert (
        len(
            TaughtHead("keys", [level_watching(0)] * 2, closer_saying(), min_score=0.3).detect(
                maps_with((0, 0, 4, 3, 0.45)), FRAME
            )
        )
        == 1
    )


def test_neighbouring_cells_are_one_finding_and_distant_ones_two() -> None:
    close = head_for().detect(maps_with((0, 0, 4, 3, 1.0), (0, 0, 4, 4, 0.9)), FRAME)
    assert [round(found.score, 3) for found in close] == [0.943]
    assert len(head_for().detect(maps_with((0, 0, 3, 1, 1.0), (0, 0, 4, 6, 0.9)), FRAME)) == 2


def test_of_two_things_that_claim_a_place_the_surer_one_is_told() -> None:
    heads = [head_for("keys", 0), head_for("purse", 1)]
    both = detect_all(heads, maps_with((0, 0, 4, 3, 0.8), (0, 1, 4, 3, 1.0)), FRAME)
    assert [found.label for found in both] == ["purse"]
    apart = detect_all(heads, maps_with((0, 0, 3, 1, 0.8), (0, 1, 4, 6, 1.0)), FRAME)
    assert [found.label for found in apart] == ["purse", "keys"]


def test_the_maps_are_only_read() -> None:
    features = maps_with((0, 0, 4, 3, 1.0))
    for level in features.levels:
        level.flags.writeable = False
    assert len(head_for().detect(features, FRAME)) == 1


def test_a_closer_look_at_the_pixels_can_drop_a_finding() -> None:
    features = maps_with((0, 0, 4, 3, 1.0))
    blue = FRAME.copy()
    blue[36, 56] = (255, 0, 0)  # the middle of the box
    wary = TaughtHead("keys", [level_watching(0)] * 2, closer_saying(-5, by_blue=10))
    assert wary.detect(features, FRAME) == []
    (found,) = wary.detect(features, np.full_like(FRAME, 255))
    # 255 is 0.55 above the middle grey: 10 * 0.55 - 5 beside the head's 0.7 * 4.
    assert found.score == pytest.approx(1 / (1 + np.exp(-3.3)), abs=1e-4)


def test_a_closer_look_can_move_the_edges() -> None:
    closer = replace(closer_saying(), out_bias=np.array([0, -0.5, 0, 0, 1], np.float32))
    head = TaughtHead("keys", [level_watching(0)] * 2, closer)
    # The box 24, 8, 88, 64 before it is clipped: 24, -8, 88, 56 with a part of 1.3 * 64 px.
    (found,) = head.detect(maps_with((0, 0, 6, 3, 1.0)), FRAME)
    before = head_for().detect(maps_with((0, 0, 6, 3, 1.0)), FRAME)[0].box.as_xyxy()
    moved = np.subtract(found.box.as_xyxy(), before)
    assert moved[:3].tolist() == pytest.approx([-0.1 * 83, 0, 0], abs=1e-3)


def test_parts_are_square_about_their_boxes_and_grey_outside_the_frame() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, 30:] = 255
    parts = parts_of(image, np.array([[20, 10, 40, 20], [50, 0, 90, 10], [200, 0, 210, 9]]))
    assert parts.places.tolist() == [[17, 2, 26], [44, -21, 52], [198, -2, 13]]
    first, second, outside = parts.images
    half = PART_SIDE_PX // 2
    assert (first[:, : half - 1].max(), first[:, half + 1 :].min()) == (0, 255)
    assert second[0, 0].tolist() == second[-1, -1].tolist() == [114, 114, 114]
    assert (outside == 114).all()
    boxes = np.array([[20, 10, 40, 20], [50, 0, 90, 10], [200, 0, 210, 9]], np.float32)
    assert np.allclose(parts.outside(parts.inside(boxes)), boxes, atol=1e-4)
    assert parts.inside(boxes)[0].tolist() == pytest.approx([3 / 26, 8 / 26, 23 / 26, 18 / 26])


def test_weights_of_the_closer_look_that_do_not_fit_are_refused() -> None:
    closer = closer_saying()
    with pytest.raises(ModelError, match=r"hidden of the closer look is \(40, 1\), expected"):
        replace(closer, hidden=closer.hidden[:-1])
    with pytest.raises(ModelError, match="answers 4 numbers"):
        replace(closer, out=closer.out[:, :4], out_bias=closer.out_bias[:4])


def test_maps_of_another_trunk_are_refused() -> None:
    features = maps_with()
    wider = replace(features, levels=(np.zeros((3, 8, 8), np.float32), features.levels[1]))
    with pytest.raises(ModelError, match=r"3 channels.*teach the thing again"):
        head_for().detect(wider, FRAME)


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
    assert np.array_equal(again.closer.hidden, taught_thing().closer.hidden)
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
    assert things.detect(maps_with((0, 0, 4, 3, 1.0)), FRAME) == []
    store.save(taught_thing("keys"))
    assert things.refresh()
    assert things.names == ("keys",)
    assert len(things.detect(maps_with((0, 0, 4, 3, 1.0)), FRAME)) == 1
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
