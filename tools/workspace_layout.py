"""Where things are in a clone, and the environment in which the product runs."""

import dataclasses
import os
import pathlib
from collections.abc import Iterable, Mapping

import ros_installation
import setup_stamp
from setup_errors import SetupError

# The stand-ins and the project's own, in the order in which they are built.
STAND_INS = ("tf2_msgs", "vision_msgs")
INTERFACES = (*STAND_INS, "edgeai_msgs")


@dataclasses.dataclass(frozen=True)
class Workspace:
    """The paths of one clone."""

    root: pathlib.Path

    @property
    def venv(self) -> pathlib.Path:
        return self.root / ".venv"

    @property
    def python(self) -> pathlib.Path:
        return self.venv / "bin" / "python"

    @property
    def stamp(self) -> pathlib.Path:
        # Inside the environment: who removes that, removes the memory of its set-up with it.
        return self.venv / "edgeai-setup.json"

    @property
    def cache(self) -> pathlib.Path:
        return self.root / ".cache"

    @property
    def dds_profile(self) -> pathlib.Path:
        return self.root / "src" / "edgeai_bringup" / "config" / "fastdds_shm.xml"

    def lock(self, name: str) -> pathlib.Path:
        """The pinned requirements of one group."""
        return self.root / "requirements" / f"{name}.txt"

    def python_packages(self) -> list[pathlib.Path]:
        """The source folders of the Python packages, as put on the environment's path."""
        return sorted(setup.parent for setup in self.root.glob("src/*/setup.py"))

    def site_packages(self) -> pathlib.Path:
        """The environment's package folder.

        Raises:
            SetupError: There is no environment.
        """
        for folder in (self.venv / "lib").glob("python3.*/site-packages"):
            return folder
        raise SetupError(f"{self.venv} is not set up: run ./edgeai setup")

    def installed(self) -> list[pathlib.Path]:
        """The prefixes of the built interface packages."""
        prefixes = [self.root / "install" / name for name in INTERFACES]
        return [prefix for prefix in prefixes if (prefix / "share").is_dir()]


def environment(root: pathlib.Path, *, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the process environment in which the product and its tests run.

    Args:
        root: The workspace; set-up has been done.
        environ: What to start from; this process's environment where left out.
    """
    workspace = Workspace(root)
    given = dict(os.environ if environ is None else environ)
    stamp = setup_stamp.read(workspace.stamp)
    uses_wheels = stamp is None or stamp.made_with == ros_installation.WHEELS
    prefixes = workspace.installed()
    # The sources come first: a `colcon build` in this clone leaves older copies in install/.
    modules = workspace.python_packages()
    modules += [path for prefix in prefixes for path in _module_folders(prefix)]
    libraries = [prefix / "lib" for prefix in prefixes]
    if uses_wheels:
        given["RMW_IMPLEMENTATION"] = "rmw_fastrtps_cpp"  # the only one that exists as a wheel
        prefixes = [*prefixes, workspace.venv]
        libraries += [workspace.venv / "lib", *sorted(workspace.site_packages().glob("ros_*.libs"))]
        # What the wheels' start-up hook would do by starting Python a second time.
        given["_ROS_WHEELS_BOOTSTRAP_COMPLETE"] = "1"
    given.pop("PYTHONHOME", None)
    given["VIRTUAL_ENV"] = str(workspace.venv)
    _prepend(given, "PATH", [workspace.venv / "bin"])
    _prepend(given, "AMENT_PREFIX_PATH", prefixes)
    _prepend(given, "LD_LIBRARY_PATH", libraries)
    _prepend(given, "PYTHONPATH", modules)
    given.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    # Fast DDS renamed the variable; each of Humble, Jazzy and Kilted reads at least one.
    for name in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"):
        given.setdefault(name, str(workspace.dds_profile))
    return given


def _module_folders(prefix: pathlib.Path) -> list[pathlib.Path]:
    patterns = ("lib/python3*/*-packages", "local/lib/python3*/*-packages")
    return [path for pattern in patterns for path in sorted(prefix.glob(pattern))]


def _prepend(environ: dict[str, str], name: str, folders: Iterable[pathlib.Path]) -> None:
    old = [entry for entry in environ.get(name, "").split(os.pathsep) if entry]
    merged = dict.fromkeys([*map(str, folders), *old])
    if merged:
        environ[name] = os.pathsep.join(merged)
