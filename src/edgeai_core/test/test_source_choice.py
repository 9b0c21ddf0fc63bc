from __future__ import annotations

from pathlib import Path

import pytest

from edgeai_core.errors import SourceError
from edgeai_core.source_choice import SourceChoice, choose_source, footage_directory

CAMERA = "/dev/v4l/by-id/usb-one-index0"


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEAI_DEMO_DIR", str(tmp_path))
    footage_directory().mkdir()
    return tmp_path


@pytest.mark.parametrize("word", ["", "auto", " AUTO "])
def test_auto_is_the_first_camera(demo: Path, word: str) -> None:
    choice = choose_source(word, find_camera=lambda: CAMERA)

    assert choice == SourceChoice(source=CAMERA, is_demo=False)


@pytest.mark.parametrize("word", ["", "auto"])
def test_auto_without_a_camera_is_the_footage_folder_of_the_demo(demo: Path, word: str) -> None:
    choice = choose_source(word, find_camera=lambda: None)

    assert choice == SourceChoice(source=str(demo / "footage"), is_demo=True)


def test_demo_is_the_footage_even_with_a_camera(demo: Path) -> None:
    choice = choose_source("demo", find_camera=lambda: CAMERA)

    assert choice == SourceChoice(source=str(demo / "footage"), is_demo=True)


@pytest.mark.parametrize("text", ["rtsp://host/1", "/dev/video3", "clip.mp4", "synthetic"])
def test_everything_else_stands_for_itself(text: str) -> None:
    assert choose_source(text, find_camera=lambda: CAMERA) == SourceChoice(source=text)


def test_footage_that_is_not_set_up_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEAI_DEMO_DIR", str(tmp_path))

    with pytest.raises(SourceError, match=r"^source: the demo footage .* run ./edgeai setup"):
        choose_source("demo", find_camera=lambda: CAMERA)
    with pytest.raises(SourceError, match=r"^source: no USB camera was found and the demo"):
        choose_source("auto", find_camera=lambda: None)
