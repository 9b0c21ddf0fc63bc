"""Clips, pictures and the test pattern as sources: timing, order, size, bad input."""

import dataclasses
import logging

import cv2
import numpy as np
import pytest

from edgeai_core import config as configuration
from edgeai_core.errors import SourceEndedError, SourceError
from edgeai_core.sources import StreamConfig, open_source
from edgeai_core.sources.base import SourceContext
from edgeai_core.sources.image_folder import ImageFolderSource
from edgeai_core.sources.pacing import Pacer
from edgeai_core.sources.rtsp import RtspSource
from edgeai_core.sources.synthetic import SyntheticSource, draw_test_pattern
from edgeai_core.sources.usb import UsbSource
from edgeai_core.sources.video_file import VideoFileSource

START_NS = 5_000_000_000


class FakeTime:
    """Clocks that move only when somebody sleeps or a test says so."""

    def __init__(self):
        self.now_s = 0.0
        self.slept_s = []

    def clock_ns(self):
        return START_NS + round(self.now_s * 1e9)

    def monotonic_s(self):
        return self.now_s

    def sleep(self, seconds):
        self.slept_s.append(seconds)
        self.now_s += seconds


@pytest.fixture
def time():
    return FakeTime()


def opened(time, source, **values):
    values.setdefault("width_px", 32)
    values.setdefault("height_px", 24)
    stream = open_source(
        StreamConfig(source=str(source), **values),
        clock_ns=time.clock_ns,
        monotonic_s=time.monotonic_s,
        sleep=time.sleep,
        frame_id="eye",
    )
    stream.open()
    return stream


def write_clip(path, *, levels, fps=25.0, size=(32, 24)):
    """A clip whose picture n is evenly grey at levels[n]."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, size)
    assert writer.isOpened()
    for level in levels:
        writer.write(np.full((size[1], size[0], 3), level, np.uint8))
    writer.release()
    return path


def read_levels(source, limit=1000):
    """Grey levels of the remaining frames, rounded to tens (MJPEG is not exact)."""
    levels = []
    try:
        while len(levels) < limit:
            levels.append(round(float(source.read().image[8:16].mean()) / 10) * 10)
    except SourceEndedError:
        pass
    return levels


def test_a_clip_at_its_own_rate_gives_every_frame_once_with_even_stamps(tmp_path, time):
    clip = write_clip(tmp_path / "a.avi", levels=[20, 60, 100, 140])
    source = opened(time, clip, fps=25.0, pacing="fast")
    frames = [source.read() for _ in range(4)]
    assert [round(float(f.image.mean()), -1) for f in frames] == [20, 60, 100, 140]
    assert [f.stamp_ns - START_NS for f in frames] == [0, 40_000_000, 80_000_000, 120_000_000]
    assert [f.sequence for f in frames] == [0, 1, 2, 3]
    assert frames[0].frame_id == "eye"
    assert not frames[0].image.flags.writeable
    with pytest.raises(SourceEndedError, match=r"a\.avi: played to the end"):
        source.read()
    assert time.slept_s == []


@pytest.mark.parametrize(
    ("native_fps", "fps", "expected"),
    [
        (10.0, 30.0, [20, 20, 20, 60, 60, 60, 100, 100, 100]),
        (30.0, 10.0, [20]),
        (20.0, 10.0, [20, 100]),
        (25.0, 30.0, [20, 20, 60, 100]),
    ],
)
def test_frames_are_repeated_or_left_out_by_native_time(tmp_path, time, native_fps, fps, expected):
    clip = write_clip(tmp_path / "a.avi", levels=[20, 60, 100], fps=native_fps)
    assert read_levels(opened(time, clip, fps=fps, pacing="fast")) == expected


def test_a_clip_is_letterboxed_to_the_asked_size(tmp_path, time):
    clip = write_clip(tmp_path / "a.avi", levels=[200], size=(64, 16))
    image = opened(time, clip, width_px=32, height_px=24).read().image
    assert image.shape == (24, 32, 3)
    assert image[:8].max() == 0
    assert image[16:].max() == 0
    assert image[8:16].min() > 190


def test_loop_starts_again_without_a_break_in_time(tmp_path, time):
    clip = write_clip(tmp_path / "a.avi", levels=[20, 60])
    source = opened(time, clip, fps=25.0, pacing="fast", loop=True)
    frames = [source.read() for _ in range(5)]
    assert [round(float(f.image.mean()), -1) for f in frames] == [20, 60, 20, 60, 20]
    assert frames[4].stamp_ns - START_NS == 160_000_000


def test_a_folder_is_played_in_natural_order_and_bad_clips_are_passed_over(tmp_path, time, caplog):
    write_clip(tmp_path / "clip_10.avi", levels=[100])
    write_clip(tmp_path / "clip_2.avi", levels=[60])
    (tmp_path / "clip_3.avi").write_bytes(b"not a video")
    (tmp_path / ".hidden.avi").write_bytes(b"not a video")
    (tmp_path / "notes.txt").write_text("not read")
    source = opened(time, tmp_path, fps=25.0, pacing="fast")
    with caplog.at_level(logging.WARNING):
        assert read_levels(source) == [60, 100]
    assert "clip_3.avi" in caplog.text
    assert source.description.startswith("3 clips of ")


def test_opening_again_begins_again(tmp_path, time):
    clip = write_clip(tmp_path / "a.avi", levels=[20, 60])
    source = opened(time, clip, fps=25.0, pacing="fast")
    assert read_levels(source) == [20, 60]
    source.close()
    source.close()
    with pytest.raises(SourceError, match="read before open"):
        source.read()
    source.open()
    assert source.read().sequence == 0
    source.close()


def test_a_clip_without_a_plausible_rate_is_played_at_25(tmp_path, time, caplog):
    clip = write_clip(tmp_path / "a.avi", levels=[20, 60, 100], fps=1000.0)
    with caplog.at_level(logging.WARNING):
        source = opened(time, clip, fps=25.0, pacing="fast")
    assert read_levels(source) == [20, 60, 100]
    assert "25 is assumed" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file"), (b"", "is empty"), (b"RIFF....no video at all", "can be decoded")],
)
def test_a_bad_clip_is_one_clear_sentence(tmp_path, time, content, message):
    clip = tmp_path / "bad.avi"
    clip.write_bytes(content or b"")
    source = open_source(
        StreamConfig(source=str(clip)),
        clock_ns=time.clock_ns,
        monotonic_s=time.monotonic_s,
        sleep=time.sleep,
    )
    if content is None:
        clip.unlink()
    with pytest.raises(SourceError, match=message) as caught:
        source.open()
    assert "bad.avi" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_truncated_clip_ends_instead_of_failing(tmp_path, time):
    clip = tmp_path / "a.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (128, 96))
    for picture in np.random.default_rng(0).integers(0, 256, (20, 96, 128, 3), np.uint8):
        writer.write(picture)
    writer.release()
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    levels = read_levels(opened(time, clip, fps=25.0, pacing="fast"))
    assert 5 <= len(levels) <= 11


def test_real_time_waits_until_each_frame_is_due(tmp_path, time):
    clip = write_clip(tmp_path / "a.avi", levels=[20, 60, 100], fps=10.0)
    source = opened(time, clip, fps=10.0)
    time.now_s = 7.0  # opening took its time; the first frame is due when it is asked for
    stamps = []
    for busy_s in (0.03, 0.06, 0.0):
        stamps.append(source.read().stamp_ns)
        time.now_s += busy_s
    assert [s - START_NS for s in stamps] == [7_000_000_000, 7_100_000_000, 7_200_000_000]
    assert time.slept_s == pytest.approx([0.07, 0.04])
    assert source.dropped_frames == 0


def test_a_late_reader_gets_the_frame_that_is_due_and_skips_are_counted(tmp_path, time):
    clip = write_clip(tmp_path / "a.avi", levels=range(20, 220, 20), fps=10.0)
    source = opened(time, clip, fps=10.0)
    source.read()
    time.now_s += 0.35
    assert read_levels(source, limit=1) == [80]  # due at 0.3 s
    assert source.dropped_frames == 2
    assert read_levels(source, limit=1) == [100]
    assert time.now_s == pytest.approx(0.4)


def test_after_a_long_pause_playback_goes_on_where_it_was(time):
    pacer = Pacer(StreamConfig(fps=10.0), context(time))
    assert pacer.choose() == 0
    time.now_s = 60.0
    assert pacer.choose() == 1
    pacer.wait(1)
    assert pacer.choose() == 2
    pacer.wait(2)
    assert time.now_s == pytest.approx(60.1)
    assert pacer.skipped == 0


def context(time):
    return SourceContext(clock_ns=time.clock_ns, monotonic_s=time.monotonic_s, sleep=time.sleep)


def write_picture(path, level, shape=(24, 32, 3)):
    assert cv2.imwrite(str(path), np.full(shape, level, np.uint8))


def test_pictures_are_played_in_natural_order_and_unreadable_ones_counted(tmp_path, time):
    write_picture(tmp_path / "10.png", 100)
    write_picture(tmp_path / "9.png", 60)
    write_picture(tmp_path / "1.PNG", 20, shape=(24, 32))  # grey
    (tmp_path / "5.jpg").write_bytes(b"not a picture")
    (tmp_path / "6.jpg").write_bytes(b"")
    write_picture(tmp_path / "7.png", 80, shape=(1, 4000, 3))  # nothing left at 32 px width
    source = opened(time, tmp_path, fps=10.0, pacing="fast")
    frames = [source.read() for _ in range(3)]
    assert [int(f.image[12, 16, 0]) for f in frames] == [20, 60, 100]
    assert [f.stamp_ns - START_NS for f in frames] == [0, 100_000_000, 200_000_000]
    assert frames[0].image.shape == (24, 32, 3)
    assert source.unreadable_images == 3
    assert source.dropped_frames == 3
    with pytest.raises(SourceEndedError):
        source.read()


def test_pictures_loop_and_a_late_reader_skips_them(tmp_path, time):
    for n in range(3):
        write_picture(tmp_path / f"{n}.png", 50 * n)
    source = opened(time, tmp_path, fps=10.0, loop=True)
    assert read_levels(source, limit=4) == [0, 50, 100, 0]
    time.now_s += 0.25
    assert read_levels(source, limit=1) == [100]
    assert source.dropped_frames == 1


def test_a_single_picture_is_a_source(tmp_path, time):
    write_picture(tmp_path / "a.png", 50)
    source = opened(time, tmp_path / "a.png", pacing="fast")
    assert isinstance(source, ImageFolderSource)
    assert read_levels(source) == [50]


def test_a_folder_without_readable_pictures_is_an_error(tmp_path, time):
    (tmp_path / "a.jpg").write_bytes(b"not a picture")
    with pytest.raises(SourceError, match="none can be decoded"):
        opened(time, tmp_path)


def test_the_test_pattern_is_a_function_of_the_number(time):
    source = opened(time, "synthetic", width_px=64, height_px=48, pacing="fast", fps=10.0)
    assert isinstance(source, SyntheticSource)
    frames = [source.read() for _ in range(3)]
    for number, frame in enumerate(frames):
        expected = draw_test_pattern(number, width_px=64, height_px=48)
        np.testing.assert_array_equal(frame.image, expected)
    assert not np.array_equal(frames[0].image, frames[1].image)
    assert frames[2].stamp_ns - START_NS == 200_000_000
    source.close()
    with pytest.raises(SourceError, match="read before open"):
        source.read()


def test_the_test_pattern_carries_its_number():
    image = draw_test_pattern(0b1010_0000_0000_0000_0000_0101, width_px=240, height_px=160)
    fields = (image[2, 5::10, 0] > 128).astype(int)
    assert "".join(map(str, fields)) == "101000000000000000000101"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("synthetic", SyntheticSource),
        ("0", UsbSource),
        ("/dev/video7", UsbSource),
        ("/dev/v4l/by-id/usb-cam-index0", UsbSource),
        ("rtsp://10.0.0.1/stream", RtspSource),
        ("RTSPS://10.0.0.1/stream", RtspSource),
    ],
)
def test_the_text_chooses_the_source(time, text, kind):
    source = open_source(StreamConfig(source=text), **dataclasses.asdict(context(time)))
    assert isinstance(source, kind)


def test_a_folder_with_a_clip_is_a_playlist(tmp_path, time):
    write_clip(tmp_path / "a.avi", levels=[20])
    write_picture(tmp_path / "b.png", 50)
    assert isinstance(opened(time, tmp_path), VideoFileSource)


@pytest.mark.parametrize("text", ["", "auto", "nowhere/clip.mp4", "http://10.0.0.1/x"])
def test_what_cannot_be_read_is_answered_with_what_can(time, text):
    with pytest.raises(SourceError, match=r"expected a camera .* or the word synthetic"):
        opened(time, text)


@pytest.mark.parametrize(
    "text", ["rtsp:/admin:secret@10.0.0.1/x", "http://admin:secret@10.0.0.1/x"]
)
def test_a_mistyped_address_does_not_show_its_password(time, text):
    with pytest.raises(SourceError) as caught:
        opened(time, text)
    assert "secret" not in str(caught.value)
    assert "10.0.0.1" in str(caught.value)


def test_folders_and_files_of_other_kinds_are_refused(tmp_path, time):
    with pytest.raises(SourceError, match="holds no clip and no picture"):
        opened(time, tmp_path)
    (tmp_path / "notes.txt").write_text("FFmpeg would play this as terminal art")
    with pytest.raises(
        SourceError, match=r"no such kind is read; expected files ending in .*\.mp4"
    ):
        opened(time, tmp_path / "notes.txt")


def test_every_parameter_is_described():
    described = {spec.name: spec for spec in configuration.specs(StreamConfig)}
    assert set(described) == {field.name for field in dataclasses.fields(StreamConfig)}
    assert described["width_px"].unit == "px"
    assert configuration.build(StreamConfig, {"fps": 15}).fps == 15.0
