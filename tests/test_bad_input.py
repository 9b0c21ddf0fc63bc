"""Bad input: one clear sentence that says what to do, an exit code, and nothing lost."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

START_TIMEOUT_S = 60.0


def refused(command, *arguments, after_lines=0):
    """Run the command; return its one sentence after checking that it is one.

    So many lines of a library's log may come before it.
    """
    run = command(*arguments)
    code = run.end(timeout_s=30)
    assert code != 0
    assert run.lines == []
    assert len(run.errors) == after_lines + 1, run.stderr
    assert "Traceback" not in run.stderr
    return run.errors[-1]


@pytest.fixture
def picture(tmp_path):
    """Return a folder with one picture: a source that needs no demo footage."""
    import cv2

    folder = tmp_path / "pictures"
    folder.mkdir()
    assert cv2.imwrite(str(folder / "grey.png"), np.full((48, 64, 3), 90, np.uint8))
    return folder


def test_a_camera_that_is_not_plugged_in(command):
    sentence = refused(command, "up", "home", "--source", "/dev/video99")
    assert "/dev/video99" in sentence
    assert "not plugged in; cameras on this machine:" in sentence


@pytest.mark.parametrize(
    ("name", "content", "says", "after_lines"),
    [
        ("clip.mp4", b"no clip at all", "expected a video file, so check that it is one", 0),
        ("notes.txt", b"text", "expected files ending in", 0),
        ("cut.png", b"\x89PNG", "none can be decoded; expected files of the kinds", 1),
    ],
)
def test_a_file_that_cannot_be_read(command, tmp_path, name, content, says, after_lines):
    file = tmp_path / name
    file.write_bytes(content)
    sentence = refused(command, "up", "home", "--source", file, after_lines=after_lines)
    assert str(file) in sentence
    assert says in sentence


def test_an_empty_folder(command, tmp_path):
    sentence = refused(command, "up", "home", "--source", tmp_path)
    assert "the folder holds no clip and no picture; expected files ending in" in sentence


def test_an_unknown_profile(command, picture):
    sentence = refused(command, "up", "hoem", "--source", picture)
    assert "unknown profile 'hoem'; choose one of home, city, camera" in sentence


def test_an_unknown_parameter_on_the_command_line(command, picture):
    setting = "usb_cam.stream.fsp=30.0"
    sentence = refused(command, "up", "home", "--source", picture, "--set", setting)
    assert "/camera/usb_cam: unknown parameter stream.fsp" in sentence
    assert "did you mean stream.fps?" in sentence


def test_an_unknown_parameter_in_a_file(command, picture, tmp_path):
    file = tmp_path / "own.params.yaml"
    file.write_text("/**/usb_cam:\n  ros__parameters: {strem.fps: 30}\n")
    sentence = refused(command, "up", "home", "--source", picture, "--params-file", file)
    assert "/camera/usb_cam: unknown parameter strem.fps" in sentence
    assert "did you mean stream.fps?" in sentence


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("usb_cam.stream.width_px=wide", "stream.width_px: got 'wide' (str), expected int"),
        ("usb_cam.stream.fps=30", "expected float; write it with a decimal point"),
        ("usb_cam.stream.fps=1000.0", "stream.fps: got 1000.0 1/s, expected 1.0..240.0 1/s"),
    ],
)
def test_a_value_that_does_not_fit(command, picture, setting, says):
    sentence = refused(command, "up", "home", "--source", picture, "--set", setting)
    assert says in sentence


def test_a_parameter_file_that_is_none(command, picture, tmp_path):
    file = tmp_path / "own.params.yaml"
    file.write_text("usb_cam: [unfinished")
    sentence = refused(
        command, "up", "home", "--source", picture, "--params-file", file, after_lines=1
    )
    assert str(file) in sentence


@pytest.mark.parametrize("mode", [(), ("--separate",)], ids=["composed", "separate"])
def test_two_galleries_in_one_graph(command, picture, tmp_path, mode):
    file = tmp_path / "own.params.yaml"
    file.write_text(
        "/**/face_authenticator: {ros__parameters: {gallery.path: /a/g.sqlite3}}\n"
        "/**/supervisor: {ros__parameters: {gallery.path: /b/g.sqlite3}}\n"
    )
    sentence = refused(command, "up", "home", "--source", picture, "--params-file", file, *mode)
    assert "expected one gallery for all nodes" in sentence
    assert "/camera/face_authenticator /a/g.sqlite3, /supervisor /b/g.sqlite3" in sentence


def test_a_report_that_cannot_be_written_is_told_before_the_run(command, picture, tmp_path):
    (tmp_path / "file").touch()
    report = tmp_path / "file" / "run.json"
    sentence = refused(command, "up", "home", "--source", picture, "--report", report)
    assert f"cannot write {report}: {report.parent} is no folder; choose a file" in sentence


def test_a_single_node_says_what_does_not_fit(isolated):
    pytest.importorskip("rclpy")
    module, setting = "edgeai_perception.usb_cam_node", "stream.width_px:=3"
    ended = subprocess.run(
        [sys.executable, "-m", module, "--ros-args", "-p", setting],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        "usb_cam: /usb_cam: parameter stream.width_px: got 3 px, expected 16..7680 px"
    ]


@pytest.mark.demo
def test_a_missing_gallery_is_told_with_what_to_do_and_the_rest_runs(run_graph, footage, tmp_path):
    missing = tmp_path / "nowhere" / "gallery.sqlite3"
    graph = run_graph(
        "home",
        {
            "usb_cam": {"stream.source": footage("carphone"), "stream.loop": True},
            "face_authenticator": {"gallery.path": str(missing)},
        },
    )
    graph.spin_until(
        lambda: (
            graph.node("face_authenticator").level == "WARN"
            and graph.node("face_authenticator").results > 20
        ),
        timeout_s=START_TIMEOUT_S,
        what="the face node at work and warning",
    )
    message = graph.node("face_authenticator").message
    assert "nobody is enrolled" in message
    assert "people add" in message
    assert graph.sessions() == ["LOCKED"]
    assert not missing.parent.exists()


@pytest.mark.demo
def test_a_damaged_gallery_opens_nothing_and_is_left_as_it_is(run_graph, footage, tmp_path):
    gallery = tmp_path / "people" / "gallery.sqlite3"
    gallery.parent.mkdir(mode=0o700)
    rubbish = bytes(range(256)) * 64
    gallery.write_bytes(rubbish)
    graph = run_graph(
        "home",
        {
            "usb_cam": {"stream.source": footage("carphone"), "stream.loop": True},
            "face_authenticator": {"gallery.path": str(gallery)},
        },
    )
    graph.spin_until(
        lambda: (
            graph.node("face_authenticator").level == "WARN"
            and graph.node("face_authenticator").results > 20
        ),
        timeout_s=START_TIMEOUT_S,
        what="the face node at work and warning",
    )
    assert str(gallery) in graph.node("face_authenticator").message
    assert graph.sessions() == ["LOCKED"]
    assert gallery.read_bytes() == rubbish
    assert [p.name for p in gallery.parent.iterdir()] == [gallery.name]


@pytest.mark.demo
def test_a_face_model_with_one_changed_byte_is_refused_and_all_stays_locked(
    run_graph, footage, demo_gallery, tmp_path, monkeypatch
):
    from edgeai_core import catalog
    from edgeai_core.model_card import Task
    from edgeai_core.model_store import model_directory

    card = catalog.card_for(catalog.DEFAULT_FACE_DETECTOR, Task.FACE_DETECTION)
    folder = tmp_path / "models"
    folder.mkdir()
    for file in model_directory().iterdir():
        (folder / file.name).symlink_to(file)
    model = folder / card.file_name
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.unlink()
    model.write_bytes(content)
    monkeypatch.setenv("EDGEAI_MODEL_DIR", str(folder))
    graph = run_graph(
        "home",
        {
            "usb_cam": {"stream.source": footage("carphone"), "stream.loop": True},
            "face_authenticator": {"gallery.path": str(demo_gallery)},
        },
    )

    def told():
        return [line for line in graph.events if "has sha256" in line]

    graph.spin_until(told, timeout_s=START_TIMEOUT_S, what="the node says why it does not start")
    assert "cannot configure: model mediapipe_full_range" in told()[0]
    assert "delete it and run ./edgeai setup" in told()[0]
    graph.spin_until(
        lambda: graph.node("usb_cam").results > 90, timeout_s=10, what="the camera goes on"
    )
    assert graph.node("face_authenticator").state == "unconfigured"
    assert graph.sessions() == ["LOCKED"]


class FakeCamera:
    """A USB camera as OpenCV would show it: it can be unplugged, and its driver can stall."""

    def __init__(self, folder: Path) -> None:
        self.device = folder / "video0"
        self.device.touch()
        self.opened = 0
        self.stalled = threading.Event()
        self.opened_at_s: list[float] = []

    def __call__(self, device: str) -> FakeCamera:
        self.opened_at_s.append(time.monotonic())
        return self

    def isOpened(self):  # noqa: N802 - OpenCV's name
        return True

    def read(self):
        if not self.device.exists():
            return False, None
        while self.stalled.is_set():
            if self.stalled.wait(0) and not self.device.exists():
                return False, None
            time.sleep(0.01)
        time.sleep(1 / 60)
        return True, np.full((480, 640, 3), 90, np.uint8)

    def get(self, prop):
        return 0.0

    def set(self, prop, value):
        return True

    def release(self):
        pass


@pytest.fixture
def camera(tmp_path, monkeypatch):
    """Put a camera into this machine that the camera node finds as any other."""
    pytest.importorskip("rclpy")
    from edgeai_core.sources.base import SourceContext
    from edgeai_core.sources.usb import DeviceTree, UsbSource
    from edgeai_perception import usb_cam_node

    fake = FakeCamera(tmp_path)
    tree = DeviceTree(dev=tmp_path, sysfs=tmp_path / "sys")

    def open_source(config, *, clock_ns, monotonic_s, sleep, frame_id):
        context = SourceContext(
            clock_ns=clock_ns, monotonic_s=monotonic_s, sleep=sleep, frame_id=frame_id
        )
        return UsbSource(
            Path(config.source), config=config, context=context, tree=tree, open_capture=fake
        )

    monkeypatch.setattr(usb_cam_node, "open_source", open_source)
    return fake


@pytest.mark.parametrize("how", ["unplugged", "stalled"])
def test_a_camera_lost_while_running_is_told_and_found_again(
    run_graph, camera, record_property, how
):
    graph = run_graph(
        "home",
        {
            "usb_cam": {
                "stream.source": str(camera.device),
                "stream.stall_timeout_s": 0.3,
                "stream.reconnect_delay_s": 0.1,
                "stream.reconnect_delay_max_s": 0.4,
            },
            "alert_manager": {"node_fault.fault_after_s": 1.0, "node_fault.recovered_after_s": 1.0},
        },
        only=("usb_cam", "alert_manager", "supervisor"),
    )
    graph.spin_until(
        lambda: (
            graph.node("usb_cam").results > 10
            and graph.node("usb_cam").level == "OK"
            and graph.node("alert_manager").state == "active"
        ),
        timeout_s=20,
        what="frames of the camera",
    )

    if how == "unplugged":
        camera.device.unlink()
    else:
        camera.stalled.set()
    graph.spin_until(
        lambda: graph.node("usb_cam").level == "ERROR", timeout_s=10, what="diagnostics ERROR"
    )
    assert graph.node("usb_cam").state == "active"
    says = {"unplugged": "not plugged in", "stalled": "delivered no frame within 0.3 s"}
    assert says[how] in graph.node("usb_cam").message
    graph.spin_until(lambda: graph.alerts("node_fault"), timeout_s=10, what="node_fault")

    before = graph.node("usb_cam").results
    begin_s = time.monotonic()
    if how == "unplugged":
        camera.device.touch()
    else:
        camera.stalled.clear()
    graph.spin_until(
        lambda: graph.node("usb_cam").level == "OK" and graph.node("usb_cam").results > before,
        timeout_s=10,
        what="frames again",
    )
    found_at_s = next(at_s for at_s in camera.opened_at_s if at_s > begin_s)
    record_property("opened_again_after_s", round(found_at_s - begin_s, 2))
    assert int(graph.node("usb_cam").details["reconnects"]) >= 1
    graph.spin_until(lambda: graph.alerts("node_recovered"), timeout_s=10, what="node_recovered")
    told = [(a["category"], a["severity"], a["title"]) for a in graph.monitor.alerts.values()]
    assert told == [
        ("node_fault", "CRITICAL", "node camera/usb_cam failed"),
        ("node_recovered", "INFO", "node camera/usb_cam recovered"),
    ]
    assert graph.node("usb_cam").state == "active"
