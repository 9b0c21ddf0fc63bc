"""The thread that keeps a source delivering."""

import logging
import threading
import time

import numpy as np
import pytest

from edgeai_core.errors import (
    FrameError,
    SourceEndedError,
    SourceError,
    SourceUnavailableError,
)
from edgeai_core.sources import FrameStream, StreamConfig, StreamState, open_source
from edgeai_core.sources.health import StreamRecord
from edgeai_core.sources.stream import Backoff
from edgeai_core.types import Frame

LOST = SourceUnavailableError("camera x: it is not plugged in")


def frame(number=0):
    return Frame(image=np.zeros((2, 2, 3), np.uint8), stamp_ns=number, sequence=number)


class ScriptedSource:
    """Each opening plays one list: frames are delivered, exceptions raised, then it blocks."""

    description = "camera x"

    def __init__(self, *sessions, live=True):
        self.sessions = [list(session) for session in sessions]
        self.live = live
        self.dropped_frames = 0
        self.opens = 0
        self.closes = 0
        self.threads = set()
        self.interrupted = threading.Event()

    def open(self):
        self.threads.add(threading.get_ident())
        self.opens += 1
        self.script = self.sessions.pop(0) if self.sessions else []
        self.dropped_frames = 0
        if self.script and self.script[0] == "refuse":
            raise LOST

    def read(self):
        if not self.script:
            assert self.interrupted.wait(20)
            raise SourceUnavailableError("interrupted")
        item = self.script.pop(0)
        if isinstance(item, Exception):
            raise item
        self.dropped_frames += 3
        return item

    def interrupt(self):
        self.interrupted.set()

    def close(self):
        self.closes += 1
        self.interrupted.clear()


class Receiver:
    def __init__(self, *, fails_at=()):
        self.frames = []
        self.fails_at = fails_at
        self.changed = threading.Condition()

    def __call__(self, received):
        with self.changed:
            self.frames.append(received)
            self.changed.notify_all()
        if len(self.frames) in self.fails_at:
            raise ZeroDivisionError("bug")

    def wait_for(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.frames) >= count, 10)


def streaming(source, receiver, **values):
    values = {"reconnect_delay_s": 0.01, "reconnect_delay_max_s": 0.02, **values}
    stream = FrameStream(
        source, config=StreamConfig(**values), on_frame=receiver, monotonic_s=time.monotonic
    )
    stream.start()
    return stream


def wait_until(condition, timeout_s=10.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "condition not met in time"
        threading.Event().wait(0.002)


def test_waits_double_up_to_the_longest_and_begin_again_after_a_reset():
    backoff = Backoff(0.5, 3.0)
    assert [backoff.next_delay_s() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    backoff.reset()
    assert backoff.next_delay_s() == 0.5
    assert Backoff(5.0, 2.0).next_delay_s() == 2.0


def test_a_finite_source_ends_the_stream():
    receiver = Receiver()
    source = ScriptedSource([frame(0), frame(1), SourceEndedError("end")], live=False)
    stream = streaming(source, receiver)
    assert stream.wait(10)
    health = stream.health()
    assert (health.state, health.frames, health.last_error) == (StreamState.ENDED, 2, "")
    assert [f.sequence for f in receiver.frames] == [0, 1]
    assert stream.stop()
    assert stream.health().state is StreamState.ENDED


def test_a_file_that_cannot_be_read_fails_the_stream_with_its_sentence():
    class Unreadable(ScriptedSource):
        def open(self):
            raise SourceError("clip x: the file is empty")

    stream = streaming(Unreadable(live=False), Receiver())
    assert stream.wait(10)
    assert stream.health().state is StreamState.FAILED
    assert stream.health().last_error == "clip x: the file is empty"


def test_a_lost_camera_is_opened_again_until_it_answers():
    receiver = Receiver()
    source = ScriptedSource([frame(), LOST], ["refuse"], ["refuse"], [frame(), LOST], [frame()])
    stream = streaming(source, receiver)
    receiver.wait_for(3)
    wait_until(lambda: stream.health().state is StreamState.STREAMING)
    health = stream.health()
    assert (health.frames, health.reconnects, health.dropped_frames) == (3, 2, 9)
    assert health.last_error == "camera x: it is not plugged in"
    assert source.opens == 5
    assert len(source.threads) == 1
    assert stream.stop()
    assert stream.health().state is StreamState.STOPPED


def test_while_a_camera_is_away_the_health_says_so_and_stop_is_prompt():
    stream = streaming(
        ScriptedSource(["refuse"]),
        Receiver(),
        reconnect_delay_s=60.0,
        reconnect_delay_max_s=60.0,
    )
    wait_until(lambda: stream.health().state is StreamState.RECONNECTING)
    assert stream.health().last_error == "camera x: it is not plugged in"
    assert stream.health().last_frame_age_s is None
    begin_s = time.monotonic()
    assert stream.stop()
    assert time.monotonic() - begin_s < 2.0


def test_stop_interrupts_a_waiting_read_and_start_works_again():
    source = ScriptedSource([frame()], [frame()])
    receiver = Receiver()
    stream = streaming(source, receiver)
    receiver.wait_for(1)
    with pytest.raises(RuntimeError, match="runs already"):
        stream.start()
    assert stream.stop()
    assert stream.health().state is StreamState.STOPPED
    assert stream.health().last_error == ""
    stream.start()
    receiver.wait_for(2)
    assert stream.stop()
    assert stream.stop()
    assert stream.health().frames == 1
    assert source.opens == 2


def test_stopping_what_never_started_is_harmless():
    stream = FrameStream(
        ScriptedSource(), config=StreamConfig(), on_frame=print, monotonic_s=time.monotonic
    )
    assert stream.stop()
    assert stream.health().state is StreamState.STOPPED


def test_unusable_pictures_are_counted_and_dropped(caplog):
    bad = FrameError("the source delivered an empty image")
    receiver = Receiver()
    with caplog.at_level(logging.WARNING):
        stream = streaming(ScriptedSource([bad, bad, frame(), bad, frame()]), receiver)
        receiver.wait_for(2)
        assert stream.stop()
    health = stream.health()
    assert (health.frames, health.rejected_frames, health.reconnects) == (2, 3, 0)
    assert health.last_error == "the source delivered an empty image"
    assert caplog.text.count("empty image") == 2  # the first and the second, not the third


def test_a_bug_in_the_receiver_is_logged_with_traceback_and_survived(caplog):
    receiver = Receiver(fails_at=(1,))
    with caplog.at_level(logging.WARNING):
        stream = streaming(ScriptedSource([frame(), frame()]), receiver)
        receiver.wait_for(2)
        assert stream.stop()
    assert stream.health().callback_errors == 1
    assert "ZeroDivisionError('bug')" in stream.health().last_error
    assert "Traceback" in caplog.text


def test_a_bug_in_a_source_does_not_kill_the_stream(caplog):
    receiver = Receiver()
    with caplog.at_level(logging.ERROR):
        stream = streaming(ScriptedSource([ValueError("odd")], [frame()]), receiver)
        receiver.wait_for(1)
        assert stream.stop()
    assert stream.health().last_error == "camera x: the source failed: odd"
    assert "Traceback" in caplog.text


def test_the_stream_ends_after_the_asked_number_of_frames():
    receiver = Receiver()
    config = StreamConfig(source="synthetic", pacing="fast", max_frames=7, width_px=32)
    source = open_source(config, clock_ns=lambda: 0, monotonic_s=time.monotonic, sleep=time.sleep)
    stream = FrameStream(source, config=config, on_frame=receiver, monotonic_s=time.monotonic)
    stream.start()
    assert stream.wait(10)
    assert stream.health().state is StreamState.ENDED
    assert [f.sequence for f in receiver.frames] == list(range(7))


def test_the_rate_is_measured_and_falls_while_no_frame_comes():
    now_s = [0.0]
    record = StreamRecord(lambda: now_s[0])
    record.opened()
    assert record.snapshot().fps == 0.0
    for _ in range(11):
        record.delivered(dropped_by_source=0)
        now_s[0] += 0.1
    assert record.snapshot().fps == pytest.approx(10.0)
    assert record.snapshot().last_frame_age_s == pytest.approx(0.1)
    now_s[0] = 10.0
    assert record.snapshot().fps == pytest.approx(1.0)


def test_a_camera_that_was_stable_starts_again_with_the_shortest_wait():
    # The clock jumps two seconds at every look, so each session counts as stable.
    ticks = iter(range(0, 100_000, 2))
    waits = []

    source = ScriptedSource(*[[frame(), LOST] for _ in range(4)])
    stream = FrameStream(
        source,
        config=StreamConfig(reconnect_delay_s=0.01, reconnect_delay_max_s=1.0),
        on_frame=lambda received: None,
        monotonic_s=lambda: next(ticks),
    )
    stream._backoff.next_delay_s = lambda real=stream._backoff.next_delay_s: (
        waits.append(real()) or waits[-1]
    )
    stream.start()
    wait_until(lambda: len(waits) == 4)
    assert stream.stop()
    assert waits == [0.01] * 4
