"""Secrets: named in a parameter, kept in the environment or in a private file, never printed."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from edgeai_core.errors import ConfigError

ENVIRONMENT, FILE = "env:", "file:"
_MAX_BYTES = 65_536
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Secret:
    """A text that must not be shown; whatever prints the object prints stars.

    Args:
        value: the secret itself.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


def secret_name(reference: str) -> str:
    """Return what a reference may be called in a log: the variable's or the file's name.

    Raises:
        ConfigError: it is no reference; what was given is not repeated.
    """
    for prefix in (ENVIRONMENT, FILE):
        if reference.startswith(prefix) and reference != prefix:
            return reference[len(prefix) :].rpartition("/")[2]
    raise ConfigError(_NO_REFERENCE)


# Somebody who puts the secret itself into the parameter must not find it in a log as well.
_NO_REFERENCE = (
    "got something that is not shown, for it may be the secret itself; expected env:NAME, an "
    "environment variable, or file:/PATH, a file with mode 0600 that holds nothing but the secret"
)


def read_secret(
    reference: str, *, parameter: str, environ: Mapping[str, str] = os.environ
) -> Secret:
    """Return the secret that a parameter refers to, without space and newlines at its ends.

    Args:
        reference: ``env:NAME`` or ``file:PATH``; the path is absolute or begins with ``~``.
        parameter: name of the parameter, for messages.
        environ: environment variables.

    Raises:
        ConfigError: no such variable or file, an empty one, a file that others may read, or
            something that is no reference. The message never holds the secret.
    """
    try:
        secret_name(reference)
        if reference.startswith(ENVIRONMENT):
            value = _of_variable(reference[len(ENVIRONMENT) :], environ)
        else:
            value = _of_file(Path(reference[len(FILE) :]).expanduser())
    except ConfigError as exc:
        raise ConfigError(f"parameter {parameter}: {exc}") from None
    return Secret(value)


def _of_variable(name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise ConfigError(
            f"the environment variable {name} is not set or empty; set it for the process that "
            "runs the alert node"
        )
    return value


def _of_file(path: Path) -> str:
    if not path.is_absolute():
        raise ConfigError(f"got the relative path {path}, expected file:/PATH or file:~/PATH")
    try:
        with path.open("rb") as file:
            # Of the open file: one looked at by name could be another one by now.
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ConfigError(f"{path} is not a regular file")
            if status.st_mode & _FOR_OTHERS:
                raise ConfigError(
                    f"{path} can be read or written by others (mode "
                    f"{stat.S_IMODE(status.st_mode):04o}); expected 0600: chmod 600 {path}"
                )
            content = file.read(_MAX_BYTES + 1)
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read ({exc.strerror})") from None
    if len(content) > _MAX_BYTES:
        raise ConfigError(f"{path} holds more than {_MAX_BYTES} bytes, expected one secret")
    try:
        value = content.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text") from None
    if not value:
        raise ConfigError(f"{path} is empty, expected the secret and nothing else")
    return value
