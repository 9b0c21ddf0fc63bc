"""What the owner has set beyond the profile: node -> parameter -> value, in one file.

The web page writes it, start-up reads it. It wins over the profile's parameter file and loses to
the command line. ``fire_detector`` stands for the node of every camera, ``garden/fire_detector``
for that of one; as in a parameter file the one camera's wins.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from edgeai_core.access.locations import data_directory
from edgeai_core.errors import ConfigError
from edgeai_core.privacy.mask_owners import MASKS, masks_elsewhere

USER_SETTINGS_FILE = "settings.json"
SettingValue = bool | int | float | str | list[bool] | list[int] | list[float] | list[str]
Settings = dict[str, dict[str, SettingValue]]


def user_settings_path() -> Path:
    """Return the file; it need not exist."""
    return data_directory() / USER_SETTINGS_FILE


def read_user_settings(path: Path) -> Settings:
    """Return what was set; nothing when there is no file.

    Raises:
        ConfigError: it cannot be read, or is not node -> parameter -> value.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise _unreadable(path, str(exc)) from exc
    settings: Settings = {}
    if not isinstance(content, dict):
        raise _unreadable(path, "expected an object")
    for node, values in content.items():
        if not isinstance(values, dict):
            raise _unreadable(path, f"{node}: expected parameters")
        for name, value in values.items():
            if not _is_value(value):
                raise _unreadable(path, f"{node}.{name}: expected a value or a list of one kind")
        settings[str(node)] = dict(values)
    return settings


def settings_key(role: str, camera: str = "") -> str:
    """Return the node under which settings stand.

    Args:
        role: such as `fire_detector`. camera: whose alone; empty for every camera's.
    """
    return f"{camera}/{role}" if camera else role


def settings_at_start(
    kept: Mapping[str, Mapping[str, SettingValue]],
    given: Mapping[str, Mapping[str, SettingValue]],
    *,
    cameras: Collection[str],
) -> Settings:
    """Return what counts at a start: what was kept, under what is given for this start.

    Each parameter from the first that has it: given for a camera, given for all, kept for a camera,
    kept for all. What was kept for a camera that is not there waits for it in its file.

    Args:
        kept, given: by :func:`settings_key`. cameras: of this start.
    """
    counting: Settings = {}
    for key, values in kept.items():
        camera, _, role = key.rpartition("/")
        if camera and camera not in cameras:
            continue
        beaten = given.get(role, {}) if camera else {}
        counting[key] = {name: value for name, value in values.items() if name not in beaten}
        masks = counting[key].get(MASKS)
        if isinstance(masks, list):
            # A mask of no camera is a mistake where somebody wrote it; the page never does.
            texts = [str(mask) for mask in masks]
            absent = masks_elsewhere(texts, cameras=cameras)
            counting[key][MASKS] = [text for text in texts if text not in absent]
    for key, values in given.items():
        counting[key] = {**counting.get(key, {}), **values}
    return counting


def write_user_settings(path: Path, settings: Mapping[str, Mapping[str, SettingValue]]) -> None:
    """Put all settings in place, whole or not at all; only their owner can read the file.

    Raises:
        ConfigError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    text = json.dumps({node: dict(values) for node, values in settings.items()}, indent=2)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, flags, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(descriptor)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as exc:
        raise ConfigError(f"settings {path} cannot be written: {exc.strerror}") from exc


def _is_value(value: Any) -> bool:
    items = value if isinstance(value, list) else [value]
    kinds = {type(item) for item in items}
    return len(kinds) <= 1 and kinds <= {bool, int, float, str}


def _unreadable(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"settings {path} cannot be used: {why}; correct the file, or delete it to go back to "
        "the profile's own"
    )
