"""Which V4L2 cameras this machine has, and the path that finds one again after a replug."""

from __future__ import annotations

import fcntl
import os
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# include/uapi/linux/videodev2.h: VIDIOC_QUERYCAP = _IOR('V', 0, struct v4l2_capability), whose
# 104 bytes end in u32 version, capabilities, device_caps and three reserved words.
_VIDIOC_QUERYCAP = 0x80685600
_CAPABILITY = struct.Struct("=84x6I")
_VIDEO_CAPTURE = 0x00000001
_DEVICE_CAPS_VALID = 0x80000000


def _capture_capable(device: Path) -> bool | None:
    try:
        descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        answer = bytearray(_CAPABILITY.size)
        fcntl.ioctl(descriptor, _VIDIOC_QUERYCAP, answer)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    _version, driver_caps, device_caps, *_reserved = _CAPABILITY.unpack(answer)
    caps = device_caps if driver_caps & _DEVICE_CAPS_VALID else driver_caps
    return bool(caps & _VIDEO_CAPTURE)


def _accessible(device: Path) -> bool:
    return os.access(device, os.R_OK | os.W_OK)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTree:
    """Where the kernel shows cameras; tests hand in a tree of their own.

    Attributes:
        dev: holds videoN and v4l/by-id, v4l/by-path. sysfs: holds one folder per videoN.
        capture_capable: whether a device delivers pictures; None when it cannot be asked.
        accessible: whether this user may open a device.
    """

    dev: Path = Path("/dev")
    sysfs: Path = Path("/sys/class/video4linux")
    capture_capable: Callable[[Path], bool | None] = _capture_capable
    accessible: Callable[[Path], bool] = _accessible


SYSTEM_DEVICES = DeviceTree()


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraInfo:
    """A camera that is plugged in.

    Attributes:
        device: /dev/videoN, which changes with every replug. stable_path: the link of udev that
            does not; equals `device` where there is none.
        name: what the device calls itself. usb: it is on the USB bus.
    """

    device: Path
    stable_path: Path
    name: str
    usb: bool


def list_cameras(tree: DeviceTree = SYSTEM_DEVICES) -> tuple[CameraInfo, ...]:
    """Return every device that captures pictures, by number.

    USB cameras have further nodes for metadata; they are left out by asking the driver, or where
    it cannot be asked by the node's index within its camera.
    """
    if not tree.sysfs.is_dir():
        return ()
    entries = [p for p in tree.sysfs.iterdir() if re.fullmatch(r"video\d+", p.name)]
    cameras = []
    for entry in sorted(entries, key=lambda p: int(p.name[len("video") :])):
        device = tree.dev / entry.name
        capable = tree.capture_capable(device)
        if capable is None:
            capable = _text(entry / "index") in ("", "0")
        if capable and device.exists():
            cameras.append(
                CameraInfo(
                    device=device,
                    stable_path=stable_path(device, tree),
                    name=_text(entry / "name") or entry.name,
                    usb=any(part.startswith("usb") for part in (entry / "device").resolve().parts),
                )
            )
    return tuple(cameras)


def first_camera(tree: DeviceTree = SYSTEM_DEVICES) -> str | None:
    """Return the stable path of the USB camera with the lowest number, None without one."""
    return next((str(camera.stable_path) for camera in list_cameras(tree) if camera.usb), None)


def stable_path(device: Path, tree: DeviceTree = SYSTEM_DEVICES) -> Path:
    """Return the udev link of a device, by id before by path; the device itself without one.

    Two cameras of a kind without serial numbers share one by-id name; it belongs to the one it
    points to, and the other is found by its USB port.
    """
    target = device.resolve()
    for folder in ("by-id", "by-path"):
        links = tree.dev / "v4l" / folder
        if links.is_dir():
            for link in sorted(links.iterdir()):
                if link.resolve() == target:
                    return link
    return device


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""  # the attribute is optional, and the device may be gone by now
