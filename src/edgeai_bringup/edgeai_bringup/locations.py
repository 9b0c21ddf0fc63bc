"""Where the files of this package lie: in the checkout, or installed by colcon."""

from __future__ import annotations

from pathlib import Path


def _share_directory() -> Path:
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "package.xml").is_file():
        return checkout
    from ament_index_python.packages import get_package_share_directory

    return Path(get_package_share_directory("edgeai_bringup"))


def config_directory() -> Path:
    """Return the folder of the profiles' parameter files."""
    return _share_directory() / "config"


def rviz_directory() -> Path:
    """Return the folder of the profiles' rviz2 configurations."""
    return _share_directory() / "rviz"


def fastdds_profile() -> Path:
    """Return the middleware profile that lets images through (64 MB of shared memory)."""
    return config_directory() / "fastdds_shm.xml"


def fastdds_hosts_profile() -> Path:
    """Return the middleware profile for graphs over several machines."""
    return config_directory() / "fastdds_hosts.xml"
