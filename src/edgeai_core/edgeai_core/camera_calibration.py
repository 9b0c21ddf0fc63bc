"""Calibration files as the ROS tool camera_calibration writes them (`ost.yaml`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from edgeai_core.camera_model import CameraModel
from edgeai_core.errors import ConfigError

_EXPECTED = "write it with: ros2 run camera_calibration cameracalibrator"


def read_calibration(url: str) -> CameraModel:
    """Return the camera of a calibration file.

    Args:
        url: a path (``~`` is the home folder) or ``file:///path``.

    Raises:
        ConfigError: it is no file, no YAML, lacks a field or has a number that cannot be.
    """
    path = _path_of(url)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"calibration {path}: cannot be read ({exc}); {_EXPECTED}") from exc
    except yaml.YAMLError as exc:
        raise ConfigError(f"calibration {path}: is no YAML ({exc}); {_EXPECTED}") from exc
    if not isinstance(content, dict):
        raise ConfigError(f"calibration {path}: got no fields; {_EXPECTED}")
    try:
        return CameraModel(
            width_px=_size(content, "image_width"),
            height_px=_size(content, "image_height"),
            camera_matrix=_numbers(content, "camera_matrix"),
            # What is left out by old files is this model.
            distortion_model=str(content.get("distortion_model", "plumb_bob")),
            distortion=_numbers(content, "distortion_coefficients"),
            rectification=_numbers(content, "rectification_matrix"),
            projection=_numbers(content, "projection_matrix"),
        )
    except ValueError as exc:
        raise ConfigError(f"calibration {path}: {exc}; {_EXPECTED}") from exc


def _path_of(url: str) -> Path:
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc:
        return Path(unquote(parts.path))
    # A single letter would be a drive; more are another way to name files, not known here.
    if "://" in url:
        raise ConfigError(
            f"calibration {url}: expected a path or file:///path; for a file of a package give "
            "the path that `ros2 pkg prefix --share PACKAGE` begins"
        )
    return Path(url).expanduser()


def _size(content: dict[Any, Any], key: str) -> int:
    value = content.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{key}: got {value!r}, expected a whole number of pixels")
    return value


def _numbers(content: dict[Any, Any], key: str) -> tuple[float, ...]:
    entry = content.get(key)
    data = entry.get("data") if isinstance(entry, dict) else None
    if not isinstance(data, list) or not all(
        isinstance(number, (int, float)) and not isinstance(number, bool) for number in data
    ):
        raise ValueError(f"{key}: got {entry!r}, expected rows, cols and data: a list of numbers")
    return tuple(float(number) for number in data)
