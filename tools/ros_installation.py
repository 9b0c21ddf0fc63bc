"""Tells which ROS 2 the process would use: a sourced installation, the wheels, or both."""

import dataclasses
import os
import pathlib
import re
from collections.abc import Mapping

from setup_errors import SetupError

WHEELS = "wheels"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RosInstallation:
    """A ROS 2 that this shell has sourced."""

    distro: str
    prefix: pathlib.Path
    python_version: tuple[int, int] | None

    @property
    def key(self) -> str:
        """What set-up writes down to know the installation again."""
        return f"{self.distro} at {self.prefix}"


def find_sourced(environ: Mapping[str, str]) -> RosInstallation | None:
    """Return the sourced ROS 2 installation that carries rclpy, or None."""
    distro = environ.get("ROS_DISTRO", "")
    for entry in environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep):
        prefix = pathlib.Path(entry)
        marker = prefix / "share" / "ament_index" / "resource_index" / "packages" / "rclpy"
        # The wheels leave the same marker in their virtual environment, but no set-up script.
        if distro and entry and marker.exists() and (prefix / "local_setup.sh").exists():
            return RosInstallation(
                distro=distro, prefix=prefix, python_version=_find_python_version(prefix)
            )
    return None


def find_on_python_path(environ: Mapping[str, str], *, root: pathlib.Path) -> pathlib.Path | None:
    """Return the PYTHONPATH entry outside of the workspace that would shadow its rclpy."""
    for entry in environ.get("PYTHONPATH", "").split(os.pathsep):
        folder = pathlib.Path(entry)
        inside = root in folder.parents
        if entry and not inside and (folder / "rclpy" / "__init__.py").exists():
            return folder
    return None


def check_mixture(*, made_with: str | None, environ: Mapping[str, str], root: pathlib.Path) -> None:
    """Refuse to use two ROS 2 at once.

    Args:
        made_with: What the virtual environment was made with: WHEELS, a RosInstallation's key,
            or None where there is no environment yet.
        environ: The environment that the command was started with.
        root: The workspace.

    Raises:
        SetupError: The environment and the shell disagree about the ROS 2 to use.
    """
    sourced = find_sourced(environ)
    again = "run `make clean` and start again"
    if made_with == WHEELS or (made_with is None and sourced is None):
        shadow = sourced.prefix if sourced else find_on_python_path(environ, root=root)
        if shadow:
            raise SetupError(
                "ROS sourced together with the wheels: this workspace uses ROS 2 from PyPI, and "
                f"this shell brings another one ({shadow}); start from a shell that has not "
                f"sourced it, or, to use that one, source all of it and {again}."
            )
    elif made_with is not None and (sourced is None or sourced.key != made_with):
        now = f"it has {sourced.key}" if sourced else "it has none"
        raise SetupError(
            f"this workspace was set up with ROS 2 {made_with}, but in this shell {now}: source "
            f"that ROS 2 first, or, to set up for this shell, {again}."
        )


def _find_python_version(prefix: pathlib.Path) -> tuple[int, int] | None:
    for pattern in ("lib/python3.*/*-packages/rclpy", "local/lib/python3.*/*-packages/rclpy"):
        for folder in sorted(prefix.glob(pattern)):
            match = re.search(r"python3\.(\d+)", folder.as_posix())
            if match:
                return 3, int(match.group(1))
    return None
