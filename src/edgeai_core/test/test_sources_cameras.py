"""Cameras that are plugged, unplugged, stalled, refused or that deliver rubbish."""

import itertools
import logging
import socket
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeai_core.errors import FrameError, SourceError, SourceUnavailableError
from edgeai_core.sources import StreamConfig, first_camera, list_cameras
from edgeai_core.sources.base import SourceContext
from edgeai_core.sources.rtsp import RtspSource, redacted
from edgeai_core.sources.usb import DeviceTree, UsbSource

GOOD = np.full((24, 32, 3), 7, np.uint8)


def context():
    return SourceContext(
        clock_ns=itertools.count(1000, 1000).__next__,
        monotonic_s=time.monotonic,
        sleep=time.sleep,
        frame_id="eye",
    )


class FakeCamera:
    """Stands in for cv2.VideoCapture; plays a script, then blocks until released or let go."""

    def __init__(self, script=(), *, opens=True, on_end=None):
        self.script = list(script)
        self.opens = opens
        self.on_end = on_end
        self.let_go = threading.Event()
        self.released = threading.Event()
        self.settings = {}

    def isOpened(self):  # noqa: N802
        return self.opens

    def read(self):
        if self.script:
            return self.script.pop(0)
        if self.on_end is not None:
            return self.on_end()
        self.let_go.wait(20)
        return False, None

    def get(self, prop):
        return self.settings.get(prop, 0.0)

    def set(self, prop, value):
        self.settings[prop] = value
        return True

    def release(self):
        self.released.set()


class Machine:
    """A tree of devices in a folder."""

    def __init__(self, root):
        self.root = root
        self.accessible = True
        self.tree = DeviceTree(
            dev=root / "dev",
            sysfs=root / "sys",
            capture_capable=lambda device: None,
            accessible=lambda device: self.accessible,
        )
        for folder in ("dev/v4l/by-id", "dev/v4l/by-path", "sys", "devices"):
            (root / folder).mkdir(parents=True)

    def plug(self, number, name, *, by_id="", by_path="", bus="usb1", index=0):
        device = self.root / "dev" / f"video{number}"
        device.touch()
        entry = self.root / "sys" / f"video{number}"
        entry.mkdir()
        (entry / "name").write_text(name + "\n")
        (entry / "index").write_text(f"{index}\n")
        hardware = self.root / "devices" / bus / f"port{number}"
        hardware.mkdir(parents=True)
        (entry / "device").symlink_to(hardware)
        for folder, link in (("by-id", by_id), ("by-path", by_path)):
            if link:
                (self.root / "dev/v4l" / folder / link).symlink_to(f"../../video{number}")
        return device

    def unplug(self, number):
        device = self.root / "dev" / f"video{number}"
        for link in (self.root / "dev/v4l").glob("*/*"):
            if link.resolve() == device:
                link.unlink()
        device.unlink()
        entry = self.root / "sys" / f"video{number}"
        for child in entry.iterdir():
            child.unlink()
        entry.rmdir()


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def usb(machine, device, camera, **values):
    values = {"stall_timeout_s": 5.0, **values}
    factory = camera if callable(camera) else lambda path: camera
    return UsbSource(
        Path(device),
        config=StreamConfig(**values),
        context=context(),
        tree=machine.tree,
        open_capture=factory,
    )


def wait_until(condition, timeout_s=5.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "condition not met in time"
        threading.Event().wait(0.002)


def test_cameras_are_listed_by_number_without_metadata_nodes(machine):
    machine.plug(10, "Ten", by_path="pci-usb-2-video-index0")
    machine.plug(2, "Two", by_id="usb-two-index0", by_path="pci-usb-1-video-index0")
    machine.plug(3, "Two", index=1)
    machine.plug(0, "Codec", bus="platform")
    assert [
        (c.device.name, c.stable_path.name, c.name, c.usb) for c in list_cameras(machine.tree)
    ] == [
        ("video0", "video0", "Codec", False),
        ("video2", "usb-two-index0", "Two", True),
        ("video10", "pci-usb-2-video-index0", "Ten", True),
    ]
    assert first_camera(machine.tree).endswith("by-id/usb-two-index0")


def test_the_driver_is_believed_over_the_index(machine):
    machine.plug(0, "Zero")
    tree = DeviceTree(
        dev=machine.tree.dev, sysfs=machine.tree.sysfs, capture_capable=lambda device: False
    )
    assert list_cameras(tree) == ()


def test_a_machine_without_cameras_has_none(machine, tmp_path):
    assert list_cameras(machine.tree) == ()
    assert first_camera(machine.tree) is None
    assert list_cameras(DeviceTree(sysfs=tmp_path / "none")) == ()


def test_a_device_that_is_no_camera_cannot_be_asked(machine):
    device = machine.plug(0, "Zero")
    tree = DeviceTree(dev=machine.tree.dev, sysfs=machine.tree.sysfs)
    assert tree.capture_capable(device) is None
    assert tree.capture_capable(device.parent / "missing") is None
    assert tree.accessible(device)


def test_frames_carry_stamp_sequence_and_frame_id(machine):
    camera = FakeCamera([(True, GOOD)])
    source = usb(machine, machine.plug(0, "Zero"), camera)
    source.open()
    frame = source.read()
    assert (frame.stamp_ns, frame.sequence, frame.frame_id) == (1000, 0, "eye")
    assert frame.image.shape == (24, 32, 3)
    camera.let_go.set()
    source.close()
    assert camera.released.is_set()


@pytest.mark.parametrize(
    ("values", "fourcc"),
    [
        ({}, None),
        ({"width_px": 1280, "height_px": 720}, "MJPG"),
        ({"pixel_format": "mjpg"}, "MJPG"),
        ({"pixel_format": "yuyv", "width_px": 1280, "height_px": 720}, "YUYV"),
    ],
)
def test_format_size_rate_and_buffer_are_asked_for(machine, values, fourcc):
    camera = FakeCamera()
    source = usb(machine, machine.plug(0, "Zero"), camera, fps=15.0, **values)
    source.open()
    camera.let_go.set()
    source.close()
    code = None if fourcc is None else cv2.VideoWriter.fourcc(*fourcc)
    assert camera.settings.get(cv2.CAP_PROP_FOURCC) == code
    assert camera.settings[cv2.CAP_PROP_FRAME_WIDTH] == values.get("width_px", 640)
    assert camera.settings[cv2.CAP_PROP_FRAME_HEIGHT] == values.get("height_px", 480)
    assert camera.settings[cv2.CAP_PROP_FPS] == 15.0
    assert camera.settings[cv2.CAP_PROP_BUFFERSIZE] == 1


def test_another_size_than_asked_is_said_in_the_log(machine, caplog):
    camera = FakeCamera()
    camera.set = lambda prop, value: False
    source = usb(machine, machine.plug(0, "Zero"), camera)
    with caplog.at_level(logging.WARNING):
        source.open()
    camera.let_go.set()
    source.close()
    assert "delivers 0x0 at 0 fps" in caplog.text
    assert "asked for 640x480 at 30 fps" in caplog.text


def test_the_newest_picture_wins_and_the_others_are_counted(machine):
    camera = FakeCamera([(True, np.full((2, 2, 3), n, np.uint8)) for n in range(5)])
    source = usb(machine, machine.plug(0, "Zero"), camera)
    source.open()
    wait_until(lambda: not camera.script and source.dropped_frames == 4)
    assert source.read().image[0, 0, 0] == 4
    camera.let_go.set()
    source.close()


@pytest.mark.parametrize(
    "image",
    [
        None,
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((24, 32, 3), np.uint16),
        np.zeros((24, 32, 2), np.uint8),
        np.zeros((3, 24, 32, 3), np.uint8),
        np.broadcast_to(np.uint8(0), (1, 20000, 3)),
    ],
    ids=["none", "empty", "uint16", "two channels", "four axes", "huge"],
)
def test_rubbish_is_refused_and_the_next_picture_read(machine, image):
    bad_taken = threading.Event()

    def then_good():
        bad_taken.wait(10)
        return True, GOOD

    camera = FakeCamera([(True, image)], on_end=then_good)
    source = usb(machine, machine.plug(0, "Zero"), camera)
    source.open()
    with pytest.raises(FrameError, match="the source delivered"):
        source.read()
    bad_taken.set()
    assert source.read().image.shape == (24, 32, 3)
    source.close()


@pytest.mark.parametrize("shape", [(24, 32), (24, 32, 1), (24, 32, 4)])
def test_grey_and_four_channel_pictures_become_bgr(machine, shape):
    camera = FakeCamera([(True, np.full(shape, 9, np.uint8))])
    source = usb(machine, machine.plug(0, "Zero"), camera)
    source.open()
    image = source.read().image
    assert image.shape == (24, 32, 3)
    assert image.min() == image.max() == 9
    camera.let_go.set()
    source.close()


def test_a_camera_that_is_not_there_names_those_that_are(machine):
    machine.plug(4, "Four")
    source = usb(machine, machine.root / "dev/video0", FakeCamera())
    with pytest.raises(SourceUnavailableError, match=r"not plugged in; cameras .*video4"):
        source.open()
    source.close()


def test_permission_denied_says_which_group(machine):
    device = machine.plug(0, "Zero")
    machine.accessible = False
    with pytest.raises(SourceUnavailableError, match="add yourself to the group video"):
        usb(machine, device, FakeCamera()).open()


def test_a_device_that_does_not_open_is_released(machine):
    camera = FakeCamera(opens=False)
    with pytest.raises(SourceUnavailableError, match="does not open as a camera"):
        usb(machine, machine.plug(0, "Zero"), camera).open()
    assert camera.released.is_set()


def test_an_unplugged_camera_is_found_again_under_another_number(machine):
    opened_paths = []

    def unplugged():
        if machine.root.joinpath("dev/video0").exists():
            machine.unplug(0)
        return False, None

    cameras = [FakeCamera([(True, GOOD)], on_end=unplugged), FakeCamera([(True, GOOD)])]

    def factory(path):
        opened_paths.append(Path(path).name)
        return cameras[len(opened_paths) - 1]

    source = usb(machine, machine.plug(0, "Cam", by_id="usb-cam-index0"), factory)
    source.open()
    assert source.read().sequence == 0
    with pytest.raises(SourceUnavailableError, match="not plugged in"):
        source.read()
    source.close()
    with pytest.raises(SourceUnavailableError, match="not plugged in"):
        source.open()
    source.close()
    machine.plug(1, "Another", by_id="usb-another-index0")
    machine.plug(2, "Cam", by_id="usb-cam-index0")
    source.open()
    assert source.read().sequence == 0
    cameras[1].let_go.set()
    source.close()
    assert opened_paths == ["video0", "video2"]


def test_single_failed_reads_are_survived_and_many_are_not(machine):
    camera = FakeCamera([(False, None)] * 3 + [(True, GOOD)], on_end=lambda: (False, None))
    source = usb(machine, machine.plug(0, "Zero"), camera)
    source.open()
    assert source.read().sequence == 0
    with pytest.raises(SourceUnavailableError, match="11 reads in a row failed"):
        source.read()
    source.close()


def test_a_hanging_driver_costs_a_timeout_and_is_not_opened_twice(machine):
    camera = FakeCamera()
    source = usb(machine, machine.plug(0, "Zero"), camera, stall_timeout_s=0.05)
    source.open()
    with pytest.raises(SourceUnavailableError, match=r"no frame within 0\.05 s"):
        source.read()
    source.close()
    assert not camera.released.is_set()
    with pytest.raises(SourceUnavailableError, match="driver still hangs"):
        source.open()
    source.close()
    camera.let_go.set()
    wait_until(camera.released.is_set)
    wait_until(lambda: not any(t.name.startswith("capture") for t in threading.enumerate()))
    source.open()
    source.close()


def test_interrupt_ends_a_waiting_read_at_once(machine):
    camera = FakeCamera()
    source = usb(machine, machine.plug(0, "Zero"), camera, stall_timeout_s=60.0)
    source.open()
    timer = threading.Timer(0.02, source.interrupt)
    timer.start()
    begin_s = time.monotonic()
    with pytest.raises(SourceUnavailableError, match="interrupted"):
        source.read()
    assert time.monotonic() - begin_s < 5.0
    timer.join()
    camera.let_go.set()
    source.close()


def test_an_exception_of_the_library_becomes_one_of_ours(machine, caplog):
    def broken():
        raise cv2.error("select() timeout")

    camera = FakeCamera(on_end=broken)
    source = usb(machine, machine.plug(0, "Zero"), camera)
    source.open()
    with caplog.at_level(logging.ERROR), pytest.raises(SourceUnavailableError, match="select"):
        source.read()
    source.close()
    assert camera.released.is_set()


def test_reading_before_opening_is_an_error(machine):
    with pytest.raises(SourceError, match="read before open"):
        usb(machine, machine.plug(0, "Zero"), FakeCamera()).read()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://10.0.0.1:554/stream1", "rtsp://10.0.0.1:554/stream1"),
        ("rtsp://admin:secret@10.0.0.1/s", "rtsp://10.0.0.1/s"),
        ("rtsp://admin:secret/p@th@10.0.0.1/s", "rtsp://10.0.0.1/s"),
        ("rtsp://admin:secret?#@10.0.0.1/s", "rtsp://10.0.0.1/s"),
        ("rtsp://10.0.0.1/s?user=admin&password=secret", "rtsp://10.0.0.1/s"),
        ("rtsp://10.0.0.1/user=admin_password=secret_stream=0", "rtsp://10.0.0.1/..."),
        ("rtsp://10.0.0.1", "rtsp://10.0.0.1"),
    ],
)
def test_an_address_is_shown_without_secrets(url, shown):
    assert redacted(url) == shown


def test_a_stream_that_ends_is_unavailable_and_its_timeouts_are_handed_on():
    calls = []

    def factory(url, open_timeout_s, read_timeout_s):
        calls.append((url, open_timeout_s, read_timeout_s))
        return FakeCamera([(True, GOOD)], on_end=lambda: (False, None))

    url = "rtsp://admin:secret@10.0.0.1/s"
    source = RtspSource(
        url, config=StreamConfig(stall_timeout_s=2.0), context=context(), open_capture=factory
    )
    source.open()
    source.read()
    with pytest.raises(SourceUnavailableError, match="connection ended") as caught:
        source.read()
    source.close()
    assert "secret" not in str(caught.value) + source.description
    assert calls == [(url, 10.0, 2.0)]


class FakeRtspServer:
    """Answers OPTIONS, DESCRIBE and SETUP on the loopback, and notes what it was asked."""

    SDP = (
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:v\r\n"
    )

    def __init__(self, *, answers):
        self.answers = answers
        self.requests = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        try:
            connection, _ = self.socket.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as lines:
            request = []
            for raw in lines:
                line = raw.decode().strip()
                request.append(line)
                if line:
                    continue
                self.requests.append(request)
                if not self.answers:
                    continue
                number = next(x for x in request if x.lower().startswith("cseq"))
                head, body = "200 OK", ""
                if request[0].startswith("DESCRIBE"):
                    body = self.SDP
                if request[0].startswith("SETUP"):
                    head = "500 Internal Server Error"
                answer = f"RTSP/1.0 {head}\r\n{number}\r\nContent-Type: application/sdp\r\n"
                connection.sendall(f"{answer}Content-Length: {len(body)}\r\n\r\n{body}".encode())
                request = []

    def close(self):
        self.socket.close()
        self.thread.join(5)


def rtsp(port, **options):
    return RtspSource(
        f"rtsp://admin:secret@127.0.0.1:{port}/live",
        config=StreamConfig(stall_timeout_s=1.0),
        context=context(),
        **options,
    )


def test_a_network_camera_is_asked_for_tcp_and_its_password_stays_out_of_the_output(capfd):
    server = FakeRtspServer(answers=True)
    source = rtsp(server.port)
    with pytest.raises(SourceUnavailableError, match="no connection") as caught:
        source.open()
    source.close()
    server.close()
    setups = [r for r in server.requests if r[0].startswith("SETUP")]
    assert any("RTP/AVP/TCP" in line for line in setups[0])
    output = capfd.readouterr()
    assert "secret" not in str(caught.value) + output.out + output.err


def test_a_network_camera_that_never_answers_costs_the_open_timeout():
    server = FakeRtspServer(answers=False)
    source = rtsp(server.port, open_timeout_s=0.3)
    begin_s = time.monotonic()
    with pytest.raises(SourceUnavailableError, match="no connection"):
        source.open()
    assert time.monotonic() - begin_s < 2.0
    source.close()
    server.close()


def test_a_network_camera_that_is_off_is_unavailable():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    source = rtsp(port)
    with pytest.raises(
        SourceUnavailableError, match=r"stream rtsp://127\.0\.0\.1:\d+/live: no con"
    ):
        source.open()
    source.close()


def test_an_exception_while_connecting_does_not_show_the_password():
    def factory(url, *_):
        raise cv2.error(f"cannot open {url}")

    with pytest.raises(SourceUnavailableError) as caught:
        rtsp(1, open_capture=factory).open()
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
