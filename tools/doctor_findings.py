"""The form of the doctor's findings."""

import dataclasses
import enum


class Status(enum.Enum):
    """How serious a finding is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: What was looked at, a few words.
        status: ERROR where the product cannot do its work.
        message: What was found.
        remedy: How to mend it; empty where nothing is to be done or the message says it.
    """

    name: str
    status: Status
    message: str
    remedy: str = ""


def ok(name: str, message: str) -> Finding:
    """Return what is as it should be."""
    return Finding(name=name, status=Status.OK, message=message)


def warning(name: str, message: str, remedy: str) -> Finding:
    """Return what is odd, but lets the product work."""
    return Finding(name=name, status=Status.WARNING, message=message, remedy=remedy)


def error(name: str, message: str, remedy: str = "") -> Finding:
    """Return what keeps the product from its work."""
    return Finding(name=name, status=Status.ERROR, message=message, remedy=remedy)
