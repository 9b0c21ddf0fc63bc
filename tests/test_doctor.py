"""The doctor: what it finds on a machine, and the form of its answer."""

import fcntl
import importlib
import json
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

doctor = importlib.import_module("doctor")
doctor_findings = importlib.import_module("doctor_findings")
doctor_machine = importlib.import_module("doctor_machine")
doctor_software = importlib.import_module("doctor_software")
workspace_layout = importlib.import_module("workspace_layout")
Status = doctor_findings.Status


def statuses(findings):
    return [finding.status for finding in findings]


def test_no_camera_is_no_fault(tmp_path):
    findings = doctor_machine.check_cameras(devices=tmp_path, classes=tmp_path)
    assert statuses(findings) == [Status.OK]


def test_a_camera_is_shown_with_its_name(tmp_path):
    (tmp_path / "video0").write_text("")
    label = tmp_path / "class" / "video4linux" / "video0" / "name"
    label.parent.mkdir(parents=True)
    label.write_text("Integrated Camera\n")
    (found,) = doctor_machine.check_cameras(devices=tmp_path, classes=tmp_path / "class")
    assert found.status is Status.OK
    assert "video0 (Integrated Camera)" in found.message


def test_a_camera_without_rights_is_an_error_with_the_command_that_mends_it(tmp_path, monkeypatch):
    (tmp_path / "video2").write_text("")
    monkeypatch.setattr(doctor_machine.os, "access", lambda *_: False)
    (found,) = doctor_machine.check_cameras(devices=tmp_path, classes=tmp_path)
    assert found.status is Status.ERROR
    assert "usermod -aG video" in found.remedy


@pytest.mark.parametrize(("mib", "status"), [(64, Status.WARNING), (128, Status.OK)])
def test_dockers_shared_memory_is_too_small(tmp_path, monkeypatch, mib, status):
    class Volume:
        f_blocks = f_bavail = mib * 256
        f_frsize = 4096

    monkeypatch.setattr(doctor_machine.os, "statvfs", lambda _: Volume)
    (found,) = doctor_machine.check_shared_memory(folder=tmp_path)
    assert found.status is status
    assert f"{mib} MiB" in found.message


def test_shared_memory_that_is_missing_is_an_error(tmp_path):
    (found,) = doctor_machine.check_shared_memory(folder=tmp_path / "none")
    assert found.status is Status.ERROR


def test_only_segments_of_dead_processes_are_leaked(tmp_path):
    for name in ("fastrtps_dead", "fastrtps_dead_el", "fastrtps_live", "fastrtps_live_el"):
        (tmp_path / name).write_text("x")
    (tmp_path / "fastrtps_gone_el").write_text("")
    with (tmp_path / "fastrtps_live_el").open("w") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        assert doctor_machine.find_leaked_segments(tmp_path) == [tmp_path / "fastrtps_dead"]
        findings = doctor_machine.check_shared_memory(folder=tmp_path, cleaner="fastdds")
    assert findings[-1].name == "leaked segments"
    assert findings[-1].remedy == "fastdds shm clean"


def test_a_driver_that_does_not_answer_is_a_warning(tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\nexit 9\n")
    tool.chmod(0o755)
    monkeypatch.setattr(doctor_machine.shutil, "which", lambda _: str(tool))
    assert statuses(doctor_machine.check_gpu(tegra=tmp_path / "none")) == [Status.WARNING]
    tool.write_text("#!/bin/sh\necho 'NVIDIA A, 8192 MiB, 560.1'\n")
    (found,) = doctor_machine.check_gpu(tegra=tmp_path / "none")
    assert (found.status, found.message) == (Status.OK, "NVIDIA A, 8192 MiB, 560.1")


def test_a_jetson_is_known_by_its_release_file(tmp_path):
    release = tmp_path / "nv_tegra_release"
    release.write_text("# R36 (release), REVISION: 4.0\n")
    (found,) = doctor_machine.check_gpu(tegra=release)
    assert found.message == "Jetson board: R36 (release), REVISION: 4.0"


def test_a_bare_clone_is_a_warning_and_names_the_command(tmp_path):
    for name in ("build", "ros", "run", "fast"):
        (tmp_path / "requirements").mkdir(exist_ok=True)
        (tmp_path / "requirements" / f"{name}.txt").write_text("")
    bare = workspace_layout.Workspace(tmp_path)
    (found,) = doctor_software.check_setup(bare, {})
    assert (found.status, found.message) == (Status.WARNING, "not done yet")
    assert "./edgeai setup" in found.remedy
    assert doctor_software.check_inside(bare) == []


def test_a_ros_that_is_named_but_not_sourced_is_odd(tmp_path):
    bare = workspace_layout.Workspace(tmp_path)
    (found,) = doctor_software.check_ros(bare, {"ROS_DISTRO": "jazzy"})
    assert found.status is Status.WARNING


def test_the_answer_is_text_json_and_an_exit_code(tmp_path, monkeypatch, capsys):
    findings = [
        doctor_findings.ok("cores", "2 usable"),
        doctor_findings.error("models", "model x is missing", "./edgeai setup"),
    ]
    monkeypatch.setattr(doctor, "collect", lambda: findings)
    assert doctor.examine(json_file=tmp_path / "answer.json") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ok       cores            2 usable"
    assert lines[2].strip() == "-> ./edgeai setup"
    assert lines[3] == "1 errors, 0 warnings"
    assert json.loads((tmp_path / "answer.json").read_text())["findings"][1] == {
        "name": "models",
        "status": "error",
        "message": "model x is missing",
        "remedy": "./edgeai setup",
    }
    assert doctor.examine(json_file=tmp_path / "none" / "answer.json") == 2
    monkeypatch.setattr(doctor, "collect", lambda: findings[:1])
    assert doctor.examine() == 0
