from __future__ import annotations

import stat
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="torch comes with the lab's packages")

from edgeai_core.analyzers.objects.taught_file import TaughtCard, TaughtThing
from edgeai_core.analyzers.objects.taught_store import ThingStore
from edgeai_core.analyzers.objects.testing import closer_saying
from edgeai_core.errors import DataError, TeachingError
from edgeai_core.geometry import Box
from edgeai_lab.compose.cutouts import Cutout, encoded_cutout
from edgeai_lab.teach.command import read_backgrounds, refuse_taken, rivals_of, write_private
from edgeai_lab.teach.material import (
    evenly,
    from_pictures,
    gather,
    is_cutout_folder,
    is_person,
    refused_lines,
    sheet_of,
    without_bars,
)
from edgeai_lab.teach.seeds import Setting, learn_scene, skin
from edgeai_lab.teach.segmentation import Refusal, Refused, segment

_ROOM = cv2.resize(
    np.random.default_rng(0).integers(90, 160, (12, 16, 3)).astype(np.uint8), (320, 240)
)
_BLUE, _SKIN = (200, 60, 20), (110, 150, 210)


def picture(centre: tuple[int, int] | None, *, arm: bool = False, radius: int = 26) -> np.ndarray:
    image = _ROOM.copy()
    if centre is not None:
        if arm:
            cv2.line(image, (centre[0], centre[1] + radius), (centre[0] + 10, 239), _SKIN, 22)
        cv2.circle(image, centre, radius, _BLUE, -1, cv2.LINE_AA)
        cv2.circle(image, centre, radius // 2, (40, 220, 230), 5, cv2.LINE_AA)
    noise = np.random.default_rng(centre[0] if centre else 0).normal(0, 2, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def path_of(count: int) -> list[tuple[int, int]]:
    return [
        (int(160 + 90 * np.sin(0.4 * n)), int(120 + 50 * np.cos(0.7 * n))) for n in range(count)
    ]


def test_a_thing_that_moves_before_a_still_camera_is_cut_out_without_the_arm() -> None:
    centres = path_of(24)
    found = segment([picture(None)] * 3 + [picture(c, arm=True) for c in centres])
    assert found.scene.setting is Setting.STILL_CAMERA
    assert len(found.kept) >= 20
    for kept in found.kept:
        x, y = centres[kept.index - 3]
        assert np.abs(np.subtract(kept.box.as_xyxy(), (x - 26, y - 26, x + 26, y + 26))).max() <= 5
    assert {r.index for r in found.refused if r.refusal is Refusal.NOTHING} >= {0, 1, 2}


def test_a_clip_of_somebody_is_refused_and_a_few_cutouts_of_one_are_left_out() -> None:
    centres = path_of(16)
    images = [picture(None)] * 3 + [picture(c) for c in centres]
    boxes = [Box(x - 26, y - 26, x + 26, y + 26) for x, y in centres]
    with pytest.raises(TeachingError, match=r"a person was cut out in 1\d of 1\d pictures"):
        from_pictures(images, people=lambda image: boxes)
    material = from_pictures(images, people=lambda image: boxes[5:6])
    persons = [r.index for r in material.refused if r.refusal is Refusal.PERSON]
    assert 8 in persons
    assert len(persons) <= 3
    assert not {shown.index for shown in material.shown} & set(persons)


def test_a_thing_before_a_body_is_no_person() -> None:
    shown = from_pictures([picture(None)] * 3 + [picture(c) for c in path_of(13)]).shown[0]
    x, y = shown.box.center_px
    assert is_person(shown, [Box(x - 30, y - 30, x + 30, y + 30)])
    assert not is_person(shown, [Box(x - 80, y - 60, x + 40, y + 100)])
    assert not is_person(shown, [])


def test_a_thing_in_the_middle_is_cut_out_when_nothing_moves() -> None:
    plain = np.full((240, 320, 3), 150, np.uint8)
    cv2.rectangle(plain, (130, 90), (190, 150), _BLUE, -1)
    found = segment([plain] * 5)
    assert found.scene.setting is Setting.MOVING_CAMERA
    assert len(found.kept) == 5
    edges = np.subtract(found.kept[0].box.as_xyxy(), (130, 90, 191, 151))
    assert np.abs(edges).max() <= 4


def test_what_touches_the_border_or_is_tiny_is_refused() -> None:
    moving = [picture(c) for c in path_of(16)]
    odd = [picture((4, 120)), picture((316, 100))]
    found = segment([picture(None)] * 4 + moving + odd)
    refused = {r.index: r.refusal for r in found.refused}
    assert refused[20] is refused[21] is Refusal.CUT_OFF


def test_pictures_of_the_empty_place_help_where_the_thing_rests() -> None:
    resting = [picture((160, 120))] * 10
    without = learn_scene(resting)
    with_help = learn_scene(resting, [picture(None)] * 30)
    assert without.setting is Setting.MOVING_CAMERA
    assert with_help.setting is Setting.STILL_CAMERA


def test_skin_of_light_and_dark_tones_is_told_from_blue_and_grey() -> None:
    tones = [(120, 160, 225), (60, 90, 150), _BLUE, (128, 128, 128)]
    strip = np.repeat(np.array([tones], np.uint8), 20, axis=0).repeat(20, axis=1)
    found = skin(np.ascontiguousarray(strip))
    assert found[10, [10, 30, 50, 70]].tolist() == [True, True, False, False]


def test_too_few_cutouts_are_refused_with_the_reasons_and_what_to_do() -> None:
    with pytest.raises(TeachingError, match=r"0 good cut-outs of 6 pictures.*nothing stands out"):
        from_pictures([picture(None)] * 6)
    with pytest.raises(TeachingError, match="no picture could be read"):
        from_pictures([])


def test_reasons_are_counted_with_the_first_figure() -> None:
    refused = [
        Refused(index=0, refusal=Refusal.TOO_SMALL, detail="0.1 %"),
        Refused(index=1, refusal=Refusal.NOTHING),
        Refused(index=2, refusal=Refusal.TOO_SMALL, detail="0.2 %"),
    ]
    assert refused_lines(refused) == ["2 too small (first: 0.1 %)", "1 nothing stands out"]


def test_black_bars_are_taken_off() -> None:
    barred = np.zeros((48, 64, 3), np.uint8)
    barred[:, 20:44] = 90
    dark_once = barred.copy()
    dark_once[:10] = 0
    assert [image.shape for image in without_bars([barred, dark_once])] == [(48, 24, 3)] * 2
    assert without_bars([]) == []


def test_an_even_choice_keeps_first_and_last() -> None:
    assert evenly(range(10), 4) == [0, 3, 6, 9]
    assert evenly([1, 2], 4) == [1, 2]


def disc(shade: int = 0) -> Cutout:
    alpha = np.zeros((40, 40), np.float32)
    cv2.circle(alpha, (20, 20), 16, 1.0, -1)
    return Cutout(image=np.full((40, 40, 3), (200, 60 + shade, 20), np.uint8), alpha=alpha)


def test_a_folder_of_cutouts_is_taken_as_it_is(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.png").write_bytes(encoded_cutout(disc(number)))
    assert is_cutout_folder(tmp_path)
    material = gather(str(tmp_path))
    assert len(material.cutouts) == 5
    assert material.shown == ()
    assert sheet_of(material).shape == (120, 600, 3)
    (tmp_path / "0.png").unlink()
    with pytest.raises(TeachingError, match="4 cut-outs, expected 5"):
        gather(str(tmp_path))


def test_a_folder_of_photographs_is_no_folder_of_cutouts(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), picture(None))
    assert not is_cutout_folder(tmp_path)
    assert not is_cutout_folder(tmp_path / "missing")


def stored(name: str) -> TaughtThing:
    card = TaughtCard(name=name, taught_at_ns=1, trunk_sha256="ab", levels=1, cutouts=1)
    return TaughtThing(card=card, levels=(), closer=closer_saying())


def test_names_that_mean_something_already_are_refused(tmp_path: Path) -> None:
    store = ThingStore(tmp_path)
    with pytest.raises(TeachingError, match='"my Cup"'):
        refuse_taken("Cup", store, replace=True)
    refuse_taken("my cup", store, replace=False)
    store.save(stored("my cup"))
    with pytest.raises(TeachingError, match="--replace"):
        refuse_taken("My Cup", store, replace=False)
    refuse_taken("My Cup", store, replace=True)


def test_the_pictures_of_other_things_are_rivals(tmp_path: Path) -> None:
    store = ThingStore(tmp_path)
    store.save(stored("keys"), [encoded_cutout(disc())])
    store.save(stored("purse"), [encoded_cutout(disc(9)), encoded_cutout(disc(11))])
    (tmp_path / "odd.thing").write_bytes(b"nothing")
    assert len(rivals_of("keys", store)) == 2
    assert len(rivals_of("wallet", store)) == 3


def test_backgrounds_that_cannot_be_decoded_are_passed_over(tmp_path: Path) -> None:
    assert read_backgrounds(None) == []
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    with pytest.raises(DataError, match="can be decoded"):
        read_backgrounds(tmp_path)
    cv2.imwrite(str(tmp_path / "large.png"), np.zeros((100, 1280, 3), np.uint8))
    assert [image.shape for image in read_backgrounds(tmp_path)] == [(50, 640, 3)]
    with pytest.raises(DataError, match="not a folder"):
        read_backgrounds(tmp_path / "missing")


def test_the_sheet_is_private(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    write_private(path, _ROOM)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert np.array_equal(cv2.imread(str(path)), _ROOM)
    with pytest.raises(DataError, match="cannot be written"):
        write_private(tmp_path / "missing" / "sheet.png", _ROOM)
